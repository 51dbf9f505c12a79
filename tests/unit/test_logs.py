"""Logs: one JSON object a line, an event and keys, and nobody's name in a traceback."""

import io
import json
import logging

import pytest

from dosebook_protocol import logs

SECRET = "Zyxwalska^Testymona"


@pytest.fixture
def stream():
    """Logs of this process in a buffer; everything is as it was afterwards."""
    names = [None, "pydicom", "pynetdicom", "dosebook_protocol", "alembic"]
    loggers = [logging.getLogger(name) for name in names]
    before = [(one.handlers[:], one.level, one.propagate) for one in loggers]
    buffer = io.StringIO()
    logs.set_up("info", buffer, only_warnings=["alembic"])
    yield buffer
    for one, (handlers, level, propagate) in zip(loggers, before, strict=True):
        one.handlers[:], one.propagate = handlers, propagate
        one.setLevel(level)


def _lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_of_json(stream):
    """An event has moment, level, name and its keys."""
    logs.log(logging.getLogger("dosebook_test"), logging.INFO, "box_seen", box="ct-1", count=2)
    (line,) = _lines(stream)
    assert line.pop("at").endswith("+00:00")
    assert line == {"level": "info", "event": "box_seen", "box": "ct-1", "count": 2}


def test_an_error_is_told_by_its_place_and_never_by_its_text(stream):
    """The text of an error may quote a patient: a log has its type and its places only."""
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        logs.log(logging.getLogger("dosebook_test"), logging.ERROR, "failed", error=error)
        logging.getLogger("any_library").exception("it failed")
    assert SECRET not in stream.getvalue()
    for line in _lines(stream):
        assert line["error_type"] == "ValueError"
        assert line["error_at"][-1].startswith("test_logs.py:")


def test_libraries_that_quote_are_silent_and_others_tell_of_warnings(stream):
    """DICOM libraries say nothing at all; what others say of themselves begins with a warning."""
    for name in ("pydicom", "pynetdicom.assoc", "dosebook_protocol.dicom"):
        logging.getLogger(name).error(SECRET)
    logging.getLogger("alembic.runtime").info("Context impl SQLiteImpl.")
    assert stream.getvalue() == ""
    logging.getLogger("alembic.runtime").warning("something")
    assert _lines(stream)[0]["event"] == "something"
