"""Rows of records and of their readings, made from what a batch decided."""

from datetime import datetime

from dosebook_central.ingest.ledger import Candidate, Decision
from dosebook_central.store.bulk import Row
from dosebook_central.store.readings import dump_reading


def record_row(decision: Decision, group_id: str, received_at: datetime) -> Row:
    """The row of a committed record."""
    record, reading = decision.candidate.record, decision.candidate.reading
    return {
        "id": record.record_id,
        "box_id": record.box_id,
        "sequence": record.sequence,
        "reuse": decision.reuse,
        "source": record.source,
        "source_kind": record.source_kind.value,
        "captured_at": record.captured_at,
        "received_at": received_at,
        "status": decision.status.value,
        "reason": decision.reason,
        "duplicate_of": decision.duplicate_of,
        "evidence_sha256": record.evidence.sha256,
        "evidence_size": record.evidence.size,
        "media_type": record.evidence.media_type,
        "kind": reading.kind,
        "outcome": reading.outcome.value,
        "sop_instance_uid": reading.sop_instance_uid,
        "reader_version": decision.candidate.reader_version,
        "group_id": group_id,
        "envelope": decision.candidate.envelope,
        "transport": dict(record.transport),
    }


def reading_rows(candidate: Candidate, read_at: datetime) -> list[Row]:
    """The reading that holds, and the box's own beside it if another reader made that."""
    record = candidate.record
    versions = {candidate.reader_version: candidate.reading}
    versions.setdefault(record.reader_version, record.reading)
    return [
        {
            "record_id": record.record_id,
            "reader_version": version,
            "read_at": read_at,
            "body": dump_reading(reading),
        }
        for version, reading in versions.items()
    ]
