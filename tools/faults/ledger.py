"""The comparison of ledgers: what was sent, accepted, kept, delivered, counted."""

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, Row, select

from dosebook_central.ingest.evidence import EvidenceFolder
from dosebook_central.store.models import Record
from dosebook_edge.outbox import queries, schema
from dosebook_edge.simulate.exam import Exam
from tools.faults.modality import Key, Sent, key_of
from tools.site.truth import compare

_SHOWN: Final = 5
_KINDS: Final = {"": "store", "; mpps=n-create": "mpps-create", "; mpps=n-set": "mpps-set"}
_DICOM: Final = "application/dicom"
Stored = Row[str, str, int, str, str, str, str]
"""Id, status, sequence, evidence hash, media type, SOP Instance UID and outcome of a record."""


@dataclass(slots=True)
class Ledger:
    """One comparison: its figures in order, and every way in which they do not agree."""

    figures: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def say(self, name: str, value: object) -> None:
        """Add a figure."""
        self.figures.append((name, str(value)))

    def check(self, name: str, problems: Iterable[str], good: str) -> None:
        """Add a check: `good` where there are no problems."""
        found = list(problems)
        self.say(name, good if not found else f"{len(found)} WRONG")
        self.problems += [f"{name}: {one}" for one in found[:_SHOWN]]
        if len(found) > _SHOWN:
            self.problems.append(f"{name}: and {len(found) - _SHOWN} more")

    def text(self, title: str) -> str:
        """The comparison as a table for people."""
        width = max(len(name) for name, _ in self.figures) if self.figures else 0
        lines = [f"── {title} " + "─" * max(4, 72 - len(title))]
        lines += [f"  {name:<{width}}  {value}" for name, value in self.figures]
        lines += [f"  !! {one}" for one in self.problems]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A record as the box remembers it."""

    sequence: int
    record_id: str
    status: str
    evidence_sha256: str


def outbox_rows(database: Path) -> list[OutboxRow]:
    """All rows of a box that does not run."""
    with closing(schema.connect(database)) as connection:
        rows = connection.execute(
            "SELECT sequence, record_id, status, evidence_sha256 FROM record ORDER BY sequence"
        ).fetchall()
    return [OutboxRow(*row) for row in rows]


def outbox_problems(database: Path) -> list[str]:
    """What is wrong with the file: SQLite's own check and the sequence."""
    with closing(schema.connect(database)) as connection:
        return queries.integrity(connection)


def stored_records(engine: Engine, box_id: str) -> Sequence[Stored]:
    """The records of one box in the registry."""
    statement = (
        select(
            Record.id,
            Record.status,
            Record.sequence,
            Record.evidence_sha256,
            Record.media_type,
            Record.sop_instance_uid,
            Record.outcome,
        )
        .where(Record.box_id == box_id)
        .order_by(Record.sequence)
    )
    with engine.connect() as connection:
        return connection.execute(statement).all()


def database_problems(engine: Engine) -> list[str]:
    """SQLite's own check of the registry's database; nothing to ask of PostgreSQL."""
    if engine.dialect.name != "sqlite":
        return []
    with closing(sqlite3.connect(str(engine.url.database))) as connection:
        found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        return [one for one in found if one != "ok"] + [
            f"foreign key violated in {row[0]}"
            for row in connection.execute("PRAGMA foreign_key_check")
        ]


def transport_problems(rows: Sequence[OutboxRow], records: Sequence[Stored]) -> list[str]:
    """Whether box and registry name the same records under the same numbers."""
    box = {one.record_id: one for one in rows}
    registry = {one.id: one for one in records}
    problems = [f"record {one} is at the box only" for one in box.keys() - registry.keys()]
    problems += [f"record {one} is in the registry only" for one in registry.keys() - box.keys()]
    for record_id in box.keys() & registry.keys():
        here, there = box[record_id], registry[record_id]
        if (here.sequence, here.evidence_sha256) != (there.sequence, there.evidence_sha256):
            problems.append(f"record {record_id} is another one in the registry")
    return problems


def gap_problems(records: Sequence[Stored], last: int) -> list[str]:
    """Each sequence number from 1 to the last that the box gave stands once."""
    found = Counter(one.sequence for one in records)
    problems = [f"sequence {one} is missing" for one in range(1, last + 1) if one not in found]
    problems += [
        f"sequence {one} stands {times} times" for one, times in found.items() if times > 1
    ]
    return problems + [f"sequence {one} was never given" for one in found if not 0 < one <= last]


