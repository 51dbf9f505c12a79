"""What a registry holds, in a form that two registries can be compared in.

Without what may differ between two ways of the same dose: ids of records and groups, boxes, moments
of this registry, and whether it was captured or imported. A record stands there as what was read.
"""

import hashlib
import json
from typing import Any

from sqlalchemy import Engine, select

from dosebook_central.store.models import Event, Exam, Patient, Reading, Record

# `as_of` notes which exam described a patient; of exams that merged it may name the one that went.
_LEFT_OUT = {"group_id", "updated_at", "origin", "record_id", "summary", "as_of"}
# Lists that are sets: their order says nothing.
_SETS = {"record_ids", "evidences", "sources"}


def snapshot(engine: Engine) -> dict[str, Any]:
    """Exams with their events by exam id, patients by id, and every reading by what it says."""
    with engine.connect() as connection:
        names = {
            record_id: _name(json.loads(body))
            for record_id, body in connection.execute(select(Reading.record_id, Reading.body))
        }
        exams = {
            row.id: _columns(Exam, row) | {"summary": _canonical(row.summary, names), "events": []}
            for row in connection.execute(select(*Exam.__table__.columns))
        }
        for row in connection.execute(
            select(*Event.__table__.columns).order_by(Event.exam_id, Event.ordinal)
        ):
            event = _columns(Event, row) | {"record": names[row.record_id]}
            exams[row.exam_id]["events"].append(event)
        patients = {
            row.id: _columns(Patient, row)
            for row in connection.execute(select(*Patient.__table__.columns))
        }
        counted = connection.execute(
            select(Record.id).where(Record.status == "stored", Record.duplicate_of == "")
        ).scalars()
        # A set: files may differ in nothing but file meta information, which no association sends.
        readings = dict.fromkeys((names[record_id] for record_id in counted), "read")
    return {"exams": exams, "patients": patients, "readings": readings}


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """Where two snapshots differ, one line each."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [
            line
            for key in sorted({*one, *other}, key=str)
            for line in differences(one.get(key), other.get(key), f"{path}/{key}")
        ]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [
            line
            for number, (left, right) in enumerate(zip(one, other, strict=True))
            for line in differences(left, right, f"{path}[{number}]")
        ]
    return [] if one == other else [f"{path}: {_short(one)} is not {_short(other)}"]


def _columns(table: Any, row: Any) -> dict[str, Any]:
    names = (column.name for column in table.__table__.columns)
    return {name: getattr(row, name) for name in names if name not in _LEFT_OUT}


def _name(reading: dict[str, Any]) -> str:
    """A record by its object and all that was read from it, however that was encoded."""
    said = {key: part for key, part in reading.items() if key != "transfer_syntax_uid"}
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    return f"{reading.get('kind')} {reading.get('sop_instance_uid')} {digest[:16]}"


def _canonical(value: Any, names: dict[str, str], key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _canonical(part, names, name) for name, part in value.items()}
    if isinstance(value, list):
        parts = [_canonical(part, names, key) for part in value]
        return sorted(parts, key=repr) if key in _SETS else parts
    return names.get(value, value) if isinstance(value, str) else value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}…"
