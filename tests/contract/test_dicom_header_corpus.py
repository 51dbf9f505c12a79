"""Image headers, dose captures, MPPS, DICOM JSON and character sets of real devices."""

import json
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydicom.datadict import tag_for_keyword

from dosebook_protocol.dicom.read import DICOM, DICOM_JSON, DICOM_XML, read_object
from dosebook_protocol.quantities import convert
from dosebook_protocol.reading import Outcome, Reading
from tests.support.expected import STUDY

MEDIA_TYPES = {".json": DICOM_JSON, ".xml": DICOM_XML}
HEADER_KINDS = {"image-header", "dose-sc-header", "dicomweb-metadata"}
KINDS = {*HEADER_KINDS, "mpps-xml", "charset"}
PATIENT = {
    "id": "id",
    "issuer": "issuer",
    "name": "name",
    "sex": "sex",
    "birth_date": "birth_date",
    "age": "age",
    "size_m": "size_m",
    "weight_kg": "weight_kg",
}
# Read into another field than a value or item of the event.
ELSEWHERE = {
    "AcquisitionDate", "AcquisitionTime", "IrradiationEventUID", "ProtocolName", "ImageLaterality",
    "Laterality", "CTDIPhantomType", "RequestedProcedureDescription", "radiopharmaceuticals",
    "ExposureDoseSequence", "philips_private_00E1_1021_DLP", "philips_private_00E1_1063",
}  # fmt: skip


def _files(corpus: Path, kinds: set[str]) -> Iterator[tuple[str, dict[str, Any], Reading]]:
    expected = json.loads((corpus / "EXPECTED.json").read_text(encoding="utf-8"))
    for name, entry in sorted(expected.get("files", expected).items()):
        if entry["kind"] in kinds:
            path = corpus / name
            media_type = MEDIA_TYPES.get(path.suffix, DICOM)
            yield name, entry, read_object(path.read_bytes(), media_type)


def _number(value: Any) -> Decimal:
    return Decimal(str(value))


def _is_close(value: Decimal, expected: Any) -> bool:
    """Compare with numbers that EXPECTED.json holds rounded to nine decimals."""
    return abs(value - _number(expected)) <= max(abs(value), Decimal(1)) * Decimal("1e-9")


def _values(reading: Reading, quantity: str, unit: str) -> list[Decimal]:
    return [
        convert(value.value, value.unit, unit)
        for event in reading.events
        for value in event.values
        if value.quantity == quantity
    ]


def _dose_errors(name: str, entry: dict[str, Any], reading: Reading) -> list[str]:
    wanted = {
        "dap_Gym2": ("dose_area_product", "Gy.m2"),
        "agd_mGy": ("average_glandular_dose", "mGy"),
        "entrance_dose_mGy": ("entrance_dose", "mGy"),
        "ctdivol_mGy": ("ctdi_vol", "mGy"),
        "administered_activity_MBq": ("administered_activity", "MBq"),
    }
    errors = []
    for key, expected in entry.get("header_dose", {}).items():
        if key == "dlp_total_mGycm":
            found = [t.value.value for t in reading.totals if t.value.quantity == "dlp"]
        else:
            found = _values(reading, *wanted[key])
        several = expected if isinstance(expected, list) else [expected]
        if len(found) != len(several) or not all(map(_is_close, found, several)):
            errors.append(f"{name}: {key} {found} is not {expected}")
    return errors


def _as_sent(reading: Reading) -> dict[str, list[str]]:
    sent = defaultdict(list)
    for value in reading.events[0].values:
        sent[value.path.partition("[")[0]].append(value.original)
    for item in (*reading.events[0].items, *reading.items):
        sent[item.path.partition("[")[0]].append(item.text)
    return sent


def _header_errors(name: str, entry: dict[str, Any], reading: Reading) -> list[str]:
    if entry["kind"] == "dose-sc-header" or not reading.events:
        return []
    sent, errors = _as_sent(reading), []
    for keyword, expected in entry.get("header", {}).items():
        if keyword in ELSEWHERE:
            continue
        tag = tag_for_keyword(keyword)
        assert tag is not None
        found = sent.get(f"({tag >> 16:04X},{tag & 0xFFFF:04X})", [])
        if not _says(found, expected):
            errors.append(f"{name}: {keyword} {found} is not {expected}")
    return errors


def _says(found: list[str], expected: Any) -> bool:
    if isinstance(expected, list):
        return "\\".join(found) == "\\".join(map(str, expected))
    if isinstance(expected, str):
        return expected in {*found, ",".join(found)}
    return len(found) == 1 and _is_close(Decimal(found[0].partition(" ")[0]), expected)


def _context_errors(name: str, entry: dict[str, Any], reading: Reading) -> list[str]:
    errors = []
    for part, names in (("patient", PATIENT), ("study", STUDY)):
        for key, expected in entry.get(part, {}).items():
            found = getattr(getattr(reading, part), names[key])
            is_equal = (
                _is_close(found, expected) if key in {"size_m", "weight_kg"} else found == expected
            )
            if not is_equal:
                errors.append(f"{name}: {part} {key} {found!r} is not {expected!r}")
    for key, field in (("sop_instance_uid", "sop_instance_uid"), ("series_uid", "series_uid")):
        if key in entry and getattr(reading, field) != entry[key]:
            errors.append(f"{name}: {key} {getattr(reading, field)!r} is not {entry[key]!r}")
    return errors


