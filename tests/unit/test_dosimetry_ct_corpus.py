"""CT doses derived from every CT file of the corpus: values with method, or a reason."""

import json
import sys
from decimal import Decimal

import pytest

from dosebook_central.dosimetry.ct_effective import LABEL_PARTIAL
from dosebook_central.dosimetry.ct_totals import LABEL_STATED, LABEL_SUMMED
from dosebook_protocol.reading import EventKind
from tests.support.exams import ct_of, read_exams, values_of

QUANTITIES = ("ctdi_vol", "dlp", "ssde", "effective_dose")
KINDS = {"rdsr-ct", "esr-dose-ct"}


def _close(value, number):
    return abs(Decimal(str(number)) - value) <= abs(value) * Decimal("1e-9")


def _files(corpus):
    expected = json.loads((corpus / "EXPECTED.json").read_text(encoding="utf-8"))
    return [(name, entry) for name, entry in sorted(expected.items()) if name.startswith("ct/")]


def test_every_ct_file_has_values_or_reasons(corpus, capsys):
    """For each file and quantity: a value with its method, or "not computable" with the reason."""
    lines = []
    for name, _ in _files(corpus):
        for one in read_exams(corpus / name):
            found = ct_of(one)
            for quantity in QUANTITIES:
                values = [value for value in values_of(found, quantity) if value.is_headline]
                reasons = [gap for gap in found.absences if gap.quantity == quantity]
                lines += [
                    f"{name}: {quantity} {value.value} {value.unit} {value.label} "
                    f"[{value.method.id} {value.method.coefficient_set}]"
                    for value in values
                ]
                lines += [f"{name}: {quantity} not computable: {gap.reason}" for gap in reasons]
                assert values or reasons, (name, quantity)
                assert all(gap.reason and gap.code for gap in reasons)
            for value in found.values:
                assert value.method.text
                assert value.method.source
                assert value.interval is not None or any(
                    "no interval" in note for note in value.notes
                ), value
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")


def test_dlp_per_phantom_is_as_expected(corpus):
    """The DLP of each phantom equals the total that the report states (R15, P12)."""
    compared = 0
    for name, entry in _files(corpus):
        stated = entry.get("totals", {}).get("dlp_total_mGycm")
        if entry["kind"] not in KINDS or stated is None:
            continue
        (one,) = read_exams(corpus / name)
        values = [
            value
            for value in values_of(ct_of(one), "dlp")
            if value.label in {LABEL_STATED, LABEL_SUMMED}
        ]
        phantoms = {each.phantom for each in one.events if "dlp" in each.values}
        assert {value.place.phantom for value in values} == phantoms, name
        assert _close(sum(value.value for value in values), stated), name
        compared += 1
    assert compared >= 9


def test_largest_ctdivol_is_that_of_the_imaging_events(corpus):
    """The maximum equals the largest event, or is smaller where that one is bolus monitoring."""
    for name, entry in _files(corpus):
        largest = entry.get("totals", {}).get("max_event_ctdivol_mGy")
        if entry["kind"] not in KINDS or largest is None:
            continue
        (one,) = read_exams(corpus / name)
        values = [value for value in values_of(ct_of(one), "ctdi_vol") if value.is_headline]
        for value in values:
            assert value.value <= Decimal(str(largest)), name


@pytest.mark.parametrize(
    ("name", "effective_dose", "imaging_dlp"),
    [
        ("CT-RDSR-Siemens-Multi-3.dcm", "3.30526", "228.63"),  # 236.09 × 0.014, chest
        ("CT-RDSR-Siemens_Flash-TAP-SS.dcm", "10.8678", "708.2"),  # 724.52 × 0.015, trunk
        ("CT-RDSR-ToshibaPixelMed.dcm", "5.2455", "349.7"),  # 349.7 × 0.015, trunk
        ("CT-ESR-GE_Optima.dcm", "6.2373", "415.82"),  # 415.82 × 0.015, abdomen
    ],
)
def test_effective_dose_and_imaging_dlp_of_known_files(corpus, name, effective_dose, imaging_dlp):
    """Worked by hand from the events: DLP × k of the region, and DLP without localisers (P14)."""
    (one,) = read_exams(corpus / "ct" / name)
    found = ct_of(one)
    (dose,) = values_of(found, "effective_dose", event=0)
    imaging = [value for value in values_of(found, "dlp") if value.label.startswith("imaging")]

    assert dose.value == Decimal(effective_dose)
    assert dose.label != LABEL_PARTIAL
    assert [value.value for value in imaging] == [Decimal(imaging_dlp)]
    assert all(each.kind is EventKind.CT for each in one.events)
