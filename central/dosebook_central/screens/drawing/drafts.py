"""Drafts of profiles: what is drawn, and the pictures that it is drawn on.

A picture may show a patient. It lies in the database, not in the evidence store, so that it is gone
with its draft.
"""

from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from dosebook_central.store.draft_models import ScreenDraft, ScreenDraftPicture
from dosebook_central.store.models import Box, Record
from dosebook_central.store.screen_models import ScreenValue
from dosebook_protocol.reading import Outcome
from dosebook_protocol.screen_drawing.drawn import MOST_PICTURES, Draft, Drawn, PictureSize
from dosebook_protocol.screen_drawing.form import Tree
from dosebook_protocol.screen_drawing.upload import Upload

MOST_DRAFTS: Final = 50
_LEAST_PICTURE: Final = 16 * 1024
"""An object of fewer bytes was kept without its pixels."""


@dataclass(frozen=True, slots=True)
class CapturedScreen:
    """A screen that a box sent."""

    record_id: str
    captured_at: datetime
    room: str
    profile: str


def list_drafts(connection: Connection) -> list[Draft]:
    """All drafts, the latest first."""
    rows = connection.execute(
        select(ScreenDraft.__table__).order_by(ScreenDraft.changed_at.desc(), ScreenDraft.id)
    ).all()
    return [_draft(connection, row) for row in rows]


def get_draft(connection: Connection, draft_id: str) -> Draft | None:
    """One draft, or None."""
    row = connection.execute(
        select(ScreenDraft.__table__).where(ScreenDraft.id == draft_id)
    ).one_or_none()
    return _draft(connection, row) if row else None


def get_picture(connection: Connection, draft_id: str, number: int) -> bytes | None:
    """A picture as PNG, or None."""
    return connection.scalar(
        select(ScreenDraftPicture.png).where(
            ScreenDraftPicture.draft_id == draft_id, ScreenDraftPicture.number == number
        )
    )


def get_pictures(connection: Connection, draft_id: str) -> list[bytes]:
    """All pictures of a draft, in order."""
    return list(
        connection.scalars(
            select(ScreenDraftPicture.png)
            .where(ScreenDraftPicture.draft_id == draft_id)
            .order_by(ScreenDraftPicture.number)
        )
    )


def add_draft(connection: Connection, tree: Tree, who: str, now: datetime) -> str | None:
    """Begin a draft; its id, or None where there are too many already."""
    if (connection.scalar(select(func.count()).select_from(ScreenDraft)) or 0) >= MOST_DRAFTS:
        return None
    draft_id = token_hex(8)
    connection.execute(
        insert(ScreenDraft).values(
            id=draft_id,
            version=1,
            body=Drawn(tree).body(),
            created_by=who,
            changed_by=who,
            changed_at=now,
        )
    )
    return draft_id


def keep(
    connection: Connection, draft: Draft, drawn: Drawn, who: str, now: datetime
) -> Draft | None:
    """The draft with what was drawn; None where somebody else changed or deleted it meanwhile."""
    done = connection.execute(
        update(ScreenDraft)
        .where(ScreenDraft.id == draft.id, ScreenDraft.version == draft.version)
        .values(body=drawn.body(), version=draft.version + 1, changed_by=who, changed_at=now)
        .returning(ScreenDraft.id)
    ).one_or_none()
    return get_draft(connection, draft.id) if done else None


def add_picture(connection: Connection, draft_id: str, picture: Upload) -> int | None:
    """Add a picture; its number, or None where there are as many as may be."""
    numbers = connection.scalars(
        select(ScreenDraftPicture.number).where(ScreenDraftPicture.draft_id == draft_id)
    ).all()
    if len(numbers) >= MOST_PICTURES:
        return None
    number = max(numbers, default=0) + 1
    connection.execute(
        insert(ScreenDraftPicture).values(
            draft_id=draft_id,
            number=number,
            width=picture.width,
            height=picture.height,
            png=picture.png,
        )
    )
    return number


def remove_picture(connection: Connection, draft_id: str, number: int) -> bool:
    """Delete a picture; whether it was there."""
    gone = connection.execute(
        delete(ScreenDraftPicture)
        .where(ScreenDraftPicture.draft_id == draft_id, ScreenDraftPicture.number == number)
        .returning(ScreenDraftPicture.number)
    )
    return gone.one_or_none() is not None


def delete_draft(connection: Connection, draft_id: str) -> bool:
    """Delete a draft with its pictures; whether it was there."""
    connection.execute(delete(ScreenDraftPicture).where(ScreenDraftPicture.draft_id == draft_id))
    gone = connection.execute(
        delete(ScreenDraft).where(ScreenDraft.id == draft_id).returning(ScreenDraft.id)
    )
    return gone.one_or_none() is not None


def recent_screens(connection: Connection, limit: int = 12) -> list[CapturedScreen]:
    """The screens that boxes sent last, one each profile and box."""
    latest = (
        select(func.max(ScreenValue.captured_at).label("at"), ScreenValue.box_id)
        .add_columns(ScreenValue.profile)
        .group_by(ScreenValue.box_id, ScreenValue.profile)
        .subquery()
    )
    rows = connection.execute(
        select(func.min(Record.id), latest.c.at, Box.room, latest.c.profile)
        .join(
            ScreenValue,
            (ScreenValue.box_id == latest.c.box_id)
            & (ScreenValue.profile == latest.c.profile)
            & (ScreenValue.captured_at == latest.c.at),
        )
        .join(Record, Record.id == ScreenValue.record_id)
        .join(Box, Box.id == latest.c.box_id)
        .group_by(latest.c.at, Box.room, latest.c.profile)
        .order_by(latest.c.at.desc())
        .limit(limit)
    )
    return [CapturedScreen(*row) for row in rows]


def unread_captures(connection: Connection, limit: int = 12) -> list[CapturedScreen]:
    """The latest secondary captures whose header states no dose: their screen may be unknown.

    It looks through all records, and is for whoever asks for it.
    """
    rows = connection.execute(
        select(Record.id, Record.captured_at, Box.room, Record.source)
        .join(Box, Box.id == Record.box_id)
        .where(*_unread())
        .order_by(Record.captured_at.desc(), Record.id)
        .limit(limit)
    )
    return [CapturedScreen(*row) for row in rows]


def get_unread_capture(connection: Connection, record_id: str) -> str | None:
    """The SHA-256 of such a capture, or None."""
    return connection.scalar(
        select(Record.evidence_sha256).where(Record.id == record_id, *_unread())
    )


def _unread() -> tuple[ColumnElement[bool], ...]:
    """What tells them: an object that was kept with its pixels and has no dose."""
    return (
        Record.media_type == "application/dicom",
        Record.kind == "other",
        Record.outcome == Outcome.NO_DOSE.value,
        Record.evidence_size >= _LEAST_PICTURE,
    )


def _draft(connection: Connection, row: Row[Any]) -> Draft:
    columns = (ScreenDraftPicture.number, ScreenDraftPicture.width, ScreenDraftPicture.height)
    pictures = connection.execute(
        select(*columns)
        .where(ScreenDraftPicture.draft_id == row.id)
        .order_by(ScreenDraftPicture.number)
    )
    return Draft(
        row.id,
        row.version,
        Drawn(**row.body),
        row.changed_by,
        row.changed_at,
        tuple(PictureSize(*one) for one in pictures),
    )
