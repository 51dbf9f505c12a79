"""Messages in, receipts out: the one way into the registry, for boxes and for imports."""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import Engine, update
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from dosebook_central.fleet.verify import open_envelope
from dosebook_central.ingest.commit import Committer
from dosebook_central.ingest.evidence import EvidenceStore
from dosebook_central.ingest.ledger import Candidate, Decision
from dosebook_central.ingest.missing import MissingRecords
from dosebook_central.ingest.quarantine import (
    StrangerLimit,
    refused_row,
    uncommitted_row,
    unreadable_row,
)
from dosebook_central.ingest.verify import Accepted, BoxDirectory, Incoming, Refused, verify
from dosebook_central.screens.opening import Screens
from dosebook_central.store import records
from dosebook_central.store.bulk import Row
from dosebook_central.store.engine import writing
from dosebook_central.store.models import Box
from dosebook_central.store.writer import LostRaceError, Writer
from dosebook_protocol.cose import SignatureError
from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.logs import log
from dosebook_protocol.reading import READER_VERSION, Outcome, Reading
from dosebook_protocol.record import Health, Missing, Receipt, Receipts, ReceiptStatus
from dosebook_protocol.screen import ScreenEvidence
from dosebook_protocol.screen_decision import KIND, decode_decision, reading_of_decision
from dosebook_protocol.screen_decision import MEDIA_TYPE as DECISION
from dosebook_protocol.topics import Channel, TopicError, parse_topic
from dosebook_protocol.wire import MessageError, decode_health, encode_record_message

_DICOM: Final = "application/dicom"
_HEALTH: Final = f"/{Channel.HEALTH}"
# Failures of the database that the content of a record can cause.
_OF_THE_RECORD: Final = (DataError, IntegrityError)
# Failures of the registry at that moment: the same record is stored when it comes again.
_OF_THE_MOMENT: Final = (OSError, MemoryError, LostRaceError, NoConnectionError)
# PostgreSQL's class of errors "program limit exceeded", such as a text too long for an index, which
# comes as an operational one (PostgreSQL manual, appendix A).
_BEYOND_A_LIMIT: Final = "54"

_log = logging.getLogger(__name__)