def object_problems(
    wanted: Iterable[Key], records: Sequence[Stored], kept_alone: Collection[Key] = ()
) -> list[str]:
    """Each object that the box took is stored exactly once, and nothing else is.

    The end of a step that was also kept without its beginning has a second record.
    """
    found = Counter(
        (_KINDS.get(one.media_type.removeprefix(_DICOM), one.media_type), one.sop_instance_uid)
        for one in records
        if one.status == "stored"
    )
    expected = set(wanted)
    problems = [f"{kind} {uid} is LOST" for kind, uid in expected - found.keys()]
    problems += [f"{kind} {uid} was never accepted" for kind, uid in found.keys() - expected]
    return problems + [
        f"{key[0]} {key[1]} is stored {times} times"
        for key, times in found.items()
        if times > 1 + (key in kept_alone)
    ]


def evidence_problems(folder: EvidenceFolder, records: Sequence[Stored]) -> list[str]:
    """Each record's evidence is there and is what its hash says."""
    return [
        f"evidence of record {one.id} is gone or altered"
        for one in records
        if not folder.verify(one.evidence_sha256)
    ]


def exam_problems(engine: Engine, exams: Sequence[Exam]) -> tuple[list[str], int]:
    """How the registry's exams differ from the truth, and how many events it counts."""
    comparison = compare(engine, [exam.truth for exam in exams])
    problems = [
        f"{one.truth.scenario} {one.truth.exam}: {problem}"
        for one in comparison.exams
        for problem in one.problems
    ]
    held = sum(one.held_events for one in comparison.exams)
    return problems + list(comparison.surplus), held


def compare_all(
    ledger: Ledger,
    *,
    exams: Sequence[Exam],
    sent: Sent,
    outbox: Path,
    engine: Engine,
    evidence: EvidenceFolder,
    box_id: str,
) -> None:
    """Compare everything of one box after a fault: it and the registry have ended."""
    wanted = {key_of(item) for exam in exams for item in exam.objects}
    rows, records = outbox_rows(outbox), stored_records(engine, box_id)
    at_box = Counter(one.status for one in rows)
    in_registry = Counter(one.status for one in records)
    last = rows[-1].sequence if rows else 0
    ledger.say("objects to send", f"{len(wanted)} of {len(exams)} exams")
    answers = ", ".join(f"{name} × {times}" for name, times in sorted(sent.answers.items()))
    ledger.say("messages sent, answers", f"{sent.attempts}: {answers}")
    ledger.check(
        "accepted",
        [f"{kind} {uid} was never accepted" for kind, uid in wanted if not sent.has((kind, uid))],
        f"{len(sent.accepted)} heard 0x0000, {len(sent.taken_before - sent.accepted)} heard that "
        "they were taken before the answer was lost",
    )
    ledger.say("outbox", _counts(at_box, last))
    ledger.say("registry", _counts(in_registry, last))
    waiting = [f"record {one.sequence} waits" for one in rows if one.status == "waiting"]
    ledger.check("receipts", waiting, f"{len(rows)} of {len(rows)}")
    ledger.check("same records on both sides", transport_problems(rows, records), "yes")
    ledger.check("sequence gaps", gap_problems(records, last), "none")
    ledger.check(
        "each accepted object stored once",
        object_problems([one for one in wanted if sent.has(one)], records, sent.kept_alone),
        f"{len(wanted)} of {len(wanted)}",
    )
    ledger.check("evidence", evidence_problems(evidence, records), f"{len(records)} verified")
    problems, held = exam_problems(engine, exams)
    truths = sum(exam.truth.distinct_events or 0 for exam in exams)
    totals = sum(len(exam.truth.totals) for exam in exams)
    ledger.check(
        "exams, events, totals as in truth",
        problems,
        f"{len(exams)} exams, {held} of {truths} events, {totals} totals",
    )
    ledger.check("integrity_check of the outbox", outbox_problems(outbox), "ok")
    what = "ok" if engine.dialect.name == "sqlite" else "(PostgreSQL)"
    ledger.check("integrity_check of the registry", database_problems(engine), what)


def _counts(found: Counter[str], last: int) -> str:
    words = ", ".join(f"{times} {name}" for name, times in sorted(found.items()))
    return f"{found.total()} records to sequence {last}: {words or 'none'}"
