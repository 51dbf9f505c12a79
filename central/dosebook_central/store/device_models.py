"""Tables of what people decided on machines, and of the groups that are to be reconciled again."""

from datetime import datetime

from sqlalchemy import Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from dosebook_central.store.models import Base, Exam, Key


class DeviceDecision(Base):
    """Each decision on what the exams of a machine are (P36), in order; an undo is one more."""

    __tablename__ = "device_decision"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    device_id: Mapped[str] = mapped_column(Key, index=True)  # domain.devices.Device.id
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(Key)
    act: Mapped[str] = mapped_column(Key)  # decide undo
    with_fluoroscopy: Mapped[str] = mapped_column(Key, default="")  # a modality
    without_fluoroscopy: Mapped[str] = mapped_column(Key, default="")
    reason: Mapped[str] = mapped_column(Text, default="")


class ReconcileDue(Base):
    """The work list of groups whose exams do not yet follow from a decision on their machine."""

    __tablename__ = "reconcile_due"

    group_id: Mapped[str] = mapped_column(Key, primary_key=True)


# Which machines there are, and the exams of one of them, without reading the wide table beside.
_WITH_DEVICE = text("devices <> ''")
Index(
    "ix_exam_devices",
    Exam.devices,
    Exam.modality,
    Exam.group_id,
    postgresql_where=_WITH_DEVICE,
    sqlite_where=_WITH_DEVICE,
)
