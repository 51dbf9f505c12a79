"""One exam of one event as plain rows, for what asks no more of a registry."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from dosebook_central.store.models import Box, Event, Exam, Patient, Record


def add_one_exam(
    connection: Connection, now: datetime, *, exam: dict[str, Any], event: dict[str, Any]
) -> None:
    """Add patient `p` with exam `e`, read from record `r`; `exam` and `event` say what it is."""
    connection.execute(insert(Box).values(id="b", public_key=b"", added_at=now))
    connection.execute(
        insert(Record).values(
            id="r", box_id="b", sequence=1, source="s", source_kind="dicom-store",
            captured_at=now, received_at=now, status="stored", evidence_sha256="",
            evidence_size=0, media_type="", kind="rdsr", outcome="read",
            reader_version="1", envelope=b"", transport={},
        )
    )  # fmt: skip
    connection.execute(
        insert(Patient).values(id="p", issuer="", identifier="77", name="A^B", updated_at=now)
    )
    started = f"{now:%Y-%m-%d}T10:00:00"
    connection.execute(
        insert(Exam).values(
            id="e", group_id="g", patient_id="p", study_uid="1", started=started, event_count=1,
            origin="captured", summary={}, updated_at=now, **exam,
        )
    )  # fmt: skip
    connection.execute(
        insert(Event).values(
            exam_id="e", ordinal=1, uid="1.1", record_id="r", record_index=0, started=started,
            **event,
        )
    )  # fmt: skip
