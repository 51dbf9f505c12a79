"""Lines of the activity log, filtered."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from dosebook_central.store.models import AuditEvent


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What the auditor asks for; empty fields ask for all."""

    actor: str = ""
    action: str = ""
    object_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One act."""

    id: int
    at: datetime
    actor: str
    action: str
    object_kind: str
    object_id: str
    detail: dict[str, Any]
    hash: str


def list_lines(
    connection: Connection, wanted: AuditFilter, limit: int = 100, before: int | None = None
) -> list[AuditLine]:
    """Lines that match, newest first; `before` pages back from a line number."""
    statement = select(*(getattr(AuditEvent, name) for name in AuditLine.__slots__))
    for column, value in (
        (AuditEvent.actor, wanted.actor),
        (AuditEvent.action, wanted.action),
        (AuditEvent.object_id, wanted.object_id),
    ):
        if value:
            statement = statement.where(column == value)
    if wanted.since:
        statement = statement.where(AuditEvent.at >= wanted.since)
    if wanted.until:
        statement = statement.where(AuditEvent.at < wanted.until)
    if before is not None:
        statement = statement.where(AuditEvent.id < before)
    rows = connection.execute(statement.order_by(AuditEvent.id.desc()).limit(limit))
    return [AuditLine(*row) for row in rows]


def known_actions(connection: Connection) -> list[str]:
    """The actions that occur, for the filter's list."""
    rows = connection.execute(select(AuditEvent.action).distinct().order_by(AuditEvent.action))
    return [action for (action,) in rows]
