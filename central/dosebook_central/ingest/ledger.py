"""Decide what each arriving record is: new, a duplicate, or one that contradicts the ledger.

A box gives a number to two records where its outbox was lost, or came back from an old copy, or
where a clone of it runs. Both were captured and signed, so both count; the later one notes that
the number was given before.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from dosebook_protocol.reading import Outcome, Reading
from dosebook_protocol.record import ReceiptStatus, Record
from dosebook_protocol.screen_decision import BoxDecision


@dataclass(frozen=True, slots=True)
class KnownRecord:
    """A committed record as far as the ledger goes."""

    id: str
    box_id: str
    sequence: int
    status: str
    sha256: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A verified record with the reading that shall hold and whether this one was made here.

    `decision` is what a person at the box decided, where the record carries that.
    """

    record: Record
    envelope: bytes
    reading: Reading
    reader_version: str
    decision: BoxDecision | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a candidate; `is_new` is false where no row is written for it.

    `reuse` is how many records of the box had its number before.
    """

    candidate: Candidate
    status: ReceiptStatus
    reason: str = ""
    duplicate_of: str = ""
    is_new: bool = True
    reuse: int = 0
    contradicts: bool = False

    @property
    def counts(self) -> bool:
        """Whether its reading joins a group."""
        return self.is_new and self.status is ReceiptStatus.STORED


class Ledger:
    """Knows the committed records that a batch touches, and those of the batch decided so far."""

    def __init__(self, known: Iterable[KnownRecord]) -> None:
        self._by_id: dict[str, KnownRecord] = {}
        self._given: Counter[tuple[str, int]] = Counter()
        self._by_evidence: dict[tuple[str, str], KnownRecord] = {}
        for record in known:
            self._note(record)

    def decide(self, candidate: Candidate) -> Decision:
        """Decide one candidate and remember it."""
        record = candidate.record
        before = self._by_id.get(record.record_id)
        if before is not None:
            return _seen_before(candidate, before)
        decision = self._decide_new(candidate)
        if reuse := self._given[(record.box_id, record.sequence)]:
            decision = replace(decision, reuse=reuse)
        self._note(_known(record, decision.status))
        return decision

    def _decide_new(self, candidate: Candidate) -> Decision:
        record, reading = candidate.record, candidate.reading
        same = self._by_evidence.get((record.evidence.sha256, record.evidence.media_type))
        if same is not None:
            reason = f"the same evidence came before, as record {same.id}"
            return Decision(candidate, ReceiptStatus.DUPLICATE, reason, same.id)
        if reading.outcome is Outcome.QUARANTINED:
            return Decision(candidate, ReceiptStatus.QUARANTINED, reading.reason)
        return Decision(candidate, ReceiptStatus.STORED)

    def _note(self, record: KnownRecord) -> None:
        self._by_id[record.id] = record
        self._given[(record.box_id, record.sequence)] += 1
        if record.status != ReceiptStatus.DUPLICATE:
            self._by_evidence.setdefault((record.sha256, record.media_type), record)


def _known(record: Record, status: ReceiptStatus) -> KnownRecord:
    evidence = record.evidence
    return KnownRecord(
        record.record_id,
        record.box_id,
        record.sequence,
        status,
        evidence.sha256,
        evidence.media_type,
    )


def _seen_before(candidate: Candidate, before: KnownRecord) -> Decision:
    """A record that came again is committed already; one that only has its id is not it."""
    record = candidate.record
    is_same = (record.box_id, record.sequence, record.evidence.sha256) == (
        before.box_id,
        before.sequence,
        before.sha256,
    )
    if not is_same:
        return _contradiction(
            candidate, f"record id {record.record_id} is already another record of {before.box_id}"
        )
    if before.status == ReceiptStatus.QUARANTINED:
        reason = "this record came before and is in quarantine"
        return Decision(candidate, ReceiptStatus.QUARANTINED, reason, is_new=False)
    reason = "this record came before"
    return Decision(candidate, ReceiptStatus.DUPLICATE, reason, is_new=False)


def _contradiction(candidate: Candidate, reason: str) -> Decision:
    return Decision(candidate, ReceiptStatus.QUARANTINED, reason, is_new=False, contradicts=True)
