"""`read --json`: what a reader saw in one object, as a stable, documented JSON document.

The form is described in docs/reference/read-json.md and by schemas/v1/read.schema.json. Numbers are
JSON numbers with exactly the digits of the `Decimal`: read them as decimals and no digit is lost.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any, Final

from dosebook_protocol.quantities import QUANTITIES
from dosebook_protocol.reading import (
    READER_VERSION,
    CodedItem,
    DoseValue,
    IrradiationEvent,
    Reading,
    Total,
)
from dosebook_protocol.report_totals import totals

FORMAT: Final = 1
"""Raised when a field changes its meaning or goes; a new field does not raise it."""

_LONGEST_EXPONENT: Final = 40


def report(reading: Reading, path: str = "", sha256: str = "") -> dict[str, Any]:
    """Return the report of one object; `path` and `sha256` name the file that held it."""
    return {
        "format": FORMAT,
        "path": path,
        "sha256": sha256,
        "outcome": reading.outcome.value,
        "reason": reading.reason,
        "kind": reading.kind,
        "reader": reading.reader,
        "reader_version": READER_VERSION,
        "modality": reading.modality,
        "sop_class_uid": reading.sop_class_uid,
        "sop_instance_uid": reading.sop_instance_uid,
        "series_uid": reading.series_uid,
        "series_description": reading.series_description,
        "series_number": reading.series_number,
        "character_set": reading.character_set,
        "content_date": reading.content_date,
        "content_time": reading.content_time,
        "root_concept": _plain(reading.root_concept),
        "template": reading.template,
        "created": _plain(reading.created),
        "patient": _patient(reading),
        "study": _plain(reading.study),
        "equipment": _plain(reading.equipment),
        "protocol": reading.protocol,
        "procedure_reported": _plain(reading.procedure_reported),
        "intent": _plain(reading.intent),
        "scope": _plain(reading.scope),
        "scope_uid": reading.scope_uid,
        "step": _plain(reading.step),
        "performed_step_uid": reading.performed_step_uid,
        "events": [_event(event) for event in reading.events],
        "totals": totals(reading),
        "stated": [_total(total) for total in reading.totals],
        "items": [_item(item) for item in reading.items],
        "deviations": [_plain(deviation) for deviation in reading.deviations],
    }


def to_json(document: Any, indent: int | None = None) -> str:
    """Write a report as JSON, every `Decimal` with exactly its own digits."""
    return "".join(_chunks(document, indent, 0))


def _chunks(value: Any, indent: int | None, depth: int) -> Iterator[str]:
    if isinstance(value, Decimal):
        yield _number(value)
    elif isinstance(value, Mapping):
        pairs = ((f"{json.dumps(str(k))}: ", v) for k, v in value.items())
        yield from _container("{}", pairs, indent, depth)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield from _container("[]", (("", v) for v in value), indent, depth)
    else:
        yield json.dumps(value, ensure_ascii=False)


def _container(
    brackets: str, pairs: Iterator[tuple[str, Any]], indent: int | None, depth: int
) -> Iterator[str]:
    between = "\n" + " " * (indent * (depth + 1)) if indent else ""
    separator, is_empty = brackets[0], True
    for name, value in pairs:
        yield f"{separator}{between}{name}"
        yield from _chunks(value, indent, depth + 1)
        separator, is_empty = "," if indent else ", ", False
    if is_empty:
        yield brackets
    else:
        yield ("\n" + " " * (indent * depth) if indent else "") + brackets[1]


def _number(value: Decimal) -> str:
    """Write without exponent, unless the exponent is one that no quantity can have."""
    exponent = value.as_tuple().exponent
    is_short = isinstance(exponent, int) and abs(exponent) <= _LONGEST_EXPONENT
    return f"{value:f}" if is_short else str(value)


def _plain(part: Any) -> Any:
    return None if part is None else asdict(part)


def _patient(reading: Reading) -> dict[str, Any]:
    found = asdict(reading.patient)
    found["other_ids"] = [
        {"id": identifier, "issuer": issuer} for identifier, issuer in reading.patient.other_ids
    ]
    return found


def _event(event: IrradiationEvent) -> dict[str, Any]:
    return {
        "uid": event.uid,
        "uid_is_synthesised": event.uid_is_synthesised,
        "kind": event.kind.value,
        "type": _plain(event.event_type),
        "started": _plain(event.started),
        "protocol": event.protocol,
        "region": _plain(event.target_region),
        "laterality": _plain(event.laterality),
        "side": event.side,
        "view": _plain(event.view),
        "plane": event.plane.value if event.plane else None,
        "phantom": event.phantom,
        "is_repeated": event.is_repeated,
        "values": [_value(value) for value in event.values],
        "items": [_item(item) for item in event.items],
        "image_uids": list(event.image_uids),
    }


def _value(value: DoseValue) -> dict[str, Any]:
    return {
        "quantity": value.quantity,
        "field": QUANTITIES[value.quantity].field,
        "value": value.value,
        "unit": value.unit,
        "original": value.original,
        "original_unit": value.original_unit,
        "path": value.path,
    }


def _item(item: CodedItem) -> dict[str, Any]:
    return asdict(item)


def _total(total: Total) -> dict[str, Any]:
    return {
        **_value(total.value),
        "plane": total.plane.value if total.plane else None,
        "side": total.side,
        "phantom": total.phantom,
    }