def test_p01_p03_every_header_dose_of_the_corpus_is_read(corpus: Path) -> None:
    """Each header of a real device is read, its doses equal after conversion."""
    errors, files = [], 0
    for name, entry, reading in _files(corpus, HEADER_KINDS):
        files += 1
        if reading.outcome is not Outcome.READ:
            errors.append(f"{name}: {reading.outcome}: {reading.reason}")
        errors += _dose_errors(name, entry, reading)
    _print(files, errors, "headers with every dose equal")
    assert not errors, "\n".join(errors)


def test_p39_every_header_attribute_is_kept_as_sent(corpus: Path) -> None:
    """Each technique attribute stays visible with the sender's own digits and its tag."""
    errors, files = [], 0
    for name, entry, reading in _files(corpus, HEADER_KINDS):
        files += 1
        errors += _header_errors(name, entry, reading)
    _print(files, errors, "headers with every attribute as sent")
    assert not errors, "\n".join(errors)


def test_p22_patient_and_study_are_decoded_by_their_character_set(corpus: Path) -> None:
    """Patient, study and UIDs equal the expected ones in every character set of the corpus."""
    errors, files = [], 0
    for name, entry, reading in _files(corpus, {*HEADER_KINDS, "charset"}):
        files += 1
        errors += _context_errors(name, entry, reading)
    _print(files, errors, "objects with patient and study equal")
    assert not errors, "\n".join(errors)


def test_mpps_fields_are_read_from_native_xml(corpus: Path) -> None:
    """State, times, study and references of the corpus' MPPS messages come out as sent."""
    errors, files = [], 0
    for name, entry, reading in _files(corpus, {"mpps-xml"}):
        files += 1
        errors += _mpps_errors(name, entry["fields"], reading)
    _print(files, errors, "MPPS messages equal")
    assert not errors, "\n".join(errors)


def _mpps_errors(name: str, fields: dict[str, list[str]], reading: Reading) -> list[str]:
    assert reading.step is not None, reading.reason
    items = defaultdict(list)
    for item in reading.items:
        items[item.name].append(item.text)
    started, ended = reading.step.started, reading.step.ended
    read = {
        "PatientID": [reading.patient.id],
        "IssuerOfPatientID": [reading.patient.issuer],
        "PatientName": [reading.patient.name],
        "Modality": [reading.modality],
        "StudyInstanceUID": [reading.study.uid],
        "AccessionNumber": [reading.study.accession_number],
        "PerformedProcedureStepID": items["performed_procedure_step_id"],
        "PerformedStationAETitle": items["performed_station_ae_title"],
        "PerformedProcedureStepStatus": [reading.step.status],
        "PerformedProcedureStepStartDate": [started.original[:8] if started else ""],
        "PerformedProcedureStepStartTime": [started.original[8:] if started else ""],
        "PerformedProcedureStepEndDate": [ended.original[:8] if ended else ""],
        "PerformedProcedureStepEndTime": [ended.original[8:] if ended else ""],
        "ScheduledProcedureStepID": items["scheduled_procedure_step_id"],
        "RequestedProcedureID": items["requested_procedure_id"],
        "SeriesInstanceUID": items["performed_series_uid"],
        "ReferencedSOPInstanceUID": items["referenced_sop_instance_uid"],
    }
    return [
        f"{name}: {key} {read.get(key)} is not {expected}"
        for key, expected in fields.items()
        if read.get(key) != expected
    ]


@pytest.mark.parametrize(
    ("same", "other"),
    [
        (
            ("mg/MG-Im-GE_Seno_1_ForPresentation.dcm", "mg/MG-Im-GE_Seno_1_ForProcessing.dcm"),
            "mg/MG-Im-GE_Seno_2_ForPresentation.dcm",
        ),
        (("nm/NM-NmIm-Siemens-s1-1.dcm", "nm/NM-NmIm-Siemens-s1-2.dcm"), "pt/fodicom-GH610.dcm"),
        (
            (
                "pt/NM-PetIm-Siemens.dcm",
                "pt/NM-PetIm-Siemens-2.dcm",
                "pt/NM-PetIm-Siemens-3.dcm",
                "pt/NM-PetIm-Siemens-3-sameseries.dcm",
            ),
            "nm/NM-NmIm-Siemens-s1-1.dcm",
        ),
        (("dx/DX-Im-GE_XR220-1.dcm",), "dx/DX-Im-GE_XR220-2.dcm"),
        (("dx/DX-Im-Carestream_DR7500-1.dcm",), "dx/DX-Im-Carestream_DR7500-2.dcm"),
    ],
)
def test_p08_images_of_one_exposure_name_one_event(
    corpus: Path, same: tuple[str, ...], other: str
) -> None:
    """All images of one exposure or administration share an event UID; the next has another."""
    uids = [_event_uids(corpus / name) for name in same]
    assert len(set(uids)) == 1
    assert _event_uids(corpus / other) != uids[0]


def _event_uids(path: Path) -> tuple[str, ...]:
    return tuple(event.uid for event in read_object(path.read_bytes()).events)


def test_philips_dose_capture_lists_its_exposures(corpus: Path) -> None:
    """A dose-info capture gives typed events, the total it shows and the private one."""
    for _, _, reading in _files(corpus, {"dose-sc-header"}):
        types = [event.event_type.value for event in reading.events if event.event_type]
        assert types == ["113805", "116152004", "116152004", "116152004"]
        assert [t.value.original for t in reading.totals] == ["1102.4", "4"]
        assert any(item.text == "1102.44609 mGy.cm" for item in reading.items)


def _print(files: int, errors: list[str], what: str) -> None:
    wrong = {error.partition(":")[0] for error in errors}
    print(f"{files - len(wrong)} of {files} {what}")  # noqa: T201 - the measured figure
