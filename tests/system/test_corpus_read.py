"""`dosebook-registry read --json` over the whole corpus, against what its publishers say (Show 2).

The comparison shares no code with the product: numbers are parsed here, units converted here.
"""

import json
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.support.expected import STUDY
from tools.site.program import executable

Document = dict[str, Any]

NO_DOSE = {"negative", "sr-no-dose", "sc-no-dose"}
REPORTS = {"rdsr-ct", "rdsr-projection", "rdsr-mg", "esr-dose-ct", "rrdsr"}
HEADERS = {"image-header", "dose-sc-header", "dicomweb-metadata"}

# EXPECTED.json gives ten significant digits.
DIGITS = Decimal("1e-9")

# Key of EXPECTED.json → (field of the document, factor from the unit of the key to that field's).
TOTALS = {
    "dlp_total_mGycm": ("dlp_mgy_cm", 1),
    "dap_total_Gym2": ("dose_area_product_gy_cm2", 10_000),
    "fluoro_dap_total_Gym2": ("fluoro_dose_area_product_gy_cm2", 10_000),
    "acquisition_dap_total_Gym2": ("acquisition_dose_area_product_gy_cm2", 10_000),
    "dose_rp_total_Gy": ("dose_rp_mgy", 1000),
    "fluoro_dose_rp_total_Gy": ("fluoro_dose_rp_mgy", 1000),
    "acquisition_dose_rp_total_Gy": ("acquisition_dose_rp_mgy", 1000),
    "total_fluoro_time_s": ("fluoro_time_s", 1),
    "total_acquisition_time_s": ("acquisition_time_s", 1),
    "total_radiographic_frames": ("number_of_frames", 1),
    "stated_events": ("number_of_events", 1),
    "events_in_file": ("events_in_file", 1),
    "events_with_dose": ("events_with_dose", 1),
    "max_event_ctdivol_mGy": ("max_ctdi_vol_mgy", 1),
    "administrations": ("administrations", 1),
    "administered_activity_MBq": ("administered_activity_mbq", 1),
}
SUMS = {
    "sum_event_dlp_mGycm": ("dlp_mgy_cm", 1),
    "sum_event_dap_Gym2": ("dose_area_product_gy_cm2", 10_000),
    "sum_event_dose_rp_Gy": ("dose_rp_mgy", 1000),
}
HEADER_DOSES = {
    "ctdivol_mGy": ("ctdi_vol", 1),
    "dap_Gym2": ("dose_area_product", 10_000),
    "agd_mGy": ("average_glandular_dose", 1),
    "entrance_dose_mGy": ("entrance_dose", 1),
    "administered_activity_MBq": ("administered_activity", 1),
}
UIDS = ("sop_class_uid", "sop_instance_uid", "series_uid", "modality")
PATIENT = ("id", "issuer", "name", "sex", "birth_date", "age")
SIZES = ("size_m", "weight_kg")


@pytest.fixture(scope="module")
def expected(corpus) -> dict[str, Document]:
    """What can be read in each file."""
    return json.loads((corpus / "EXPECTED.json").read_text("utf-8"), parse_float=Decimal)


@pytest.fixture(scope="module")
def documents(corpus, expected) -> dict[str, Document]:
    """What the command says of each file, by the path that the publishers give it."""
    command = [executable("dosebook-registry"), "read", "--json", corpus]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    found = {one["path"]: one for one in json.loads(done.stdout, parse_float=Decimal)}
    prefix = f"{corpus}/"
    return {path.removeprefix(prefix): one for path, one in found.items()}


def _of_kinds(expected, documents, kinds) -> Iterator[tuple[str, Document, Document]]:
    for name, entry in sorted(expected.items()):
        if entry["kind"] in kinds:
            yield name, entry, documents[name]


def _is_equal(found: Any, wanted: Any, factor: int) -> bool:
    if found is None:
        return False
    stated = Decimal(wanted) * factor
    return abs(Decimal(found) - stated) <= abs(stated) * DIGITS


def _verdict(count: int, problems: dict[str, list[str]], what: str) -> None:
    wrong = [f"{name}: {line}" for name, lines in problems.items() for line in lines]
    print(f"{count - sum(map(bool, problems.values()))} of {count} {what}")  # noqa: T201 - the measured figure
    assert count, "the corpus holds no such file"
    assert not wrong, "\n".join(wrong)


