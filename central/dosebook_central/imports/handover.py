"""Records that a box exported, fed to ingest unchanged, as if they came from the broker."""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Engine

from dosebook_central.imports.outcome import FileOutcome
from dosebook_central.ingest.pipeline import Ingest
from dosebook_central.ingest.verify import BoxDirectory, Incoming, Refused, verify
from dosebook_protocol.record import Receipt, Receipts, ReceiptStatus
from dosebook_protocol.topics import Channel, topic


def message_of(box_id: str, payload: bytes) -> Incoming:
    """Return a record message as that box would have published it."""
    return Incoming(topic(box_id, Channel.RECORDS), payload)


class Handover:
    """Takes messages of boxes by hand; a box that delivers them too is told of duplicates."""

    def __init__(self, engine: Engine, ingest: Ingest) -> None:
        self._boxes = BoxDirectory(engine)
        self._ingest = ingest

    def take(
        self, messages: Sequence[tuple[str, Incoming]], on_receipts: Callable[[Receipts], None]
    ) -> list[FileOutcome]:
        """Commit named messages, hand their receipts on, and tell what became of each."""
        committed = self._ingest.process([incoming for _, incoming in messages])
        for receipts in committed:
            on_receipts(receipts)
        found = {one.record_id: one for receipts in committed for one in receipts.receipts}
        return [self._outcome(name, incoming, found) for name, incoming in messages]

    def _outcome(
        self, name: str, incoming: Incoming, receipts: Mapping[str, Receipt]
    ) -> FileOutcome:
        checked = verify(incoming, self._boxes)
        if isinstance(checked, Refused):
            return FileOutcome(name, ReceiptStatus.QUARANTINED.value, checked.reason)
        receipt = receipts.get(checked.record.record_id)
        if receipt is None:
            reason = "its box changed during the import: import it again"
            return FileOutcome(name, ReceiptStatus.QUARANTINED.value, reason)
        return FileOutcome(name, receipt.status.value, receipt.reason, receipt.record_id)
