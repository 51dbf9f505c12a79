"""The list of values that readings of screens brought, one row each."""

from collections.abc import Iterable
from datetime import UTC
from typing import Any

from sqlalchemy import Connection, update

from dosebook_central.domain.exam import ReconciledExam
from dosebook_central.domain.screen_review import State, screen_values
from dosebook_central.store.bulk import insert_rows
from dosebook_central.store.screen_models import ScreenValue
from dosebook_protocol.reading import Outcome, Reading
from dosebook_protocol.record import Record
from dosebook_protocol.screen import KIND, PROFILE_ITEM


def note_values(connection: Connection, arrived: Iterable[tuple[Record, Reading]]) -> None:
    """List the values of records that were read from screens; others bring none."""
    rows = [row for record, reading in arrived for row in _rows(record, reading)]
    insert_rows(connection, ScreenValue.__table__, rows)


def note_roles(connection: Connection, exams: Iterable[ReconciledExam]) -> None:
    """Note what the screens of exams are used for: who reviews need not look at superseded ones."""
    roles = {
        use.record_id: use.role.value
        for exam in exams
        for use in exam.summary.evidences
        if use.kind == KIND
    }
    for record_id, role in sorted(roles.items()):
        connection.execute(
            update(ScreenValue)
            .where(ScreenValue.record_id == record_id, ScreenValue.role != role)
            .values(role=role)
            .execution_options(synchronize_session=False)
        )


def _rows(record: Record, reading: Reading) -> list[dict[str, Any]]:
    if reading.kind != KIND or reading.outcome is not Outcome.READ:
        return []
    profile = next((item.text for item in reading.items if item.name == PROFILE_ITEM), "")
    return [
        {
            "record_id": record.record_id,
            "path": path,
            "box_id": record.box_id,
            "profile": profile.partition("@")[0],
            "month": record.captured_at.astimezone(UTC).strftime("%Y-%m"),
            "captured_at": record.captured_at,
            "quantity": quantity,
            "was_released": was_released,
            "state": (State.RELEASED if was_released else State.WAITING).value,
            "role": "",
            "decided_by": "",
            "decided_at": None,
        }
        for path, (quantity, was_released) in sorted(screen_values(reading).items())
    ]
