"""Tables of profiles that are being drawn, and of the pictures that they are drawn on."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from dosebook_central.store.models import Base, Key


class ScreenDraft(Base):
    """A profile of a screen that somebody draws; deleted with its pictures when it is done."""

    __tablename__ = "screen_draft"

    id: Mapped[str] = mapped_column(Key, primary_key=True)  # random
    version: Mapped[int]  # one more with each change: two people see each other
    body: Mapped[dict[str, Any]]  # screens.drawing.drafts.Draft: profile, grabbed, frames
    created_by: Mapped[str] = mapped_column(Key)
    changed_by: Mapped[str] = mapped_column(Key)
    changed_at: Mapped[datetime] = mapped_column(index=True)


class ScreenDraftPicture(Base):
    """A picture that a draft is drawn on; it may show a patient and goes with the draft."""

    __tablename__ = "screen_draft_picture"

    draft_id: Mapped[str] = mapped_column(
        ForeignKey("screen_draft.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    width: Mapped[int]
    height: Mapped[int]
    png: Mapped[bytes] = mapped_column(LargeBinary)
