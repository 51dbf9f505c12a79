"""Imports objects as box `registry`: signed, through the same pipeline, an outcome for each."""

import fcntl
import logging
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final
from uuid import uuid4

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Engine

from dosebook_central.fleet.ca import REGISTRY_NAME
from dosebook_central.imports.collect import Entry, EntryReader, list_entries
from dosebook_central.imports.handover import Handover, message_of
from dosebook_central.imports.objects import FoundObject, objects_in, problem_of_size
from dosebook_central.imports.outcome import REFUSED, SKIPPED, FileOutcome
from dosebook_central.imports.zips import EntryError
from dosebook_central.ingest.pipeline import Ingest
from dosebook_central.ingest.verify import Incoming
from dosebook_central.store import jobs
from dosebook_protocol.cose import Signer
from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.logs import log
from dosebook_protocol.reading import READER_VERSION, Outcome
from dosebook_protocol.record import (
    EvidenceRef,
    Receipts,
    ReceiptStatus,
    Record,
    SourceKind,
)
from dosebook_protocol.topics import Channel, topic
from dosebook_protocol.wire import encode_record, encode_record_message

_BATCH_OBJECTS: Final = 50
_BATCH_BYTES: Final = 32 * 1024 * 1024
_TOPIC: Final = topic(REGISTRY_NAME, Channel.RECORDS)

_log = logging.getLogger(__name__)


