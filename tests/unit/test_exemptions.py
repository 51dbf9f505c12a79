"""CT acquisitions that rules of a place leave out of comparisons, named wherever they do (P15)."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from dosebook_central.domain.alerts.judge import judge
from dosebook_central.domain.alerts.rule import Conditions, Firing, NotJudged, Rule
from dosebook_central.domain.alerts.subject import subject_of
from dosebook_central.domain.drl.band import Size
from dosebook_central.domain.drl.compare import compare
from dosebook_central.domain.drl.levels import levels_for
from dosebook_central.domain.drl.site import SiteExam, site_lines
from dosebook_central.domain.facts import event_facts
from dosebook_central.dosimetry.ct_events import acquisition_of
from dosebook_central.dosimetry.derive import derive
from dosebook_central.dosimetry.exemptions import acquisition_words, exemptions_of
from dosebook_central.dosimetry.inputs import EventInputs
from dosebook_central.dosimetry.packages import shipped
from dosebook_central.dosimetry.sets import Choices, Library
from dosebook_central.dosimetry.stored_form import from_text, to_text
from dosebook_central.web.reference_panels import panels_of
from dosebook_protocol.quantities import QUANTITIES
from dosebook_protocol.reading import DoseValue, EventKind
from tests.support.exams import context_of, event, exam, library
from tests.support.readings import event as read_event

TODAY = date(2026, 3, 2)
ACCEPTED = library(ct_exemptions=Choices(with_unverified=True))
LIMIT = Rule(
    "ct-head", "check", "event", "ctdi_vol", threshold=Decimal(120), when=Conditions(("CT",))
)


def ruled(**changes):
    """The sets with one rule: the shipped example with other cells."""
    package = shipped().find("ct-exemptions")
    row = dict(package.rows[0]) | {"place": "", "verified": "yes"} | changes
    own = replace(package, rows=(row,))
    return Library(own if one is package else one for one in shipped().packages)


def perfusion(ordinal=1, **fields):
    """A brain perfusion as an RDSR tells it: stationary, wide, by the name of its protocol."""
    stated = {"ctdi_vol": 300, "dlp": 2400, "scanning_length": 80, "protocol": "Brain Perfusion"}
    return event(ordinal, "head", "stationary", **(stated | fields))


def head(ordinal=2, **fields):
    """A plain head scan."""
    return event(ordinal, "head", **({"ctdi_vol": 50, "dlp": 900} | fields))


def seen(*events, sets=ACCEPTED, place="DE"):
    """An exam as rules and levels see it at a place."""
    one = exam(*events, modality="CT")
    return subject_of(one, derive(one, sets, lambda _: ("ct_head", "decision")), place=place)


def head_levels():
    """The shipped Japanese levels of a head CT."""
    return levels_for(shipped(), "JP", "ct_head", TODAY)


@pytest.fixture
def exempt_exam():
    """A head CT with a perfusion, as a sample sees it."""
    return SiteExam(
        "e", "2026-03-02T10:00:00", "ct_head", "CT1", Size(Decimal(50)), 2, "16cm", None,
        {"dlp_imaging": Decimal(3300)}, ("brain-perfusion",),
    )  # fmt: skip


def dlp_lines(lines):
    """Those of DLP, of all rooms together."""
    return [one for one in lines if not one.room and one.level.quantity == "dlp"]


def test_p15_the_shipped_example_is_off_until_a_physicist_accepts_it():
    """P15: no official text was read, so that nothing is exempt by default."""
    (row,) = shipped().find("ct-exemptions").rows
    assert row["verified"] == "no"
    assert exemptions_of(exam(perfusion()), context_of(exam(perfusion()))) == ()
    assert isinstance(judge(LIMIT, seen(perfusion(), sets=shipped())), Firing)


@pytest.mark.parametrize(
    ("rule_place", "here", "is_exempt"),
    [
        ("DE", "DE", True),
        ("DE", "DE-BY", True),
        ("DE-BY", "DE-BY", True),
        ("DE-BY", "DE", False),
        ("DE-BY", "DE-BE", False),
        ("DE", "FR", False),
        ("DE", "", False),
        ("", "FR", True),
    ],
)
def test_p15_a_rule_holds_in_its_country_or_land_only(rule_place, here, is_exempt):
    """P15: what one Land exempts is compared everywhere else."""
    outcome = judge(LIMIT, seen(perfusion(), sets=ruled(place=rule_place), place=here))
    assert isinstance(outcome, NotJudged) is is_exempt


def test_p15_an_exempted_alert_is_not_compared_and_says_by_which_rule():
    """P15: the perfusion is named with its rule; a plain scan above the limit still fires."""
    outcome = judge(LIMIT, seen(perfusion(), head()))
    assert outcome is None
    outcome = judge(LIMIT, seen(perfusion()))
    assert isinstance(outcome, NotJudged)
    assert outcome.reason.startswith("not compared: rule brain-perfusion (DE): ")
    fired = judge(LIMIT, seen(perfusion(), head(ctdi_vol=130)))
    assert isinstance(fired, Firing)
    assert fired.event == 2


def test_p15_an_exempted_level_is_not_compared_and_says_by_which_rule():
    """P15: DLP of the exam holds the perfusion; CTDIvol is compared for the other scan, noted."""
    compared, left = compare(head_levels(), seen(perfusion(), head()))
    (ctdi,) = [one for one in compared if one.level.quantity == "ctdi_vol"]
    assert (ctdi.event, ctdi.value) == (2, Decimal(50))
    assert any("rule brain-perfusion (DE)" in note for note in ctdi.notes)
    assert [one.level.quantity for one in left] == ["dlp"]
    assert left[0].reason.startswith("not compared: rule brain-perfusion (DE): ")


def test_p15_a_sample_leaves_an_exempted_exam_out_and_counts_it_by_the_rule():
    """P15: it is no zero and no silence: the line counts it under the rule's name."""
    own = exam(perfusion(), head())
    rules = tuple(one.rule for one in exemptions_of(own, context_of(own, ACCEPTED)))
    exams = [
        SiteExam(
            name, "2026-03-02T10:00:00", "ct_head", "CT1", Size(Decimal(50)), 2, "16cm", None,
            {"dlp_imaging": Decimal(dose)}, exempt,
        )
        for name, dose, exempt in (("plain", 900, ()), ("perfused", 3300, rules))
    ]  # fmt: skip
    (line,) = dlp_lines(site_lines(exams, ACCEPTED, "JP", "DE"))
    assert [name for name, _ in line.sample.values] == ["plain"]
    (reason,) = line.sample.excluded
    assert reason.startswith("not compared: rule brain-perfusion (DE): ")
    (elsewhere,) = dlp_lines(site_lines(exams, ACCEPTED, "JP"))
    assert elsewhere.sample.n == 2


