"""`read --json` over the whole corpus: valid by its schema, equal to what is expected."""

import hashlib
import json
from collections.abc import Iterator
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from dosebook_protocol.dicom.read import DICOM, DICOM_JSON, DICOM_XML, read_object
from dosebook_protocol.quantities import QUANTITIES, convert
from dosebook_protocol.report import report, to_json

SCHEMA = json.loads(
    (files("dosebook_protocol") / "schemas/v1/read.schema.json").read_text(encoding="utf-8")
)
MEDIA_TYPES = {".dcm": DICOM, ".json": DICOM_JSON, ".xml": DICOM_XML}
NO_DOSE_KINDS = {"negative", "sr-no-dose", "sc-no-dose"}
# Key of EXPECTED.json → (field of the totals, its unit there, the unit of the report).
TOTALS = {
    "dlp_total_mGycm": ("dlp_mgy_cm", "mGy.cm", "mGy.cm"),
    "dap_total_Gym2": ("dose_area_product_gy_cm2", "Gy.m2", "Gy.cm2"),
    "fluoro_dap_total_Gym2": ("fluoro_dose_area_product_gy_cm2", "Gy.m2", "Gy.cm2"),
    "acquisition_dap_total_Gym2": ("acquisition_dose_area_product_gy_cm2", "Gy.m2", "Gy.cm2"),
    "dose_rp_total_Gy": ("dose_rp_mgy", "Gy", "mGy"),
    "fluoro_dose_rp_total_Gy": ("fluoro_dose_rp_mgy", "Gy", "mGy"),
    "acquisition_dose_rp_total_Gy": ("acquisition_dose_rp_mgy", "Gy", "mGy"),
    "total_fluoro_time_s": ("fluoro_time_s", "s", "s"),
    "total_acquisition_time_s": ("acquisition_time_s", "s", "s"),
    "total_radiographic_frames": ("number_of_frames", "{n}", "{n}"),
    "stated_events": ("number_of_events", "{n}", "{n}"),
    "events_in_file": ("events_in_file", "{n}", "{n}"),
    "events_with_dose": ("events_with_dose", "{n}", "{n}"),
    "max_event_ctdivol_mGy": ("max_ctdi_vol_mgy", "mGy", "mGy"),
    "administrations": ("administrations", "{n}", "{n}"),
    "administered_activity_MBq": ("administered_activity_mbq", "MBq", "MBq"),
}
SUMS = {
    "sum_event_dlp_mGycm": ("dlp_mgy_cm", "mGy.cm", "mGy.cm"),
    "sum_event_dap_Gym2": ("dose_area_product_gy_cm2", "Gy.m2", "Gy.cm2"),
    "sum_event_dose_rp_Gy": ("dose_rp_mgy", "Gy", "mGy"),
}


def _reports(corpus: Path) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Yield each DICOM entry with its report, as a consumer parses it."""
    expected = json.loads((corpus / "EXPECTED.json").read_text(encoding="utf-8"))
    for name, entry in sorted(expected.get("files", expected).items()):
        path = corpus / name
        if path.suffix in MEDIA_TYPES and name.partition("/")[0] not in {"ocr", "display7seg"}:
            content = path.read_bytes()
            reading = read_object(content, MEDIA_TYPES[path.suffix])
            document = report(reading, name, hashlib.sha256(content).hexdigest())
            yield name, entry, json.loads(to_json(document), parse_float=Decimal)


def _dose_kinds(entry: dict[str, Any]) -> bool:
    return "totals" in entry


def _is_close(found: Any, expected: Any, unit: str, own_unit: str) -> bool:
    """Compare with numbers that EXPECTED.json holds to ten significant digits."""
    if found is None:
        return False
    wanted = convert(Decimal(str(expected)), unit, own_unit)
    return abs(Decimal(found) - wanted) <= abs(wanted) * Decimal("1e-9")


def _total_errors(name: str, expected: dict[str, Any], found: Any) -> list[str]:
    errors = []
    for keys, part in ((TOTALS, found), (SUMS, found["sum_of_events"])):
        for key, (field, unit, own_unit) in keys.items():
            if key in expected and not _is_close(part.get(field), expected[key], unit, own_unit):
                errors.append(f"{name}: {key} {part.get(field)} is not {expected[key]}")
    for breast in expected.get("accumulated_agd_mGy", []):
        side = breast["laterality"].partition(" ")[0].lower()
        agd = found.get("average_glandular_dose_mgy", {}).get(side)
        if not _is_close(agd, breast["value"], "mGy", "mGy"):
            errors.append(f"{name}: AGD {side} {agd} is not {breast['value']}")
    return errors


def test_every_report_of_the_corpus_is_valid(corpus: Path) -> None:
    """The report of each object is valid by the schema that documents it."""
    validator = Draft202012Validator(SCHEMA)
    errors, count = [], 0
    for name, _, document in _reports(corpus):
        count += 1
        errors += [
            f"{name}: {e.json_path}: {e.message[:200]}" for e in validator.iter_errors(document)
        ]
    _print(count, errors, "reports valid by read.schema.json")
    assert not errors, "\n".join(errors[:20])


def test_p12_p16_totals_of_every_dose_report_are_equal(corpus: Path) -> None:
    """Stated totals, counts and permitted sums of each report equal the expected ones."""
    errors, count = [], 0
    for name, entry, document in _reports(corpus):
        if _dose_kinds(entry):
            count += 1
            errors += _total_errors(name, entry["totals"], document["totals"])
    _print(count, errors, "dose reports with every total equal")
    assert not errors, "\n".join(errors)


def test_objects_without_a_dose_report_none(corpus: Path) -> None:
    """What states no dose is `no_dose` or `quarantined` with a reason, without event or total."""
    errors, count = [], 0
    for name, entry, document in _reports(corpus):
        if entry["kind"] in NO_DOSE_KINDS:
            count += 1
            has_none = not document["events"] and not document["stated"] and document["reason"]
            if document["outcome"] == "read" or not has_none:
                errors.append(f"{name}: {document['outcome']} {document['reason']}")
    _print(count, errors, "objects without a dose give none")
    assert not errors, "\n".join(errors)


def test_schema_accepts_every_quantity_and_refuses_what_is_unknown(corpus: Path) -> None:
    """Each quantity may be a total under its field name; an undocumented field is refused."""
    validator = Draft202012Validator(SCHEMA)
    _, _, document = next(_reports(corpus))
    for quantity in QUANTITIES.values():
        document["totals"][quantity.field] = {} if quantity.name == "average_glandular_dose" else 1
    assert validator.is_valid(document)
    assert not validator.is_valid({**document, "dose": 1})
    assert not validator.is_valid({key: document[key] for key in document if key != "totals"})


def _print(count: int, errors: list[str], what: str) -> None:
    wrong = {error.partition(":")[0] for error in errors}
    print(f"{count - len(wrong)} of {count} {what}")  # noqa: T201 - the measured figure
