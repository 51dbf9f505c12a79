"""The outbox's appends against bare SQLite on the same disk: WAL, FULL, a commit for each row.

An append validates the record, writes it out, packs and encrypts it with its evidence, and writes
ledger and payload; the reference inserts the very bytes that will be published, one commit each, on
one connection without any competition. Both run with the garbage collector as a box sets it, for a
bench has loaded far more than a box.

What an append adds is CPU time, the same on every disk; so the ratio of rates says as much about
the disk as about the outbox, and each row tells how long one raw insert took.
"""

import gc
import itertools
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dosebook_edge.outbox import Draft, Outbox
from dosebook_edge.running import work_undisturbed
from dosebook_protocol.cose import Signer
from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.record import SourceKind
from tools.bench.measure import Clock, in_turns, scratch
from tools.bench.objects import ct_report
from tools.bench.row import Row

AIM = ">= 0.7"
AGAINST = "raw SQLite WAL FULL inserts of the same bytes"
RECORDS = 200
REPEATS = 7


def bench_outbox() -> Iterator[Row]:
    """Appends per second of one writer, and of four as with four associations; CPU time of one."""
    for writers in (1, 4):
        ours, theirs = _seconds(writers, time.perf_counter)
        yield Row(
            f"outbox-{writers}-writer{'s' if writers > 1 else ''}",
            1 / ours,
            "1/s",
            reference=1 / theirs,
            against=f"{AGAINST}, {1000 * theirs:.2g} ms each",
            aim=AIM,
        )
    ours, theirs = _seconds(1, time.process_time)
    yield Row(
        "outbox-cpu",
        1000 * ours,
        "ms",
        reference=1000 * theirs,
        against=f"CPU time per append, one writer; of the {AGAINST}: {1000 * theirs:.2g} ms each",
    )


@contextmanager
def _collecting_as_a_box_does() -> Iterator[None]:
    before = gc.get_threshold()
    work_undisturbed()
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _seconds(writers: int, clock: Clock) -> tuple[float, float]:
    """Median seconds of one append and of one raw insert, which always has one writer."""
    with scratch() as folder, _collecting_as_a_box_does():
        outbox = Outbox(folder, "bench-box", Signer(Ed25519PrivateKey.generate(), "bench-box"))
        try:
            draft = _draft()
            outbox.append(draft)
            (kept,) = outbox.unacknowledged(0, 1, 1)
            raw = _Raw(folder / "raw.db", len(kept.message))
            ours, theirs = in_turns(
                [
                    partial(_in_threads, partial(outbox.append, draft), writers),
                    partial(_in_threads, raw.insert, 1),
                ],
                repeats=REPEATS,
                clock=clock,
            )
            raw.close()
            problems = outbox.integrity()
            if problems:
                raise RuntimeError(f"the outbox is damaged: {problems}")
        finally:
            outbox.close()
    return ours / RECORDS, theirs / RECORDS


class _Raw:
    """What any program could do at best to have bytes on disk, one commit each."""

    def __init__(self, path: Path, size: int) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("CREATE TABLE payload (id INTEGER PRIMARY KEY, name TEXT, b BLOB)")
        self._numbers = itertools.count(1)
        self._bytes = b"\xa5" * size

    def insert(self) -> None:
        """Insert one row; autocommit makes it durable."""
        self._connection.execute(
            "INSERT INTO payload VALUES (?, ?, ?)",
            (next(self._numbers), uuid.uuid4().hex, self._bytes),
        )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _draft() -> Draft:
    evidence = ct_report()
    return Draft(
        source="ct-1",
        source_kind=SourceKind.DICOM_STORE,
        captured_at=datetime.now(UTC),
        evidence=evidence,
        media_type="application/dicom",
        transport={"calling_ae_title": "CT1", "called_ae_title": "DOSEBOOK", "dimse": "C-STORE"},
        reading=read_object(evidence),
    )


def _in_threads(work: Callable[[], object], writers: int) -> None:
    if writers == 1:
        _repeat(work, RECORDS)
        return
    threads = [
        threading.Thread(target=_repeat, args=(work, RECORDS // writers)) for _ in range(writers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _repeat(work: Callable[[], object], times: int) -> None:
    for _ in range(times):
        work()