class Ingest:
    """Takes batches of messages; thread-safe, and safe beside other processes on one database.

    `committed` is called after each batch, for whoever waits for exams.
    """

    def __init__(
        self,
        engine: Engine,
        evidence: EvidenceStore,
        now: Callable[[], datetime] | None = None,
        limit: StrangerLimit | None = None,
        writer: Writer | None = None,
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._evidence = evidence
        self._now = now or (lambda: datetime.now(UTC))
        self._boxes = BoxDirectory(engine)
        self.writer = writer or Writer(engine)
        self.committed = committed
        self._committer = Committer(self.writer, self._now, self.open_screen)
        self._limit = limit or StrangerLimit()
        self._missing = MissingRecords(engine, self._now)

    def process(self, batch: Sequence[Incoming]) -> list[Receipts]:
        """Commit a batch and return the receipts, one message a box; note health messages in it.

        A message that cannot be trusted gets none. Raises, with nothing committed that a repetition
        would double, when disk, database or memory fail: then nobody gets a receipt and the boxes
        send again.
        """
        for one in batch:
            if one.topic.endswith(_HEALTH):
                self.process_health(one)
        checked = [verify(one, self._boxes) for one in batch if not one.topic.endswith(_HEALTH)]
        accepted = [one for one in checked if isinstance(one, Accepted)]
        self._keep_refused(one for one in checked if isinstance(one, Refused))
        if not accepted:
            return []
        self._evidence.put_many({one.record.evidence.sha256: one.evidence for one in accepted})
        evidence = {one.record.record_id: one.evidence for one in accepted}
        decisions = self._commit([_candidate(one) for one in accepted], evidence)
        self.committed()
        return self._receipts(decisions)

    def answer(self, batch: Sequence[Incoming]) -> list[Receipts | Missing]:
        """Process a batch, and ask boxes for what they gave and the ledger lacks."""
        heard = [self.process_health(one) for one in batch if one.topic.endswith(_HEALTH)]
        receipts = self.process([one for one in batch if not one.topic.endswith(_HEALTH)])
        asked = [self._missing.of(health) for health in heard if health is not None]
        return [*receipts, *(one for one in asked if one is not None)]

    def process_health(self, incoming: Incoming) -> Health | None:
        """Note a box's word on itself; None where it cannot be trusted."""
        try:
            box_id = parse_topic(incoming.topic).box_id
            box = self._boxes.find(box_id)
            if box is None:  # as after a backup from before its enrolment
                log(_log, logging.WARNING, "health_refused", reason=f"no box {box_id} was added")
                return None
            health = decode_health(open_envelope(box, incoming.payload))
        except (TopicError, SignatureError, MessageError) as error:
            log(_log, logging.WARNING, "health_refused", reason=str(error))
            return None
        if health.box_id != box_id:
            log(_log, logging.WARNING, "health_refused", reason=f"{box_id} spoke as another box")
            return None
        with writing(self._engine) as connection:
            connection.execute(
                update(Box)
                .where(Box.id == box_id)
                .values(health=health.model_dump(mode="json"), last_seen_at=self._now())
            )
        return health

    def open_screen(self, sha256_of: str, media_type: str) -> ScreenEvidence | str:
        """The opened evidence of a screen, or in a sentence why it cannot be opened."""
        return Screens(self._evidence).open(sha256_of, media_type)

    def _commit(
        self, candidates: Sequence[Candidate], evidence: dict[str, bytes]
    ) -> list[Decision]:
        """Commit together; where one record makes that fail, commit each and set that one aside."""

        def quarantine(decisions: Sequence[Decision], now: datetime) -> list[Row]:
            return self._rows(decisions, evidence, now)

        try:
            return self._committer.commit(candidates, quarantine)
        except Exception as error:
            if not _is_of_the_record(error):
                raise
            if len(candidates) > 1:
                return [one for each in candidates for one in self._commit([each], evidence)]
            log(_log, logging.ERROR, "record_not_committed", error=error)
            return [self._set_aside(candidates[0], evidence, error)]

    def _rows(
        self, decisions: Sequence[Decision], evidence: dict[str, bytes], now: datetime
    ) -> list[Row]:
        rows: list[Row] = []
        for decision in decisions:
            if decision.status is not ReceiptStatus.QUARANTINED:
                continue
            if decision.contradicts:
                rows.append(
                    self._uncommitted(decision.candidate, evidence, "ledger", decision.reason)
                )
            elif decision.is_new:
                rows.append(unreadable_row(decision.candidate, decision.reason, now))
        return rows

    def _uncommitted(
        self, candidate: Candidate, evidence: dict[str, bytes], code: str, reason: str
    ) -> Row:
        message = encode_record_message(candidate.envelope, evidence[candidate.record.record_id])
        self._evidence.put_many({sha256(message).hexdigest(): message})
        return uncommitted_row(candidate, code, reason, message, self._now())

    def _set_aside(
        self, candidate: Candidate, evidence: dict[str, bytes], error: Exception
    ) -> Decision:
        reason = (
            f"the record could not be stored ({type(error).__name__}): replay it after an update "
            "of the registry"
        )
        row = self._uncommitted(candidate, evidence, "not-stored", reason)
        self.writer.run(lambda connection: records.add_quarantine(connection, [row]))
        return Decision(candidate, ReceiptStatus.QUARANTINED, reason, is_new=False)

    def _keep_refused(self, refused: Iterable[Refused]) -> None:
        kept = [one for one in refused if self._limit.admits(len(one.incoming.payload))]
        if not kept:
            return
        self._evidence.put_many({one.message_sha256: one.incoming.payload for one in kept})
        rows = [refused_row(one, self._now()) for one in kept]
        self.writer.run(lambda connection: records.add_quarantine(connection, rows))

    def _receipts(self, decisions: Sequence[Decision]) -> list[Receipts]:
        by_box: dict[str, list[Receipt]] = {}
        for decision in decisions:
            record = decision.candidate.record
            by_box.setdefault(record.box_id, []).append(
                Receipt(
                    record_id=record.record_id,
                    sequence=record.sequence,
                    status=decision.status,
                    reason=decision.reason,
                )
            )
        now = self._now()
        return [
            Receipts(box_id=box_id, committed_at=now, receipts=tuple(receipts))
            for box_id, receipts in by_box.items()
        ]


def _candidate(accepted: Accepted) -> Candidate:
    """Take the box's reading if this version of the reader made it, else read the evidence anew."""
    record = accepted.record
    if record.evidence.media_type == DECISION:
        return _decision(accepted)
    is_ours = record.evidence.media_type.startswith(_DICOM)
    if record.reader_version == READER_VERSION or not is_ours:
        return Candidate(record, accepted.envelope, record.reading, record.reader_version)
    reading = read_object(accepted.evidence, record.evidence.media_type)
    return Candidate(record, accepted.envelope, reading, READER_VERSION)


def _decision(accepted: Accepted) -> Candidate:
    """A person's decision at the box, read here: only its evidence is believed."""
    try:
        decision = decode_decision(accepted.evidence)
    except MessageError as error:
        unreadable = Reading(Outcome.QUARANTINED, KIND, KIND, reason=str(error))
        return Candidate(accepted.record, accepted.envelope, unreadable, READER_VERSION)
    reading = reading_of_decision()
    return Candidate(accepted.record, accepted.envelope, reading, READER_VERSION, decision)


def _is_of_the_record(error: Exception) -> bool:
    if isinstance(error, _OF_THE_MOMENT):
        return False
    if not isinstance(error, DBAPIError) or isinstance(error, _OF_THE_RECORD):
        return True
    return str(getattr(error.orig, "pgcode", None) or "").startswith(_BEYOND_A_LIMIT)
