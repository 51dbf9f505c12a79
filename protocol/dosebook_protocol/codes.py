"""Coded concepts by (value, scheme), never by meaning: legacy codes mapped, names by the standard.

The tables are data: `data/srt_to_sct.csv` (legacy SRT, SNM3 and 99SDM codes to SNOMED CT),
`data/umls_to_sct.csv` (UMLS concepts to the same) and `data/concepts.csv` (the concepts of the dose
templates and the quantity of those that are numbers).
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

Key = tuple[str, str]
"""Identity of a concept: (code value, coding scheme designator)."""

_LEGACY_SCHEMES: Final = frozenset({"SRT", "SNM3", "99SDM"})
_DCM_VALUE: Final = re.compile(r"1[0-3]\d{4}")
_KNOWN_SCHEMES: Final = frozenset({"DCM", "SCT", "SRT", "SNM3", "99SDM", "LN", "UCUM"})

# Names and UIDs that systems give a scheme in place of its designator (PS3.16 section 8).
_SCHEME_NAMES: Final = {
    "SNOMED-CT": "SCT",
    "SNOMED CT": "SCT",
    "SNOMEDCT": "SCT",
    "SNOMED": "SCT",
    "2.16.840.1.113883.6.96": "SCT",
    "SNOMED-RT": "SRT",
    "2.16.840.1.113883.6.5": "SRT",
    "LOINC": "LN",
    "2.16.840.1.113883.6.1": "LN",
    "DICOM": "DCM",
    "1.2.840.10008.2.16.4": "DCM",
    "2.16.840.1.113883.6.8": "UCUM",
}


@dataclass(frozen=True, slots=True)
class Concept:
    """A concept that dose templates use: its name here, and its quantity where it is a number."""

    value: str
    scheme: str
    name: str
    quantity: str
    meaning: str


def packaged_rows(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a packaged CSV, leaving out the comment lines that name its source."""
    text = files("dosebook_protocol").joinpath("data", name).read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    yield from csv.DictReader(lines)


SRT_TO_SCT: Final = {row["srt"]: row["sct"] for row in packaged_rows("srt_to_sct.csv")}
UMLS_TO_SCT: Final = {row["umls"]: row["sct"] for row in packaged_rows("umls_to_sct.csv")}
CONCEPTS: Final = {
    (row["value"], row["scheme"]): Concept(**row) for row in packaged_rows("concepts.csv")
}


@lru_cache(maxsize=8192)
def canonical(value: str, scheme: str) -> Key:
    """Return the identity of a code: legacy SNOMED codes become SCT, schemes are spelt alike.

    A code of six digits whose scheme was left out is one of DICOM's own (PS3.16 annex D).
    """
    scheme = scheme.strip()
    upper = _SCHEME_NAMES.get(scheme.upper(), scheme.upper())
    if upper in _KNOWN_SCHEMES:
        scheme = upper
    value = value.strip()
    if not scheme and _DCM_VALUE.fullmatch(value):
        scheme = "DCM"
    if scheme in _LEGACY_SCHEMES or scheme == "SCT":
        return _snomed(value, scheme)
    if upper == "UMLS" and value.upper() in UMLS_TO_SCT:
        return UMLS_TO_SCT[value.upper()], "SCT"
    return value, scheme


def _snomed(value: str, scheme: str) -> Key:
    """Return a SNOMED code by its form: old ones have letters and a hyphen, whatever the scheme."""
    replaced = SRT_TO_SCT.get(value.upper())
    if replaced or scheme == "SCT":
        return replaced or value, "SCT"
    is_new = value.isdecimal() and _DCM_VALUE.fullmatch(value) is None
    return (value, "SCT") if is_new else (value.upper(), "SRT")


def _dcm(value: str) -> Key:
    return value, "DCM"


def _sct(value: str) -> Key:
    return value, "SCT"


# Document roots and containers
X_RAY_RADIATION_DOSE_REPORT: Final = _dcm("113701")
RADIOPHARMACEUTICAL_RADIATION_DOSE_REPORT: Final = _dcm("113500")
PATIENT_RADIATION_DOSE_REPORT: Final = _dcm("128401")
ACCUMULATED_X_RAY_DOSE_DATA: Final = _dcm("113702")
IRRADIATION_EVENT_X_RAY_DATA: Final = _dcm("113706")
CT_ACCUMULATED_DOSE_DATA: Final = _dcm("113811")
CT_ACQUISITION: Final = _dcm("113819")
RADIOPHARMACEUTICAL_ADMINISTRATION: Final = _dcm("113502")
ENHANCED_ACCUMULATED_DOSE_DATA: Final = _dcm("130500")
ENHANCED_EVENT_SUMMARY_DATA: Final = _dcm("130501")

# Report level
PROCEDURE_REPORTED: Final = _dcm("121058")
ASSOCIATED_PROCEDURE: Final = _sct("363589002")
HAS_INTENT: Final = _sct("363703001")
SCOPE_OF_ACCUMULATION: Final = _dcm("113705")
PERFORMED_STEP_UID: Final = _dcm("121126")
PATIENT_CHARACTERISTICS: Final = _dcm("121118")
COMPUTED_TOMOGRAPHY_X_RAY: Final = _sct("77477000")
MAMMOGRAPHY: Final = _sct("71651007")

# Event attributes
IRRADIATION_EVENT_UID: Final = _dcm("113769")
ADMINISTRATION_EVENT_UID: Final = _dcm("113503")
DATETIME_STARTED: Final = _dcm("111526")
ADMINISTRATION_START: Final = _dcm("123003")
IRRADIATION_EVENT_TYPE: Final = _dcm("113721")
CT_ACQUISITION_TYPE: Final = _dcm("113820")
ACQUISITION_PROTOCOL: Final = _dcm("125203")
TARGET_REGION: Final = _dcm("123014")
LATERALITY: Final = _sct("272741003")
IMAGE_VIEW: Final = _dcm("111031")
ACQUISITION_PLANE: Final = _dcm("113764")
PHANTOM_TYPE: Final = _dcm("113835")
X_RAY_SOURCE: Final = _dcm("113832")
IS_REPEATED: Final = _dcm("128551")
ACQUIRED_IMAGE: Final = _dcm("113795")

# Numbers that readers compare
AVERAGE_GLANDULAR_DOSE: Final = _dcm("111631")
ACCUMULATED_AVERAGE_GLANDULAR_DOSE: Final = _dcm("111637")