def _numbers(wanted: Document, found: Document, table: dict[str, tuple[str, int]]) -> list[str]:
    return [
        f"{key} is {wanted[key]}, read was {found.get(field)}"
        for key, (field, factor) in table.items()
        if key in wanted and not _is_equal(found.get(field), wanted[key], factor)
    ]


def _total_problems(wanted: Document, found: Document) -> list[str]:
    problems = _numbers(wanted, found, TOTALS) + _numbers(wanted, found["sum_of_events"], SUMS)
    for breast in wanted.get("accumulated_agd_mGy", ()):
        side = breast["laterality"].partition(" ")[0].lower()
        read = found.get("average_glandular_dose_mgy", {}).get(side)
        if not _is_equal(read, breast["value"], 1):
            problems.append(f"AGD {side} is {breast['value']}, read was {read}")
    return problems


def test_stated_totals_and_counts_of_every_report_are_equal(expected, documents):
    """Every dose report is read; totals, counts and event UIDs are those of its publishers."""
    problems = {}
    for name, entry, document in _of_kinds(expected, documents, REPORTS):
        found = _total_problems(entry["totals"], document["totals"])
        if document["outcome"] != "read":
            found.append(f"is {document['outcome']}: {document['reason']}")
        uids = [one["uid"] for one in entry["events"] if "uid" in one]
        if len(uids) == len(entry["events"]) and uids != [one["uid"] for one in document["events"]]:
            found.append("the irradiation event UIDs differ")
        problems[name] = found
    _verdict(len(problems), problems, "dose reports equal in totals, counts and event UIDs")


def test_doses_of_every_header_are_equal(expected, documents):
    """Every image header is read, with the dose that it states and no other."""
    problems = {}
    for name, entry, document in _of_kinds(expected, documents, HEADERS):
        found = [] if document["outcome"] == "read" else [f"is {document['outcome']}"]
        wanted = entry.get("header_dose", {})
        values = [value for event in document["events"] for value in event["values"]]
        for key, (quantity, factor) in HEADER_DOSES.items():
            stated = wanted.get(key, [])
            stated = stated if isinstance(stated, list) else [stated]
            read = [value["value"] for value in values if value["quantity"] == quantity]
            if key not in wanted and entry["kind"] == "dose-sc-header":
                continue  # its exposures are in `header`, its total below
            if len(read) != len(stated) or not all(
                _is_equal(one, other, factor) for one, other in zip(read, stated, strict=True)
            ):
                found.append(f"{key} is {stated}, read was {read}")
        lengths = {"dlp_total_mGycm": TOTALS["dlp_total_mGycm"]}
        problems[name] = found + _numbers(wanted, document["totals"], lengths)
    _verdict(len(problems), problems, "headers equal in dose")


def test_identities_of_every_dicom_file_are_equal(expected, documents):
    """Object UIDs, patient and study of every file are as stated; absent stays empty."""
    problems = {}
    for name, entry in sorted(expected.items()):
        document = documents.get(name)
        if document is None or "sop_class_uid" not in entry:
            continue
        patient, study = entry.get("patient", {}), entry.get("study", {})
        # Of DICOM JSON the publishers give patient and study only.
        keys = () if entry["kind"] == "dicomweb-metadata" else UIDS
        pairs = [(key, entry.get(key, ""), document[key]) for key in keys]
        pairs += [(key, patient.get(key, ""), document["patient"][key]) for key in PATIENT]
        pairs += [
            (key, study.get(key, ""), document["study"][field]) for key, field in STUDY.items()
        ]
        found = [f"{key} is {one!r}, read was {two!r}" for key, one, two in pairs if one != two]
        found += [
            f"{key} is {patient[key]}, read was {document['patient'][key]}"
            for key in SIZES
            if key in patient and not _is_equal(document["patient"][key], patient[key], 1)
        ]
        problems[name] = found
    _verdict(len(problems), problems, "DICOM files equal in UIDs, patient and study")


def test_what_states_no_dose_gives_none(expected, documents):
    """Negatives give no event, no total and a reason; nothing crashed on the way."""
    problems = {}
    for name, _, document in _of_kinds(expected, documents, NO_DOSE):
        is_empty = not document["events"] and not document["stated"]
        is_told = document["outcome"] in {"no_dose", "quarantined"} and document["reason"]
        problems[name] = [] if is_empty and is_told else [f"is {document['outcome']}"]
    _verdict(len(problems), problems, "files without a dose give none")
