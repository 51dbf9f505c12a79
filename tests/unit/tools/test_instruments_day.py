"""A simulated day of every shipped instrument: exactly the true events, or an explained part."""

from dataclasses import replace
from decimal import Decimal

import pytest

from dosebook_edge.simulate.instrument.plan import FAULTS, faults_of
from dosebook_edge.simulate.instrument.profile import load, shipped
from tools.instruments.day import run_day
from tools.instruments.verdict import judge, table


@pytest.mark.parametrize("name", shipped())
def test_a_day_with_every_fault_ends_with_exactly_the_true_events(name):
    """50 exposures with every fault that the instrument can have: none wrong, doubled, invented.

    What is less than the truth says that it is incomplete; without a flag it is exact.
    """
    day = run_day(name, "1")
    verdict = judge(day)
    assert verdict.wrong == []
    assert {one.kind for one in day.plan.incidents} == set(faults_of(day.played))
    assert verdict.exact >= 25
    assert verdict.exact + verdict.incomplete + verdict.unseen == verdict.true
    assert day.misheard == 0, "the box sent what no question of the profile is"


@pytest.mark.parametrize("name", ["ptw-diamentor", "mirion-accurad", "dap-line", "ptw-multidos"])
def test_a_day_without_faults_is_exact(name):
    """Nothing is flagged, nothing is missing where nothing went wrong."""
    verdict = judge(run_day(name, "quiet", count=15, faults=()))
    assert (verdict.exact, verdict.found, verdict.wrong) == (15, 15, [])


def test_the_judge_finds_what_is_wrong():
    """A tenfold, a doubled, an invented and a lost dose are each told as wrong."""
    day = run_day("ptw-diamentor", "judge", count=6, faults=())
    first, second, *others = day.found
    tenfold = replace(first, segment=replace(first.segment, total=first.raw * 10))
    less = replace(first, segment=replace(first.segment, total=first.raw - Decimal("0.0001")))
    for found in ([tenfold], [less], [first, first], []):
        verdict = judge(replace(day, found=(*found, second, *others)))
        assert len(verdict.wrong) == 1, found
    nothing = replace(day.true[0], number=9, stored="0")
    verdict = judge(replace(day, true=(nothing, *day.true[1:])))
    assert "nothing happened" in verdict.wrong[0]


def test_the_table_has_a_line_for_each_profile_and_the_sum():
    """What a person reads: true, found, exact, incomplete, not heard, wrong."""
    verdict = judge(run_day("rzba-04-04m", "table", count=3, faults=FAULTS[:1]))
    head, row, total = table([verdict]).splitlines()
    assert head.split() == [
        "profile", "true", "found", "exact", "incomplete", "not", "heard", "wrong",
    ]  # fmt: skip
    assert row.split() == ["rzba-04-04m", "3", "3", "3", "0", "0", "0"]
    assert total.split()[1:] == row.split()[1:]


def test_every_shipped_profile_can_be_played():
    """Each of the shipped profiles has a [simulate] table, and together they have every fault."""
    assert {kind for name in shipped() for kind in faults_of(load(name))} == set(FAULTS)
