"""A bench row judges its own aim."""

import pytest

from tools.bench.row import Row


def test_aim_holds_for_the_ratio_where_there_is_a_reference():
    """With a reference the aim is about the ratio, not about the value."""
    row = Row("reader-ct", 4.0, "ms", reference=20.0, against="pydicom", aim="<= 0.25")
    assert row.ratio == pytest.approx(0.2)
    assert row.met is True


def test_aim_holds_for_the_value_where_there_is_none():
    """Without a reference the aim is about the value itself."""
    assert Row("rss-idle", 130.0, "MB", aim="<= 120").met is False


def test_no_aim_is_not_a_missed_aim():
    """A row without an aim is neither met nor missed."""
    assert Row("rss-5mb", 140.0, "MB").met is None


def test_json_has_the_agreed_keys():
    """build/bench.json is a list of exactly these keys."""
    row = Row("outbox", 200.0, "1/s", reference=250.0, against="raw SQLite FULL", aim=">= 0.7")
    assert row.as_json() == {
        "name": "outbox",
        "value": 200.0,
        "unit": "1/s",
        "against": "raw SQLite FULL",
        "ratio": 0.8,
        "aim": ">= 0.7",
        "met": True,
    }
