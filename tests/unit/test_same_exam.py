"""Whether two exams may be one: what is hinted, and what must not be (P5, P7, P9, P29)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosebook_central.domain.devices import Device
from dosebook_central.domain.exam import Basis, ExamSummary, Measure, Part
from dosebook_central.domain.patient_identity import UNIDENTIFIED
from dosebook_central.domain.same_exam import ComparedExam, Rule, compare
from dosebook_central.domain.same_exposures import Exposure, is_one_number
from dosebook_protocol.quantities import QUANTITIES
from dosebook_protocol.reading import EventKind

SHOTS = (("10:02:11", "1.204"), ("10:05:40", "0.377"))


def measures(totals):
    """Totals by quantity as an exam's summary has them."""
    return tuple(
        Measure(name, name, Decimal(number), QUANTITIES[name].unit, Basis.STATED)
        for name, number in totals.items()
    )


def exam(name="a", totals=None, shots=(), serial="", kind=EventKind.PROJECTION, **fields):
    """An exam as the comparison sees it; `shots` are times and doses of its events."""
    dose = "dose_area_product" if kind is EventKind.PROJECTION else "dlp"
    device = Device("Siemens", "AXIOM-Artis", serial) if serial else None
    values = measures(totals if totals is not None else {"dose_area_product": "1.581"})
    part = Part("XA", "", len(shots), values, (), device=device)
    events = tuple(
        Exposure(kind, f"2026-03-02T{at}", doses={dose: Decimal(number)}, **where)
        for at, number, *rest in shots
        for where in [rest[0] if rest else {}]
    )
    given = {
        "identifier": "4711",
        "issuer": "CHU",
        "started": "2026-03-02T10:01:00",
        "modality": "XA",
        "accession_number": "",
        "description": "",
        "protocol": "",
        "station": "ANGIO1",
        "manufacturer": "Siemens",
        "model": "AXIOM-Artis",
        "evidence_kind": "rdsr-projection" if shots else "dose-sc-header",
    }
    return ComparedExam(
        name, summary=ExamSummary(parts=(part,)), exposures=events, **given | fields
    )


REPORT = exam("a", shots=SHOTS)
SCREEN = exam("b", {"dose_area_product": "1.58"})


def rule_of(one, other):
    """Which rule makes two exams suspicious; None where none does."""
    hint = compare(one, other)
    return hint.rule if hint else None


def codes(hint):
    """The reasons of a hint by their codes."""
    return {one.code for one in hint.reasons}


def test_p09_a_report_with_new_uids_has_the_same_exposures():
    """P9: the same moments with the same doses are one procedure, whatever their UIDs say."""
    hint = compare(REPORT, replace(REPORT, id="b"))
    assert hint.rule is Rule.EXPOSURES
    assert {"exposures", "machine", "time", "total-equal"} <= codes(hint)
    assert [(one.quantity, str(one.value)) for one in hint.doubled] == [
        ("dose_area_product", "1.581")
    ]


def test_p04_a_report_sent_before_the_end_is_part_of_the_whole():
    """P4: one exam that holds all exposures of the other doubles what the other has."""
    early = exam("b", {"dose_area_product": "1.204"}, SHOTS[:1])
    hint = compare(REPORT, early)
    assert hint.rule is Rule.EXPOSURES
    assert str(hint.doubled[0].value) == "1.204"
    assert "total-differs" in codes(hint)


def test_p07_a_screen_beside_a_report_repeats_its_total():
    """P7: a screen of the same machine and time that rounds the report's total is hinted."""
    hint = compare(REPORT, SCREEN)
    assert hint.rule is Rule.TOTALS
    assert {"total-equal", "machine", "time", "kinds"} <= codes(hint)


def test_a_screen_of_the_same_order_is_hinted_whatever_it_reads():
    """Report and screen of one accession number, machine and time are one, a misread one too."""
    order = replace(SCREEN, summary=exam(totals={"dose_area_product": "7.9"}).summary)
    assert rule_of(REPORT, order) is None
    numbered = {"accession_number": "A1"}
    assert rule_of(replace(REPORT, **numbered), replace(order, **numbered)) is Rule.ORDER


