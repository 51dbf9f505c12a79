"""Corrected crops as regression cases for the reader: the pixels, and what they say.

A case has nothing but the field: the crop with whatever shows the patient painted black, the text
that a person read, the text that the reader read, and which profile and model that was.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sqlalchemy import Connection

from dosebook_central.domain.procedures.decisions import standing
from dosebook_central.screens.png import PngError, masked
from dosebook_central.store.queries.screens import corrected, decisions_on
from dosebook_protocol.screen import Area, ScreenEvidence, ScreenReport, ScreenValue

_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)
_README: Final = """Crops of dose screens that a reader read wrongly, each with what a person read.

cases.jsonl has one case a line: `file`, `text` (the truth), `read` (what the reader said), and the
field. A crop whose field shows a patient is black there. No case names a patient, exam or box.
"""

Open = Callable[[str, str], ScreenEvidence | str]


@dataclass(frozen=True, slots=True)
class Case:
    """One crop and what is true of it."""

    picture: bytes
    said: dict[str, Any]


def cases(connection: Connection, open_evidence: Open) -> Iterator[Case]:
    """The corrected values of this registry; those whose evidence cannot be opened are left out."""
    for listed in corrected(connection):
        opened = open_evidence(listed.evidence_sha256, listed.media_type)
        own = [
            one.decision
            for one in decisions_on(connection, listed.record_id)
            if one.decision.path == listed.path
        ]
        held = standing(own)
        if isinstance(opened, str) or held is None or held.confirmed is None:
            continue
        case = case_of(opened, listed.path, held.confirmed.value.original)
        if case is not None:
            yield case


def case_of(screen: ScreenEvidence, path: str, truth: str) -> Case | None:
    """The case of one value; None where the screen has no such value or its crop is damaged."""
    value = next((one for one in screen.report.values if one.path == path), None)
    if value is None:
        return None
    try:
        picture = masked(screen.crops[path], patient_in(value, screen.report))
    except PngError:
        return None
    return Case(picture, _said(value, screen.report, truth))


def written(found: Iterable[Case]) -> bytes:
    """A ZIP of cases: the same cases give the same bytes."""
    lines: list[str] = []
    pictures: dict[str, bytes] = {}
    for case in found:
        name = f"crops/{sha256(case.picture).hexdigest()[:16]}.png"
        pictures[name] = case.picture
        lines.append(json.dumps({"file": name} | case.said, ensure_ascii=False))
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        files = {"README.txt": _README.encode()} | {
            "cases.jsonl": "".join(f"{line}\n" for line in sorted(lines)).encode()
        }
        for name, data in (files | dict(sorted(pictures.items()))).items():
            archive.writestr(ZipInfo(name, _LONG_AGO), data)
    return stream.getvalue()


def _said(value: ScreenValue, report: ScreenReport, truth: str) -> dict[str, Any]:
    return {
        "text": truth,
        "read": value.text,
        "path": value.path.partition("[")[0],
        "quantity": value.quantity,
        "unit": value.unit,
        "form": value.form,
        "decimals": value.decimals,
        "confidence": value.confidence,
        "reader": value.reader,
        "way": report.way,
        "profile": report.profile,
        "revision": report.revision,
        "model_hash": report.model_hash,
    }


def patient_in(value: ScreenValue, report: ScreenReport) -> list[Area]:
    """The parts of a value's crop that show the patient, in its own pixels."""
    field = value.area
    inside = []
    for area in report.patient_areas:
        left, top = max(area.x, field.x), max(area.y, field.y)
        right = min(area.x + area.width, field.x + field.width)
        bottom = min(area.y + area.height, field.y + field.height)
        if right > left and bottom > top:
            inside.append(
                Area(x=left - field.x, y=top - field.y, width=right - left, height=bottom - top)
            )
    return inside