def test_p15_a_panel_whose_exams_are_all_exempt_stands_on_the_page(exempt_exam):
    """P15: what a rule leaves out is counted beside its level even where nothing else is left."""
    lines = site_lines([exempt_exam], ACCEPTED, "JP", "DE")
    (panel,) = panels_of([one for one in lines if one.level.quantity == "dlp"], {})
    ((reason, count),) = panel.excluded.items()
    assert (count, panel.rooms[0].sample.n) == (1, 0)
    assert reason.startswith("not compared: rule brain-perfusion (DE): ")
    missing = replace(exempt_exam, values={})
    assert panels_of(site_lines([missing], ACCEPTED, "JP", "DE"), {}) == []


def test_p15_a_unit_error_is_looked_for_in_exempted_exams_too():
    """P15, P1: five times off its own room is no comparison with a limit; it is still judged."""
    rule = Rule("off", "look", "exam", "dlp_imaging", times_room=Decimal(5))
    outcome = judge(rule, seen(perfusion()))
    assert isinstance(outcome, NotJudged)
    assert "room" in outcome.reason


def test_p15_rules_ask_for_acquisition_words_procedure_and_region():
    """P15: per protocol: each condition is asked; a row that names nothing exempts nothing."""
    own = exam(perfusion(), head(protocol="Stroke late"))

    def events(**changes):
        context = context_of(own, ruled(**changes), "ct_head")
        return [one.events for one in exemptions_of(own, context)]

    assert events() == [(1,)]
    assert events(acquisitions="", words="stroke;angio") == [(2,)]
    assert events(acquisitions="", words="strok") == []
    assert events(words="stroke") == []
    assert events(words="stroke;brain perf") == []
    assert events(words="brain perfusion") == [(1,)]
    assert events(acquisitions="", procedures="ct_head;ct_neck") == [(1, 2)]
    assert events(procedures="ct_neck") == []
    assert events(body_region="chest") == []
    assert events(acquisitions="dual_energy") == []
    assert events(acquisitions="", body_region="head") == []


def test_p15_dual_source_and_dual_energy_are_told_by_the_x_ray_sources():
    """P15: two sources, or two tube voltages of one event, as TID 10013 states them."""
    two = [DoseValue("kvp", Decimal(kv), "kV", str(kv), "kV", "x") for kv in (140, 80)]
    made = read_event("1.1", EventKind.CT, number_of_x_ray_sources=2)
    facts = event_facts(replace(made, values=(*made.values, *two)))
    assert facts["voltages_kv"] == ["80", "140"]
    dual = event(1, "abdomen", number_of_x_ray_sources=2, is_dual_energy=True)
    assert isinstance(dual, EventInputs)
    assert acquisition_words(acquisition_of(dual)) == {"dual_energy", "dual_source"}
    assert acquisition_words(acquisition_of(event(1, "abdomen"))) == frozenset()
    one = replace(made, values=(two[0],))
    assert "voltages_kv" not in event_facts(one)
    assert "kvp" in QUANTITIES


def test_p15_exemptions_are_stored_with_the_derivation_and_read_back():
    """P15, P56: what was exempt by which rule stays with the version of the exam's doses."""
    own = exam(perfusion(), head())
    derived = derive(own, ACCEPTED, lambda _: ("ct_head", "decision"))
    assert [(one.rule, one.events) for one in derived.exemptions] == [("brain-perfusion", (1,))]
    assert from_text(to_text(derived)) == derived
