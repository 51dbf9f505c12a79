"""Dose reports whose form is unusual: nothing in them, qualified numbers, containers elsewhere."""

from decimal import Decimal

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.reading import Outcome, Reading
from dosebook_protocol.report import report
from tests.support import sr

KAP, DLP, ACTIVITY = "122130", "113838", "113507"


def _read(*children: Dataset, root: str = "113701", sop_class: str = sr.RDSR) -> Reading:
    return read_object(sr.encoded(sr.document(*children, root=root, sop_class=sop_class)))


def _deviations(reading: Reading) -> set[str]:
    return {deviation.code for deviation in reading.deviations}


def _qualified(item: Dataset, value: str, scheme: str, meaning: str) -> Dataset:
    item.NumericValueQualifierCodeSequence = Sequence([sr.code(value, scheme, meaning)])
    return item


@pytest.mark.parametrize(
    ("sent", "unit", "gy_cm2"),
    [
        ("1", "Gy.mm2", "0.01"), ("2", "cGy.m2", "200"), ("3", "dGy.m2", "3000"),
        ("40", "mGy*mm2", "0.0004"), ("5000", "uGy·cm²", "0.005"),
    ],
)  # fmt: skip
def test_p01_a_gray_by_any_area_is_exact(sent: str, unit: str, gy_cm2: str) -> None:
    """UCUM forms products freely: every gray of a report by every area of it is one KAP (P1)."""
    reading = _read(sr.x_ray_event("1.2.3", sr.num(KAP, sent, unit)))
    assert reading.outcome is Outcome.READ, reading.reason
    assert [v.value for v in reading.events[0].values] == [Decimal(gy_cm2)]


@pytest.mark.parametrize(
    ("sent", "unit", "mgy_cm"),
    [("1", "Gy.m", "100000"), ("2000", "mGy.mm", "200"), ("3000", "uGy.cm", "3")],
)
def test_p01_a_gray_by_any_length_is_exact(sent: str, unit: str, mgy_cm: str) -> None:
    """The same of a DLP (P1)."""
    dose = sr.container("113829", sr.num(DLP, sent, unit))
    reading = _read(sr.container("113819", sr.uid("113769", "1.2.3"), dose))
    assert [v.value for v in reading.events[0].values] == [Decimal(mgy_cm)]


@pytest.mark.parametrize(("root", "sop_class"), [("113701", sr.RDSR), ("113500", sr.RRDSR)])
def test_p39_a_dose_report_cut_before_its_content_is_quarantined(root: str, sop_class: str) -> None:
    """Such a file has title and patient and reads without error: it must not pass as read."""
    reading = _read(root=root, sop_class=sop_class)
    assert reading.outcome is Outcome.QUARANTINED
    assert "cut short" in reading.reason


def test_p29_a_dose_report_that_states_nothing_has_no_dose() -> None:
    """A procedure and empty totals are no dose; a stated zero is one (P29)."""
    procedure = sr.coded("121058", sr.CT)
    empty = _read(procedure, sr.container("113811", sr.num("113813", None)))
    zero = _read(procedure, sr.ct_totals(0, "0"))
    assert (empty.outcome, empty.kind) == (Outcome.NO_DOSE, "rdsr-ct")
    assert "neither an irradiation event nor a total" in empty.reason
    assert zero.outcome is Outcome.READ
    assert report(zero)["totals"]["dlp_mgy_cm"] == 0


def test_p39_details_alone_wait_for_a_reader_of_theirs() -> None:
    """Irradiation details hold doses that are not read: kept for a re-read, not called empty."""
    reading = _read(sr.container("130505", sr.num(KAP, "1", "Gy.cm2")))
    assert reading.outcome is Outcome.QUARANTINED
    assert "TID 10043" in reading.reason


def test_p29_a_zero_total_of_two_containers_is_one() -> None:
    """A total of 0 that is stated again is the same 0, listed once."""
    twice = _read(*(sr.x_ray_totals(sr.num("113722", "0", "Gy.cm2")) for _ in range(2)))
    assert [total.value.value for total in twice.totals] == [0]
    assert "repeated-total" in _deviations(twice)


def test_p39_a_qualifier_that_does_not_deny_its_number_leaves_it() -> None:
    """`Estimated` is none of CID 42, by which a number was not measured: the dose counts."""
    dose = sr.num(KAP, "2", "Gy.cm2")
    reading = _read(sr.x_ray_event("1.2.3", _qualified(dose, "414135002", "SCT", "Estimated")))
    assert [v.value for v in reading.events[0].values] == [2]
    assert "qualified-number" in _deviations(reading)


def test_p39_an_administration_below_another_container_is_found() -> None:
    """Like events of X-ray reports, an administration counts wherever it hangs (P39)."""
    given = sr.container("113502", sr.uid("113503", "1.2.3"), sr.num(ACTIVITY, "200", "MBq"))
    reading = _read(sr.container("121070", given), root="113500", sop_class=sr.RRDSR)
    assert [event.uid for event in reading.events] == ["1.2.3"]
    assert report(reading)["totals"]["administered_activity_mbq"] == 200
    assert "nested-container" in _deviations(reading)


def test_p16_the_total_of_several_sources_is_not_added_to_theirs() -> None:
    """TID 10041 names sources, not planes: what "A and B" gave is their sum, not a third (P16)."""
    stated = (("A", "1"), ("B", "2"), ("A and B", "3"))
    reading = _read(
        *(
            sr.container("130500", sr.text("113832", source), sr.num("113722", dose, "Gy.cm2"))
            for source, dose in stated
        ),
        sop_class="1.2.840.10008.5.1.4.1.1.88.76",
    )
    assert report(reading)["totals"]["dose_area_product_gy_cm2"] == 3
