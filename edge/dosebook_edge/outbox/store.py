"""The outbox: the one place where a captured dose waits, and the verbs that move it."""

import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from dosebook_edge.outbox import queries, schema
from dosebook_edge.outbox.capacity import Capacity
from dosebook_edge.outbox.committer import Committer
from dosebook_edge.outbox.contents import Contents
from dosebook_edge.outbox.drafting import Prepared, prepare
from dosebook_edge.outbox.model import (
    Appended,
    Content,
    Draft,
    Entry,
    OutboxError,
    OutboxFullError,
    OutboxKeyError,
    OutboxStatus,
    Signer,
    Waiting,
)
from dosebook_edge.outbox.vault import Vault
from dosebook_protocol.record import Receipts
from dosebook_protocol.wire import MessageError

T = TypeVar("T")

DATABASE: Final = "outbox.db"
KEY: Final = "outbox.key"
_RETIRE_AT_ONCE: Final = 500
_OVERHEAD: Final = 4096
_OPENED_AT_ONCE: Final = 100
_BYTES_AT_ONCE: Final = 32_000_000
_REGAIN_EVERY_S: Final = 1.0
_REGAINED_PART: Final = 20
_REGAINED_STEP: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class OutboxSettings:
    """Limits of an outbox. Nothing here ever removes a record that waits for its receipt."""

    max_bytes: int = 4_000_000_000
    warn_percent: float = 80.0
    keep_delivered: timedelta = timedelta(days=30)
    keep_ledger: timedelta = timedelta(days=400)


