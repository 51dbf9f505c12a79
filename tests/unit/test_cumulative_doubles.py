"""By how much a sum may be too high, because two of its exams may be one."""

from decimal import Decimal

from dosebook_central.store.queries.cumulative import ExamLine
from dosebook_central.web.cumulative_choices import CHOICES
from dosebook_central.web.cumulative_doubles import doubtful
from dosebook_central.web.cumulative_sums import Contribution, Cumulative


def summed(choice="kap", **values):
    """A sum over exams by name, each with what it adds, in one or more regions."""
    exams = {name: ExamLine(name, "2026-03-02", "XA", name, "", "", "", "") for name in values}
    added = tuple(
        Contribution(exams[name], f"region {place}", Decimal(value), None, None, 1, False)
        for name, listed in values.items()
        for place, value in enumerate(listed)
    )
    none = ((),) * 6
    return Cumulative(
        CHOICES[choice], tuple(exams.values()), None, (), added, *none[:4], 0, *none[4:]
    )


def test_the_smaller_of_two_is_too_much():
    """Of a pair the sum may hold the smaller one too many; regions of an exam belong together."""
    (remark,) = doubtful(summed(a=["4.0", "0.24"], b=["4.236"], c=["9"]), [("a", "b")])
    assert "4.24 Gy·cm² too high" in remark.sentence or "4.236 Gy·cm² too high" in remark.sentence
    assert [exam.id for exam in remark.exams] == ["a", "b"]


def test_of_three_that_may_be_one_two_are_too_many():
    """All but the largest of exams that may all be one, whichever pairs were found."""
    (remark,) = doubtful(summed("exams", a=["1"], b=["1"], c=["1"]), [("a", "b"), ("b", "c")])
    assert remark.sentence == (
        "3 exams may be the same procedure twice: up to 2 of them are too many."
    )


def test_a_pair_that_the_sum_does_not_hold_is_not_spoken_of():
    """Outside the period, or without a value of the quantity, nothing is doubled."""
    assert list(doubtful(summed(a=["1"]), [("a", "b")])) == []
    assert list(doubtful(summed(a=["1"], b=["2"]), [])) == []
