"""Feed quarantined messages to the present code once more; nothing is deleted."""

from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, select, update

from dosebook_central.ingest.evidence import EvidenceStore
from dosebook_central.ingest.pipeline import Ingest
from dosebook_central.ingest.recompute import Recomputer
from dosebook_central.ingest.verify import Incoming
from dosebook_central.screens import from_boxes
from dosebook_central.store import archive
from dosebook_central.store.engine import writing
from dosebook_central.store.models import Quarantine, Record
from dosebook_protocol.record import ReceiptStatus
from dosebook_protocol.screen_decision import MEDIA_TYPE as DECISION
from dosebook_protocol.screen_decision import BoxDecision, decode_decision
from dosebook_protocol.wire import MessageError

_QUARANTINED = "quarantined"


class Quarantines:
    """Replays items of the quarantine."""

    def __init__(self, engine: Engine, evidence: EvidenceStore, ingest: Ingest) -> None:
        self._engine = engine
        self._evidence = evidence
        self._ingest = ingest

    def replay(self, item_id: str) -> tuple[bool, str]:
        """Return whether an item is accepted now, and what happened in one sentence."""
        with self._engine.connect() as connection:
            item = connection.execute(
                select(
                    Quarantine.topic,
                    Quarantine.message_sha256,
                    Quarantine.record_id,
                    Quarantine.state,
                ).where(Quarantine.id == item_id)
            ).one_or_none()
        if item is None:
            return False, f"There is no item {item_id} in the quarantine."
        if item.state == "replayed":
            return True, "It was replayed already."
        try:
            if item.record_id:
                is_accepted, reason = self._reread(item.record_id)
            else:
                is_accepted, reason = self._again(item.topic, item.message_sha256)
        except KeyError:
            is_accepted, reason = False, "its bytes are not in the evidence store"
        self._note(item_id, is_accepted=is_accepted, reason=reason)
        if is_accepted:
            return True, f"Replayed: {reason}."
        return False, f"Still refused: {reason}."

    def _reread(self, record_id: str) -> tuple[bool, str]:
        with self._engine.connect() as connection:
            record = archive.find(connection, record_id)
        if record is None:
            return False, f"record {record_id} is not in the database"
        if record.media_type == DECISION:
            return self._decide(record)
        if Recomputer(self._engine, self._evidence).reread([record]):
            raise KeyError(record_id)
        with self._engine.connect() as connection:
            row = connection.execute(
                select(Record.status, Record.reason).where(Record.id == record_id)
            ).one()
        if row.status == _QUARANTINED:
            return False, row.reason
        return True, "the record is read and stored"

    def _decide(self, record: archive.ArchivedRecord) -> tuple[bool, str]:
        """Apply a person's decision at a box that an earlier release could not read."""
        try:
            decision = decode_decision(self._evidence.get(record.evidence_sha256))
        except MessageError as error:
            return False, str(error)
        self._ingest.writer.run(
            lambda connection: self._take_decision(connection, record.id, decision)
        )
        return True, "the decision is stored"

    def _take_decision(self, connection: Connection, record_id: str, decision: BoxDecision) -> None:
        box_id = archive.accept(connection, record_id)
        arrived = from_boxes.Arrived(record_id, box_id, decision)
        from_boxes.take(connection, self._ingest.open_screen, [arrived], datetime.now(UTC))

    def _again(self, topic: str, sha256: str) -> tuple[bool, str]:
        """Process the whole message as if it came now; without receipt it is still not trusted."""
        message = self._evidence.get(sha256)
        receipts = [
            receipt
            for one in self._ingest.process([Incoming(topic, message)])
            for receipt in one.receipts
        ]
        if not receipts:
            return False, "it still cannot be trusted"
        receipt = receipts[0]
        if receipt.status is ReceiptStatus.QUARANTINED:
            return False, receipt.reason
        return True, receipt.reason or "the record is stored"

    def _note(self, item_id: str, *, is_accepted: bool, reason: str) -> None:
        values = {"attempts": Quarantine.attempts + 1, "state_at": datetime.now(UTC)}
        if is_accepted:
            values |= {"state": "replayed", "state_note": reason}
        with writing(self._engine) as connection:
            connection.execute(update(Quarantine).where(Quarantine.id == item_id).values(**values))
