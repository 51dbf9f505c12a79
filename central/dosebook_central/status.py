"""The `status` command: counts, and what each box owes the registry."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click
from sqlalchemy import Connection, func, select

from dosebook_central.registry import Registry
from dosebook_central.store import migrate
from dosebook_central.store.models import Exam, Patient, Quarantine, Record
from dosebook_central.store.queries.boxes import BoxState, list_boxes

_AT_ONCE: Final = 5000


def print_status(registry: Registry, *, as_json: bool, with_evidence: bool) -> None:
    """Print the state of a registry; `with_evidence` looks for the evidence of every record."""
    with registry.engine.connect() as connection:
        counts = _counts(connection)
        boxes = list_boxes(connection)
    lacking = _without_evidence(registry) if with_evidence else None
    about = {"version": registry.version, "database": migrate.current(registry.engine), **counts}
    if as_json:
        told = [_box(one, lacking) for one in boxes]
        click.echo(json.dumps({**about, "boxes": told}, indent=2))
        return
    for name, value in about.items():
        click.echo(f"{name.replace('_', ' '):<16} {value}")
    for one in boxes:
        _print_box(one, (lacking or {}).get(one.id, []))


def _counts(connection: Connection) -> dict[str, int | None]:
    is_open = Quarantine.state == "open"
    statements = {
        "patients": select(func.count()).select_from(Patient),
        "exams": select(func.count()).select_from(Exam),
        "records": select(func.count()).select_from(Record),
        "in_quarantine": select(func.count()).select_from(Quarantine).where(is_open),
    }
    return {name: connection.scalar(statement) for name, statement in statements.items()}


def _box(one: BoxState, lacking: Mapping[str, Sequence[int]] | None) -> dict[str, Any]:
    told = {
        "id": one.id,
        "status": one.status,
        "records": one.records,
        "under_numbers_given_twice": one.reused,
        "last_sequence": one.last_sequence,
        "missing": [[gap.first, gap.last] for gap in one.gaps],
    }
    return told if lacking is None else told | {"without_evidence": lacking.get(one.id, [])}


def _print_box(one: BoxState, lacking: Sequence[int]) -> None:
    missing = sum(gap.count for gap in one.gaps)
    state = f"{missing} missing" if missing else "complete"
    if one.reused:
        state += f", {one.reused} more under numbers given twice"
    click.echo(
        f"box {one.id:<20} {one.status:<8} {one.records} records "
        f"to sequence {one.last_sequence}, {state}"
    )
    if lacking:
        click.echo(f"  without evidence: {' '.join(map(str, lacking))}")


def _without_evidence(registry: Registry) -> dict[str, list[int]]:
    """Sequence numbers, by box, of records whose evidence is not in its store."""
    found: dict[str, list[int]] = {}
    statement = select(
        Record.box_id, Record.sequence, Record.evidence_sha256, Record.evidence_size
    ).order_by(Record.box_id, Record.sequence)
    with registry.engine.connect().execution_options(yield_per=_AT_ONCE) as connection:
        for box_id, sequence, sha256, size in connection.execute(statement):
            if not registry.evidence.holds(sha256, size):
                found.setdefault(box_id, []).append(sequence)
    return found
