"""What a person may do: one right per function, roles as presets, changes per user (R7, R78)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final


class Right(StrEnum):
    """One function of the registry; every page of the web names the one that it needs."""

    PATIENT_READ = "patient.read"
    EVIDENCE_READ = "evidence.read"
    EVIDENCE_DOWNLOAD = "evidence.download"
    BOX_READ = "box.read"
    QUARANTINE_READ = "quarantine.read"
    QUARANTINE_RESOLVE = "quarantine.resolve"
    SCREEN_REVIEW = "screen.review"
    IMPORT_RUN = "import.run"
    STATISTICS_READ = "statistics.read"
    RISK_READ = "risk.read"
    PROCEDURE_MAP = "procedure.map"
    ORDER_ASSIGN = "order.assign"
    READING_ASSIGN = "reading.assign"
    EXAM_JOIN = "exam.join"
    DOSIMETRY_MANAGE = "dosimetry.manage"
    AUDIT_READ = "audit.read"
    USER_MANAGE = "user.manage"


RIGHT_WORDS: Final[dict[Right, str]] = {
    Right.PATIENT_READ: "Search patients, read histories and exams",
    Right.EVIDENCE_READ: "See where a number comes from",
    Right.EVIDENCE_DOWNLOAD: "Download the original object",
    Right.BOX_READ: "See the state of boxes",
    Right.QUARANTINE_READ: "See what could not be accepted",
    Right.QUARANTINE_RESOLVE: "Replay quarantined objects, or set them aside",
    Right.SCREEN_REVIEW: "Confirm, correct and reject values read from screens, and draw profiles",
    Right.IMPORT_RUN: "Import files",
    Right.STATISTICS_READ: "See reference levels and statistics",
    Right.RISK_READ: "See which patients a cumulative rule names",
    Right.PROCEDURE_MAP: "Map procedure names",
    Right.ORDER_ASSIGN: "Correct which order an irradiation event answers",
    Right.READING_ASSIGN: "Give readings that came without a patient to their exams",
    Right.EXAM_JOIN: "Decide whether two exams that look alike are one",
    Right.DOSIMETRY_MANAGE: "Switch coefficient sets and change alert rules",
    Right.AUDIT_READ: "Read and verify the activity log",
    Right.USER_MANAGE: "Add, change and unlock people",
}


@dataclass(frozen=True, slots=True)
class Role:
    """A preset of rights, with the words that a person reads."""

    label: str
    rights: frozenset[Right]


_CLINICAL: Final = frozenset({Right.PATIENT_READ, Right.EVIDENCE_READ})
_ANALYSING: Final = frozenset({Right.STATISTICS_READ, Right.RISK_READ})
_OPERATING: Final = frozenset({Right.BOX_READ, Right.QUARANTINE_READ})

ROLES: Final[dict[str, Role]] = {
    "radiographer": Role("Radiographer", _CLINICAL),
    "radiologist": Role("Radiologist", _CLINICAL | _ANALYSING),
    "physicist": Role(
        "Medical physicist",
        _CLINICAL
        | _OPERATING
        | _ANALYSING
        | {
            Right.EVIDENCE_DOWNLOAD,
            Right.QUARANTINE_RESOLVE,
            Right.SCREEN_REVIEW,
            Right.IMPORT_RUN,
            Right.PROCEDURE_MAP,
            Right.ORDER_ASSIGN,
            Right.READING_ASSIGN,
            Right.EXAM_JOIN,
            Right.DOSIMETRY_MANAGE,
        },
    ),
    "director": Role(
        "Director", frozenset({Right.PATIENT_READ, Right.BOX_READ, Right.STATISTICS_READ})
    ),
    "data-manager": Role(
        "Data manager",
        _CLINICAL
        | _OPERATING
        | {
            Right.QUARANTINE_RESOLVE,
            Right.SCREEN_REVIEW,
            Right.IMPORT_RUN,
            Right.STATISTICS_READ,
            Right.PROCEDURE_MAP,
            Right.ORDER_ASSIGN,
            Right.READING_ASSIGN,
            Right.EXAM_JOIN,
        },
    ),
    "field-engineer": Role("Field engineer", _OPERATING),
    "auditor": Role("Auditor", frozenset({Right.AUDIT_READ})),
    "administrator": Role("Administrator", frozenset(Right)),
}


def rights_of(role: str, changes: Mapping[str, Any] | None = None) -> frozenset[Right]:
    """Rights of a role, plus those granted to and minus those refused to this one person."""
    preset = ROLES[role].rights if role in ROLES else frozenset()
    granted = _known((changes or {}).get("granted"))
    refused = _known((changes or {}).get("refused"))
    return (preset | granted) - refused


def changes_for(role: str, wanted: frozenset[Right]) -> dict[str, list[str]]:
    """How `wanted` departs from the preset of a role, as stored beside the user."""
    preset = ROLES[role].rights
    return {"granted": sorted(wanted - preset), "refused": sorted(preset - wanted)}


def _known(names: Any) -> frozenset[Right]:
    valid = set(Right)
    return frozenset(Right(name) for name in names or () if name in valid)