def _ignore(_: object) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is: entries listed, entries done, and the outcomes that are new."""

    total: int
    done: int
    outcomes: tuple[FileOutcome, ...]


@dataclass(slots=True)
class _Batch:
    entries: int = 0
    bytes: int = 0
    outcomes: list[FileOutcome] = field(default_factory=list)
    objects: list[tuple[str, FoundObject]] = field(default_factory=list)
    messages: list[tuple[str, Incoming]] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        count = len(self.objects) + len(self.messages)
        return count >= _BATCH_OBJECTS or self.bytes >= _BATCH_BYTES


class Importer:
    """Imports files into one registry; several may run at the same time on one machine."""

    def __init__(
        self, engine: Engine, ingest: Ingest, signer: Signer, data_dir: Path, version: str
    ) -> None:
        self._engine = engine
        self._ingest = ingest
        self._handover = Handover(engine, ingest)
        self._signer = signer
        self._lock_path = data_dir / "import.lock"
        self._version = version
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        raw = signer.public_key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        jobs.ensure_box(engine, REGISTRY_NAME, raw, datetime.now(UTC))

    def run(
        self,
        paths: Sequence[Path],
        created_by: str,
        tell: Callable[[Progress], None] = _ignore,
        on_receipts: Callable[[Receipts], None] = _ignore,
    ) -> str:
        """Import files, folders and ZIPs; returns the id of the job that lists the outcomes.

        Receipts are for records that boxes exported: whoever brought them carries these back.
        """
        job_id = jobs.create(self._engine, created_by, datetime.now(UTC))
        self._work(job_id, paths, tell, on_receipts)
        return job_id

    def start(self, folder: Path, created_by: str) -> str:
        """Import a folder in the background and delete it; returns the job's id at once."""
        job_id = jobs.create(self._engine, created_by, datetime.now(UTC))

        def work() -> None:
            try:
                # It is logged; the interpreter would print its text, and file names name patients.
                with suppress(Exception):
                    self._work(job_id, [folder], _ignore, _ignore)
            finally:
                shutil.rmtree(folder, ignore_errors=True)

        thread = threading.Thread(target=work, name=f"dosebook-import-{job_id[:8]}")
        self._threads.append(thread)
        thread.start()
        return job_id

    def stop(self) -> None:
        """End background imports after their batch; what is stored is recognised next time."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _work(
        self,
        job_id: str,
        paths: Sequence[Path],
        tell: Callable[[Progress], None],
        on_receipts: Callable[[Receipts], None],
    ) -> None:
        try:
            entries = list_entries(paths)
            jobs.set_total(self._engine, job_id, len(entries))
            done = 0
            for batch in self._batches(entries):
                outcomes = [*batch.outcomes, *self._send(batch.objects)]
                if batch.messages:
                    outcomes += self._handover.take(batch.messages, on_receipts)
                done += batch.entries
                jobs.add_outcomes(
                    self._engine,
                    job_id,
                    done,
                    [(one.name, one.outcome, one.reason, one.record_id) for one in outcomes],
                )
                tell(Progress(len(entries), done, tuple(outcomes)))
                if self._stopping.is_set():
                    jobs.finish(self._engine, job_id, "failed", "stopped: import it again")
                    return
        except Exception as error:
            log(_log, logging.WARNING, "import_failed", error=error, job=job_id)
            why = str(error) if isinstance(error, EntryError) else type(error).__name__
            message = f"ended by {why}: import it again, what is stored is known"
            jobs.finish(self._engine, job_id, "failed", message)
            raise
        jobs.finish(self._engine, job_id, "done", "")

    def _batches(self, entries: Iterable[Entry]) -> Iterator[_Batch]:
        reader = EntryReader()
        batch = _Batch()
        try:
            for entry in entries:
                batch.entries += 1
                self._gather(batch, entry, reader)
                if batch.is_full:
                    yield batch
                    batch = _Batch()
            if batch.entries:
                yield batch
        finally:
            reader.close()

    @staticmethod
    def _gather(batch: _Batch, entry: Entry, reader: EntryReader) -> None:
        try:
            data = reader.read(entry)
        except EntryError as error:
            batch.outcomes.append(FileOutcome(entry.name, REFUSED, str(error)))
            return
        if entry.box_id:
            batch.messages.append((entry.name, message_of(entry.box_id, data)))
            batch.bytes += len(data)
            return
        found = objects_in(data)
        if not found:
            batch.outcomes.append(FileOutcome(entry.name, SKIPPED, "not a DICOM object"))
        for number, one in enumerate(found, 1):
            name = entry.name if len(found) == 1 else f"{entry.name}#{number}"
            if problem := problem_of_size(one):
                batch.outcomes.append(FileOutcome(name, REFUSED, problem))
                continue
            batch.objects.append((name, one))
            batch.bytes += len(one.data)

    def _send(self, objects: Sequence[tuple[str, FoundObject]]) -> list[FileOutcome]:
        if not objects:
            return []
        with self._sequence() as first:
            sent = [
                (name, *self._message(found, number))
                for number, (name, found) in enumerate(objects, first)
            ]
            receipts = {
                receipt.record_id: receipt
                for message in self._ingest.process([incoming for _, _, incoming in sent])
                for receipt in message.receipts
            }
        outcomes: list[FileOutcome] = []
        for name, record, _ in sent:
            receipt = receipts[record.record_id]
            outcome = FileOutcome(name, receipt.status.value, receipt.reason, record.record_id)
            is_plain = receipt.status is ReceiptStatus.STORED
            if is_plain and record.reading.outcome is Outcome.NO_DOSE:
                outcome = replace(outcome, outcome="no_dose", reason=record.reading.reason)
            outcomes.append(outcome)
        return outcomes

    @contextmanager
    def _sequence(self) -> Iterator[int]:
        """Hold the registry's own ledger and give the next number in it.

        The lock is on a file because `import` and `run` are two processes with one key.
        """
        with self._lock_path.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield jobs.last_sequence(self._engine, REGISTRY_NAME) + 1

    def _message(self, found: FoundObject, sequence: int) -> tuple[Record, Incoming]:
        record = Record(
            record_id=uuid4().hex,
            box_id=REGISTRY_NAME,
            sequence=sequence,
            source="import",
            source_kind=SourceKind.IMPORT,
            captured_at=datetime.now(UTC),
            box_version=self._version,
            evidence=EvidenceRef(
                sha256=sha256(found.data).hexdigest(),
                media_type=found.media_type,
                size=len(found.data),
            ),
            reader_version=READER_VERSION,
            reading=read_object(found.data, found.media_type),
        )
        envelope = self._signer.sign(encode_record(record))
        return record, Incoming(_TOPIC, encode_record_message(envelope, found.data))