def test_an_instrument_agrees_within_its_calibration():
    """A meter at the same machine and time agrees within 5 %, a display in its digits."""
    metered = exam("b", {"dose_area_product": "1.64"}, evidence_kind="instrument")
    assert rule_of(REPORT, metered) is Rule.TOTALS
    assert rule_of(REPORT, replace(metered, evidence_kind="screen")) is None
    assert rule_of(REPORT, replace(metered, station="")) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # CT repeated within the hour on the same scanner, with another dose.
        (
            exam("a", {"dlp": "512.4"}, [("10:00:00", "512.4")], kind=EventKind.CT),
            exam("b", {"dlp": "498.1"}, [("10:40:00", "498.1")], kind=EventKind.CT),
        ),
        # The same chest twice, an hour apart and minutes apart, each with its typical dose.
        (exam("a", shots=[("10:00:00", "0.123")]), exam("b", shots=[("11:00:00", "0.123")])),
        (exam("a", shots=[("10:00:00", "0.123")]), exam("b", shots=[("10:02:00", "0.123")])),
        # Two planes of one biplane room, reported apart.
        (
            exam("a", shots=[("10:00:00", "1.5", {"plane": "a"})]),
            exam("b", shots=[("10:00:00", "1.5", {"plane": "b"})]),
        ),
        # Two rooms that happen to work at once: serial numbers differ.
        (exam("a", shots=SHOTS, serial="1"), exam("b", shots=SHOTS, serial="2")),
        # Two screens of one day, hours apart, with the same number.
        (REPORT, replace(SCREEN, started="2026-03-02T15:00:00")),
        # A typical number of two digits says nothing.
        (exam("a", {"dose_area_product": "0.12"}, [("10:02:11", "0.12")]),
         exam("b", {"dose_area_product": "0.12"})),
        # Nothing in common but the moment.
        (REPORT, exam("b", {"fluoro_time": "40"})),
        (REPORT, exam("b", {})),
        # Zero is not evidence (P29).
        (exam("a", {"dose_area_product": "0"}), exam("b", {"dose_area_product": "0"})),
        # Another patient.
        (REPORT, replace(REPORT, id="b", identifier="4712")),
        (REPORT, replace(REPORT, id="b", issuer="elsewhere")),
    ],
)  # fmt: skip
def test_what_must_not_be_hinted(one, other):
    """Exams that are two in practice, however alike some of their numbers are."""
    assert rule_of(one, other) is None


def test_p20_nobody_s_exam_needs_the_same_machine():
    """P20: an exam without a patient is hinted beside a known one of the same machine only."""
    nobody = replace(SCREEN, identifier="1.9.8", issuer=UNIDENTIFIED)
    assert "patient" in codes(compare(REPORT, nobody))
    assert rule_of(REPORT, replace(nobody, station="", description="PTA")) is None


def test_an_identifier_without_issuer_may_be_the_same_person():
    """P21: the bare identifier is not the patient, but may be."""
    assert rule_of(REPORT, replace(REPORT, id="b", issuer="")) is Rule.EXPOSURES


def test_one_injection_of_two_studies_is_hinted():
    """P60: a PET in two studies repeats one injection, its clocks minutes apart."""
    made = [
        exam(name, {"administered_activity": dose}, evidence_kind="image-header", modality="PT")
        for name, dose in (("a", "250.4"), ("b", "250.1"))
    ]
    shots = [
        (Exposure(EventKind.RADIOPHARMACEUTICAL, f"2026-03-02T{at}",
                  doses={"administered_activity": Decimal(dose)}),)
        for at, dose in (("09:00:00", "250.4"), ("09:04:00", "250.1"))
    ]  # fmt: skip
    one, other = (replace(each, exposures=own) for each, own in zip(made, shots, strict=True))
    assert rule_of(one, other) is Rule.EXPOSURES


def test_a_number_is_one_in_the_digits_of_the_coarser():
    """A display rounds; few digits do not make two numbers alike."""
    assert is_one_number(Decimal("612.34"), Decimal("612.3"))
    assert not is_one_number(Decimal("612.34"), Decimal("612.4"))
    assert not is_one_number(Decimal(15), Decimal("15.4"))


_NUMBERS = st.sampled_from(["0", "0.12", "1.5", "1.581", "1.58", "4.2"])
_TIMES = st.sampled_from(["10:00:00", "10:00:01", "10:02:11", "11:30:00"])
_EXAMS = st.builds(
    exam,
    name=st.sampled_from(["a", "b", "c"]),
    totals=st.dictionaries(st.sampled_from(["dose_area_product", "dlp", "fluoro_time"]), _NUMBERS),
    shots=st.lists(st.tuples(_TIMES, _NUMBERS), max_size=3),
    serial=st.sampled_from(["", "1", "2"]),
    issuer=st.sampled_from(["CHU", "", UNIDENTIFIED]),
    station=st.sampled_from(["", "ANGIO1", "ANGIO2"]),
    accession_number=st.sampled_from(["", "A1"]),
    started=st.sampled_from(["", "2026-03-02", "2026-03-02T10:01:00", "2026-03-02T12:00:00"]),
    evidence_kind=st.sampled_from(["rdsr-projection", "mpps", "instrument", "image-header", ""]),
)


@given(_EXAMS, _EXAMS)
def test_a_comparison_is_the_same_in_either_order(one, other):
    """Symmetric, never of an exam with itself, and always with a reason and a dose."""
    hint = compare(one, other)
    assert hint == compare(other, one)
    if hint is not None:
        assert hint.first_id < hint.second_id
        assert hint.reasons
        assert not {one.identifier, other.identifier} - {"4711"}


@given(st.permutations(SHOTS), st.permutations(SHOTS))
def test_the_order_of_events_does_not_matter(mine, theirs):
    """The same exposures in any order are the same exposures."""
    assert rule_of(exam("a", shots=mine), exam("b", shots=theirs)) is Rule.EXPOSURES