class Outbox:
    """Records on disk, in one gapless sequence, until the registry's receipt.

    Thread-safe. `append` and `acknowledge` return after COMMIT with `synchronous=FULL`.
    """

    def __init__(
        self,
        folder: Path,
        box_id: str,
        signer: Signer,
        settings: OutboxSettings | None = None,
    ) -> None:
        self._settings = settings or OutboxSettings()
        self._box_id = box_id
        database = self._database = folder / DATABASE
        is_new = not database.exists()
        self.vault = Vault.open(folder / KEY, create=is_new)
        self._contents = Contents(self.vault, signer)
        self._writing = schema.connect(database)
        schema.prepare(self._writing, self.vault.fingerprint)
        if schema.meta(self._writing, "key") != self.vault.fingerprint:
            raise OutboxKeyError(
                f"{folder / KEY} is not the key that {database} was written with. "
                "Restore the key file from the box's backup."
            )
        self._reading = schema.connect(database, read_only=True)
        self._reading_lock = threading.Lock()
        self._committer = Committer(self._writing)
        self._capacity = Capacity(database, self._settings.max_bytes, self._settings.warn_percent)
        self._capacity.keep_reserve()
        self._last_sequence = queries.last_sequence(self._writing)
        self._news = threading.Condition()
        self._regain_lock = threading.Lock()
        self._regained_until = 0.0

    def close(self) -> None:
        """Close the database; nothing is lost by not calling it."""
        with self._reading_lock:
            self._reading.close()
        self._writing.close()

    def append(
        self, draft: Draft, also: Callable[[sqlite3.Connection], None] | None = None
    ) -> Appended:
        """Make a record durable and return its id and sequence number; raises `OutboxError`.

        `also` runs in the same transaction (the state of a procedure step with its record).
        """
        prepared = prepare(draft, self._box_id)

        def insert(connection: sqlite3.Connection) -> Appended:
            return self._insert(connection, draft, prepared, also)

        try:
            appended = self._write(insert)
        except OutboxFullError:
            self._regain_space(len(draft.evidence))
            appended = self._write(insert)
        with self._news:
            self._last_sequence = max(self._last_sequence, appended.sequence)
            self._news.notify_all()
        return appended

    def find_repeat(self, source: str, evidence: bytes) -> Appended | None:
        """The record that holds exactly this evidence of this source, if there is one."""
        sha256 = hashlib.sha256(evidence).hexdigest()
        return self._read(lambda connection: queries.find_evidence(connection, source, sha256))

    def has_instance(self, sop_instance_uid: str) -> bool:
        """Whether a record of that SOP Instance is, or was, in the outbox."""
        hashed = self.vault.identifier_hash(sop_instance_uid)
        return self._read(lambda connection: queries.has_instance(connection, hashed))

    def unacknowledged(self, after: int, limit: int, max_bytes: int) -> list[Waiting]:
        """Records without receipt beyond a sequence number, in order; at least one if any waits.

        One whose content a damaged disk gives back altered goes on waiting, in nobody's way.
        """
        while rows := self._waiting(after, limit, max_bytes):
            if opened := [one for row in rows if (one := self._contents.open_whole(*row))]:
                return [self._contents.sign(one) for one in opened]
            after = rows[-1][0]
        return []

    def acknowledge(self, receipts: Receipts) -> int:
        """Note receipts, foreign ones excepted; returns how many records stopped waiting."""
        if receipts.box_id != self._box_id:
            return 0
        count = self._write_with_reserve(
            lambda connection: queries.acknowledge(connection, receipts)
        )
        self._regained_until = 0.0  # there is more to retire than a moment ago
        return count

    def wait_for_new(self, last_sequence: int, timeout: float) -> bool:
        """Wait until a record beyond that sequence number is there; whether it is."""
        with self._news:
            return self._news.wait_for(lambda: self._last_sequence > last_sequence, timeout)

    def replay(self, sequences: Iterable[int]) -> list[int]:
        """Let delivered records wait again; returns those whose payload is still there."""
        wanted = list(sequences)
        return self._write_with_reserve(lambda connection: queries.replay(connection, wanted))

    def status(self) -> OutboxStatus:
        """Counts, sizes and level, measured now."""
        counts, usage = self._read(
            lambda connection: (queries.counts(connection), self._capacity.usage(connection))
        )
        return OutboxStatus(
            waiting=counts.waiting,
            waiting_bytes=counts.waiting_bytes,
            oldest_waiting_at=counts.oldest_waiting_at,
            last_sequence=counts.last_sequence,
            acknowledged_sequence=counts.acknowledged_sequence,
            max_bytes=self._capacity.max_bytes,
            used_percent=self._capacity.percent(usage),
            disk_free_bytes=usage.disk_free,
            disk_used_percent=usage.disk_percent,
            level=self._capacity.level(usage),
        )

    def entries(
        self, *, status: str = "", limit: int = 100, before: int | None = None
    ) -> list[Entry]:
        """Rows, newest first."""
        return self._read(lambda connection: queries.entries(connection, status, limit, before))

    def content(self, sequence: int) -> Content | None:
        """What is kept of one record, None when it was retired or never was."""
        row = self._read(lambda connection: queries.payload(connection, sequence))
        return None if row is None else self._contents.open(sequence, *row)

    def retire(self, now: datetime | None = None) -> int:
        """Remove payloads delivered long ago, and old rows; returns how many payloads.

        Long ago counts up to the newest receipt: a clock that jumps ahead makes nothing old.
        """
        self._capacity.keep_reserve()
        at = now or self._surely_now()
        delivered_before = at - self._settings.keep_delivered
        ledger_before = at - self._settings.keep_ledger
        return self._write_with_reserve(
            lambda connection: queries.retire(
                connection, delivered_before, ledger_before, _RETIRE_AT_ONCE
            )
        )

    def _surely_now(self) -> datetime:
        """The latest moment that both clocks have reached: this one, and the registry's."""
        now = datetime.now(UTC)
        return min(now, self._read(queries.newest_receipt) or now)

    def integrity(self) -> list[str]:
        """What is wrong with the database: nothing, in an empty list."""
        return self._read(queries.integrity) + self._unopenable()

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run another small write of the box in the shared commits; raises `OutboxError`."""
        return self._write_with_reserve(work)

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run a query on the reading connection."""
        return self._read(work)

    def _insert(
        self,
        connection: sqlite3.Connection,
        draft: Draft,
        prepared: Prepared,
        also: Callable[[sqlite3.Connection], None] | None,
    ) -> Appended:
        record = prepared.record
        if draft.once:
            repeat = queries.find_evidence(connection, draft.source, record.evidence.sha256)
            if repeat is not None:
                return repeat
        self._check_room(connection, len(prepared.packed) + _OVERHEAD)
        sequence = queries.last_sequence(connection) + 1
        sealed = self._contents.seal(sequence, record.record_id, prepared.packed)
        hashed = (
            self.vault.identifier_hash(draft.sop_instance_uid) if draft.sop_instance_uid else ""
        )
        queries.insert(connection, sequence, record, hashed, prepared.size, sealed)
        if also is not None:
            also(connection)
        return Appended(record.record_id, sequence)

    def _waiting(self, after: int, limit: int, max_bytes: int) -> list[tuple[int, str, bytes]]:
        return self._read(lambda connection: queries.waiting(connection, after, limit, max_bytes))

    def _unopenable(self) -> list[str]:
        found, after = [], 0
        while rows := self._waiting(after, _OPENED_AT_ONCE, _BYTES_AT_ONCE):
            found += [
                f"record {row[0]} waits and its content is damaged: see "
                f"dosebook-box outbox show {row[0]}"
                for row in rows
                if self._contents.open_whole(*row) is None
            ]
            after = rows[-1][0]
        return found

    def _check_room(self, connection: sqlite3.Connection, incoming: int) -> None:
        """Refuse what does not fit before anything is written; raises `OutboxFullError`."""
        if not self._capacity.surely_fits(incoming):
            usage = self._capacity.usage(connection)
            if self._capacity.missing(usage, incoming) > 0:
                raise self._capacity.refusal(usage)

    def _regain_space(self, incoming: int) -> None:
        """Retire delivered payloads, oldest first, and give the log's space back."""
        with self._regain_lock:
            if time.monotonic() < self._regained_until:
                return
            wanted = max(incoming, self._capacity.max_bytes // _REGAINED_PART)
            schema.give_back_log(self._database)
            # In small steps: what deletes a payload is written to the log first.
            while wanted > 0:
                freed = self._write_with_reserve(
                    lambda connection: queries.retire_bytes(connection, _REGAINED_STEP)
                )
                schema.give_back_log(self._database)
                wanted = wanted - freed if freed else 0
            self._regained_until = time.monotonic() + _REGAIN_EVERY_S

    def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return self._committer.run(work)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
                usage = self._read(self._capacity.usage)
                raise self._capacity.refusal(usage) from None
            raise OutboxError(f"the outbox could not be written: {error}") from error
        except (sqlite3.Error, MessageError) as error:
            raise OutboxError(f"the outbox could not be written: {error}") from error

    def _write_with_reserve(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Write what frees space, with the reserved blocks where the disk is full."""
        try:
            return self._write(work)
        except OutboxFullError:
            if not self._capacity.give_up_reserve():
                raise
            return self._write(work)

    def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._reading_lock:
            return work(self._reading)
