"""Tables of exams that may be one: what the comparison found, and what people decided."""

from datetime import datetime
from typing import Any

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from dosebook_central.store.models import Base, Key


class SameExamHint(Base):
    """Two exams that may be one procedure, in order of their ids; found anew with every change.

    Without a reference to `exam`: it is written beside ingest, which may drop an exam meanwhile.
    """

    __tablename__ = "same_exam_hint"

    first_exam_id: Mapped[str] = mapped_column(Key, primary_key=True)
    second_exam_id: Mapped[str] = mapped_column(Key, primary_key=True, index=True)
    first_patient_id: Mapped[str] = mapped_column(Key, index=True)
    second_patient_id: Mapped[str] = mapped_column(Key, index=True)
    facts: Mapped[str] = mapped_column(Key)  # SHA-256 of what was found, see same_exams.look
    body: Mapped[dict[str, Any]]  # domain.same_exam.Hint
    found_at: Mapped[datetime]


class SameExamDecision(Base):
    """Each decision on two exams, in order; an undo is one more and names what it takes back.

    `one` names link keys, because an exam's id may change: what hangs on `other_key` yields. `two`
    holds for the facts of that time.
    """

    __tablename__ = "same_exam_decision"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(Key)
    act: Mapped[str] = mapped_column(Key)  # one | two | undo
    undoes: Mapped[int | None] = mapped_column(index=True)
    counted_key: Mapped[str] = mapped_column(Key, default="", index=True)
    other_key: Mapped[str] = mapped_column(Key, default="", index=True)
    counted_exam_id: Mapped[str] = mapped_column(Key, default="")
    other_exam_id: Mapped[str] = mapped_column(Key, default="", index=True)
    facts: Mapped[str] = mapped_column(Key, default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    body: Mapped[dict[str, Any]] = mapped_column(default=dict)  # domain.same_exam.Hint
