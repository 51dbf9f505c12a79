"""`derive --json`: the derived doses of files as a documented JSON document.

The form is described in docs/reference/derive-json.md. Numbers are JSON numbers with exactly the
digits of the `Decimal`.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from dosebook_central.dosimetry.derive import DOSIMETRY_VERSION
from dosebook_central.dosimetry.sets import Library
from dosebook_central.dosimetry.values import DerivedValue, NotComputable, Place
from dosebook_central.offline.exams import FileUse, Found, OfflineExam
from dosebook_protocol.quantities import QUANTITIES
from dosebook_protocol.reading import READER_VERSION

FORMAT: Final = 1
"""Raised when a field changes its meaning or goes; a new field does not raise it."""

Document = dict[str, Any]


def label_of(quantity: str) -> str:
    """Return the name of a quantity for people; for nothing in particular it is everything."""
    known = QUANTITIES.get(quantity)
    return known.label if known else quantity.replace("_", " ") or "all quantities"


def document(found: Found, library: Library) -> Document:
    """Return all that was found as plain JSON values; it names no patient."""
    return {
        "format": FORMAT,
        "reader_version": READER_VERSION,
        "dosimetry_version": DOSIMETRY_VERSION,
        "sets_sha256": library.digest,
        "exams": [_exam(one, found.files) for one in found.exams],
        "files": [_file(one) for one in found.files],
    }


def _exam(found: OfflineExam, files: Sequence[FileUse]) -> Document:
    exam, derived = found.exam, found.derived
    return {
        "number": found.number,
        "files": [one.path for one in files if one.exam == found.number],
        "modality": exam.modality,
        "started": exam.started,
        "description": exam.description,
        "protocol": exam.protocol,
        "manufacturer": exam.manufacturer,
        "model": exam.model,
        "event_count": len(exam.events),
        "age_years": derived.age_years,
        "age_source": derived.age_source,
        "is_therapeutic": derived.is_therapeutic,
        "procedure_id": derived.procedure_id,
        "procedure_source": derived.procedure_source,
        "values": [_value(one) for one in derived.values],
        "not_computable": [_absence(one) for one in derived.absences],
        "flags": [asdict(one) for one in derived.flags],
        "regions": [asdict(one) | {"others": list(one.others)} for one in derived.regions],
        "conflicts": [one.sentence for one in exam.summary.conflicts],
    }


def _file(use: FileUse) -> Document:
    return {
        "path": use.path,
        "outcome": use.outcome.value,
        "kind": use.kind,
        "exam": use.exam or None,
        "role": str(use.role),
        "reason": use.reason,
    }


def _value(value: DerivedValue) -> Document:
    return {
        "quantity": value.quantity,
        "label": value.label,
        "value": value.value,
        "unit": value.unit,
        "interval": asdict(value.interval) if value.interval else None,
        "method": asdict(value.method),
        "place": _place(value.place),
        "inputs": [asdict(one) for one in value.inputs],
        "notes": list(value.notes),
        "is_estimate": value.is_estimate,
        "is_headline": value.is_headline,
    }


def _absence(absence: NotComputable) -> Document:
    return {
        "quantity": absence.quantity,
        "label": absence.label,
        "code": absence.code,
        "reason": absence.reason,
        "place": _place(absence.place),
    }


def _place(place: Place) -> Document:
    return asdict(place) | {"plane": place.plane.value if place.plane else None}
