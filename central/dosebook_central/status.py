"""The `status` command: counts, and what each box owes the registry."""

import json

import click
from sqlalchemy import func, select

from dosebook_central.registry import Registry
from dosebook_central.store import migrate
from dosebook_central.store.models import Exam, Patient, Quarantine, Record
from dosebook_central.store.queries.boxes import list_boxes


def print_status(registry: Registry, *, as_json: bool) -> None:
    """Print the state of a registry."""
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
    shown = {
        "version": registry.version,
        "database": migrate.current(registry.engine),
        **counts,
        "boxes": [
            {
                "id": one.id,
                "status": one.status,
                "records": one.records,
                "last_sequence": one.last_sequence,
                "missing": [[gap.first, gap.last] for gap in one.gaps],
            }
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
        click.echo(
            f"box {one.id:<20} {one.status:<8} {one.records} records "
            f"to sequence {one.last_sequence}, {state}"
        )
