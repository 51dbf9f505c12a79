"""Read the archive again with the present reader: versions are added, never replaced (P56).

Resumable without a list of what is done: a record whose reading in force is of the present reader
is done.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, Engine

from dosebook_central.domain.evidence import Evidence
from dosebook_central.domain.links import link_keys, study_key
from dosebook_central.domain.matching import ASSIGNABLE, Match
from dosebook_central.exams.regroup import (
    ReadingCache,
    members_of,
    plan_groups,
    write_exams,
)
from dosebook_central.ingest.evidence import EvidenceStore
from dosebook_central.store import archive, matching, records
from dosebook_central.store.readings import dump_reading
from dosebook_central.store.writer import LostRaceError, Writer
from dosebook_protocol.dicom.read import DICOM, read_object
from dosebook_protocol.reading import READER_VERSION, Outcome, Reading

_BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class Reread:
    """How far a recomputation is, and what it could not read."""

    total: int
    done: int
    lost: tuple[str, ...] = ()  # records whose evidence is not in the store


class Recomputer:
    """Re-reads records and replaces the exams that follow from them."""

    def __init__(self, engine: Engine, evidence: EvidenceStore) -> None:
        self._engine = engine
        self._evidence = evidence
        self._writer = Writer(engine)

    def run(
        self,
        since: datetime | None = None,
        *,
        everything: bool = False,
        tell: Callable[[Reread], None] = lambda _: None,
    ) -> Reread:
        """Re-read what an earlier reader read, or everything; captured since a moment if given."""
        wanted = archive.Selection(READER_VERSION, since, DICOM, everything=everything)
        with self._engine.connect() as connection:
            total = archive.count(connection, wanted)
        progress = Reread(total, 0)
        for batch in self._batches(wanted):
            lost = self.reread(batch)
            progress = Reread(total, progress.done + len(batch), (*progress.lost, *lost))
            tell(progress)
        return progress

    def reread(self, batch: Sequence[archive.ArchivedRecord]) -> list[str]:
        """Re-read some records; returns the ids of those whose evidence is not there."""
        found: dict[str, tuple[archive.ArchivedRecord, Reading]] = {}
        lost: list[str] = []
        for record in batch:
            try:
                data = self._evidence.get(record.evidence_sha256)
            except KeyError:
                lost.append(record.id)
                continue
            found[record.id] = (record, read_object(data, record.media_type))
        if found:
            self._writer.run(lambda connection: _apply(connection, found))
        return lost

    def _batches(self, wanted: archive.Selection) -> Iterator[list[archive.ArchivedRecord]]:
        after = ""
        while True:
            with self._engine.connect() as connection:
                batch = archive.select_batch(connection, wanted, after, _BATCH)
            if not batch:
                return
            yield batch
            after = batch[-1].id


def _apply(
    connection: Connection, found: dict[str, tuple[archive.ArchivedRecord, Reading]]
) -> None:
    """Put new readings in force; a group that a record leaves is reconciled without it."""
    now = datetime.now(UTC)
    keys = {record_id: link_keys(reading) for record_id, (_, reading) in found.items()}
    matches = _matches(connection, found)
    for record_id, match in matches.items():
        keys[record_id] |= {study_key(match.study_uid)}
    known_keys = records.lock_groups(connection, frozenset().union(*keys.values()))
    for record_id, (record, _) in found.items():
        if record.group_id:
            keys[record_id] |= {f"held:{record_id}"}
            known_keys[f"held:{record_id}"] = record.group_id
    plan = plan_groups(keys, known_keys)
    if not records.add_keys(connection, plan.new_keys):
        raise LostRaceError
    counting = {
        record_id: plan.groups[record_id]
        for record_id, (_, reading) in found.items()
        if reading.outcome is Outcome.READ and record_id in plan.groups
    }
    archive.put_in_force(
        connection,
        [
            archive.NewReading(
                record_id, reading, counting.get(record_id, ""), dump_reading(reading)
            )
            for record_id, (_, reading) in sorted(found.items())
        ],
        READER_VERSION,
        now,
    )
    stored = records.find_known(
        connection, records.Wanted((), {}, (), frozenset(known_keys.values()))
    )
    others = (one for one in stored if one.id not in found)
    members = members_of(connection, others, ReadingCache(), plan)
    for record_id, group in counting.items():
        record, reading = found[record_id]
        given = matches.get(record_id)
        members.setdefault(group, []).append(
            Evidence(record_id, record.evidence_sha256, record.source_kind, reading, given)
        )
    for group in plan.groups.values():
        members.setdefault(group, [])  # left empty: its exams go
    write_exams(connection, members, plan, known_keys.values(), now)


def _matches(
    connection: Connection, found: dict[str, tuple[archive.ArchivedRecord, Reading]]
) -> dict[str, Match]:
    """The exams that people gave some of these records to, as far as they still state a dose."""
    ids = [
        record_id
        for record_id, (record, reading) in found.items()
        if record.source_kind in ASSIGNABLE and reading.outcome is Outcome.READ
    ]
    decided = matching.in_force(connection, ids)
    return {record_id: match for record_id, one in decided.items() if (match := one.match)}
