"""Tables of what was read from screens: each value with where it stands, and each decision on it.

The numbers themselves stand in readings like all others; a person's decision adds a version of the
reading that has it (`dosebook_central.screens.decide`).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from dosebook_central.store.models import Base, Key


class ScreenValue(Base):
    """One value on one screen: what the reader did with it, and where it stands now."""

    __tablename__ = "screen_value"
    __table_args__ = (
        Index("ix_screen_value_state_captured_at", "state", "captured_at"),
        Index("ix_screen_value_profile_month", "profile", "month"),
    )

    record_id: Mapped[str] = mapped_column(ForeignKey("record.id"), primary_key=True)
    path: Mapped[str] = mapped_column(Key, primary_key=True)
    box_id: Mapped[str] = mapped_column(Key)
    profile: Mapped[str] = mapped_column(Key)
    month: Mapped[str] = mapped_column(Key)  # of capture: 2026-11
    captured_at: Mapped[datetime]
    quantity: Mapped[str] = mapped_column(Key)
    was_released: Mapped[bool]  # by the reader, without a person
    state: Mapped[str] = mapped_column(Key)  # domain.screen_review.State
    role: Mapped[str] = mapped_column(Key, default="")  # of its record in the exam: domain.exam
    decided_by: Mapped[str] = mapped_column(Key, default="")
    decided_at: Mapped[datetime | None]


class ScreenDecision(Base):
    """Each decision on a value, in order; an undo is one more (never changed, never deleted)."""

    __tablename__ = "screen_decision"
    __table_args__ = (Index("ix_screen_decision_record_id_path", "record_id", "path"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    record_id: Mapped[str] = mapped_column(Key)
    path: Mapped[str] = mapped_column(Key)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(Key)
    act: Mapped[str] = mapped_column(Key)  # accept correct reject void undo
    note: Mapped[str] = mapped_column(Text, default="")  # why it is rejected or void
    body: Mapped[dict[str, Any] | None]  # domain.screen_review.Confirmed


class BoxDecision(Base):
    """A decision that a person made at a box: kept as it came, and what became of it here."""

    __tablename__ = "box_decision"
    __table_args__ = (Index("ix_box_decision_record_id_path", "record_id", "path"),)

    box_id: Mapped[str] = mapped_column(Key, primary_key=True)
    id: Mapped[str] = mapped_column(Key, primary_key=True)  # given by the box
    record_id: Mapped[str] = mapped_column(Key)  # of the screen; it may not be here yet
    path: Mapped[str] = mapped_column(Key)
    carried_by: Mapped[str] = mapped_column(ForeignKey("record.id"))
    after: Mapped[str] = mapped_column(Key, default="")
    body: Mapped[dict[str, Any]]  # dosebook_protocol.screen_decision.BoxDecision
    state: Mapped[str] = mapped_column(Key, index=True)  # domain.box_decision.Fate
    reason: Mapped[str] = mapped_column(Text, default="")
    decision_id: Mapped[int] = mapped_column(default=0)  # of screen_decision, once it is applied
