"""The `status` command: counts, and what each box owes the registry."""

import json
from typing import Final

import click
from sqlalchemy import func, select

from dosebook_central.registry import Registry
from dosebook_central.store import migrate
from dosebook_central.store.models import Exam, Patient, Quarantine, Record
from dosebook_central.store.queries.boxes import list_boxes

_AT_ONCE: Final = 5000


def print_status(registry: Registry, *, as_json: bool, with_evidence: bool) -> None:
    """Print the state of a registry; `with_evidence` looks for the evidence of every record."""
    with registry.engine.connect() as connection:
        counts = {
            name: connection.scalar(statement)
            for name, statement in (
                ("patients", select(func.count()).select_from(Patient)),
                ("exams", select(func.count()).select_from(Exam)),
                ("records", select(func.count()).select_from(Record)),
                (
                    "in_quarantine",
                    select(func.count()).select_from(Quarantine).where(Quarantine.state == "open"),
                ),
            )
        }
        boxes = list_boxes(connection)
    lacking = _without_evidence(registry) if with_evidence else {}
    shown = {
        "version": registry.version,
        "database": migrate.current(registry.engine),
        **counts,
        "boxes": [
            {
                "id": one.id,
                "status": one.status,
                "records": one.records,
                "under_numbers_given_twice": one.reused,
                "last_sequence": one.last_sequence,
                "missing": [[gap.first, gap.last] for gap in one.gaps],
            }
            | ({"without_evidence": lacking.get(one.id, [])} if with_evidence else {})
            for one in boxes
        ],
    }
    if as_json:
        click.echo(json.dumps(shown, indent=2))
        return
    for name in ("version", "database", *counts):
        click.echo(f"{name.replace('_', ' '):<16} {shown[name]}")
    for one in boxes:
        missing = sum(gap.count for gap in one.gaps)
        state = f"{missing} missing" if missing else "complete"
        if one.reused:
            state += f", {one.reused} more under numbers given twice"
        click.echo(
            f"box {one.id:<20} {one.status:<8} {one.records} records "
            f"to sequence {one.last_sequence}, {state}"
        )
        if numbers := lacking.get(one.id):
            click.echo(f"  without evidence: {' '.join(map(str, numbers))}")


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
