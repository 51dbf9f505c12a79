"""One transaction for a batch of records: ledger, readings, groups, exams. All of it or nothing."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from dosebook_central.domain.evidence import Evidence
from dosebook_central.domain.links import link_keys
from dosebook_central.exams.regroup import (
    ReadingCache,
    members_of,
    plan_groups,
    write_exams,
)
from dosebook_central.ingest.ledger import Candidate, Decision, KnownRecord, Ledger
from dosebook_central.ingest.rows import reading_rows, record_row
from dosebook_central.screens import from_boxes
from dosebook_central.store import records
from dosebook_central.store.bulk import Row
from dosebook_central.store.screen_values import note_values
from dosebook_central.store.writer import LostRaceError, Writer
from dosebook_protocol.screen import KIND

_SEEN_EVERY_S: Final = 1.0


class Committer:
    """Commits batches; any number of threads and processes may do so at the same time."""

    def __init__(
        self, writer: Writer, now: Callable[[], datetime], open_screen: from_boxes.Open
    ) -> None:
        self._writer = writer
        self._now = now
        self._open_screen = open_screen
        self._cache = ReadingCache()
        self._seen: dict[str, float] = {}

    def commit(
        self,
        candidates: Sequence[Candidate],
        quarantine: Callable[[Sequence[Decision], datetime], Sequence[Row]],
    ) -> list[Decision]:
        """Commit records and return what became of each; raises `DBAPIError` with nothing done."""
        return self._writer.run(lambda connection: self._commit(connection, candidates, quarantine))

    def _commit(
        self,
        connection: Connection,
        candidates: Sequence[Candidate],
        quarantine: Callable[[Sequence[Decision], datetime], Sequence[Row]],
    ) -> list[Decision]:
        now = self._now()
        keys = {
            candidate.record.record_id: link_keys(candidate.reading) for candidate in candidates
        }
        known_keys = records.lock_groups(connection, frozenset().union(*keys.values()))
        stored = records.find_known(connection, _wanted(candidates, known_keys.values()))
        ledger = Ledger(
            KnownRecord(
                one.id, one.box_id, one.sequence, one.status, one.evidence_sha256, one.media_type
            )
            for one in stored
        )
        decisions = [ledger.decide(candidate) for candidate in candidates]
        new = [decision for decision in decisions if decision.is_new]
        counting = [decision.candidate for decision in new if decision.counts]
        plan = plan_groups(
            {one.record.record_id: keys[one.record.record_id] for one in counting}, known_keys
        )
        if not records.add_keys(connection, plan.new_keys):
            raise LostRaceError
        self._add_records(connection, new, plan.groups, now)
        members = members_of(connection, stored, self._cache, plan)
        for candidate in counting:
            if group := plan.groups.get(candidate.record.record_id):
                members.setdefault(group, []).append(_evidence(candidate))
        write_exams(connection, members, plan, known_keys.values(), now)
        self._take_decisions(connection, new, now)
        self._note_boxes(connection, new, now)
        if rows := quarantine(decisions, now):
            records.add_quarantine(connection, rows)
        return decisions

    def _add_records(
        self,
        connection: Connection,
        new: Sequence[Decision],
        groups: Mapping[str, str],
        now: datetime,
    ) -> None:
        # Sorted, so that two writers of the same records meet in the same order.
        ordered = sorted(new, key=lambda one: one.candidate.record.record_id)
        rows = [
            record_row(one, groups.get(one.candidate.record.record_id, ""), now) for one in ordered
        ]
        readings = [row for one in ordered for row in reading_rows(one.candidate, now)]
        if not records.add_records(connection, rows, readings):
            raise LostRaceError
        candidates = [one.candidate for one in ordered if one.counts]
        note_values(connection, [(one.record, one.reading) for one in candidates])

    def _take_decisions(
        self, connection: Connection, new: Sequence[Decision], now: datetime
    ) -> None:
        """Apply what persons at boxes decided, now that records and exams stand."""
        arrived = [
            from_boxes.Arrived(one.record.record_id, one.record.box_id, one.decision)
            for one in (decision.candidate for decision in new)
            if one.decision is not None or one.reading.kind == KIND
        ]
        from_boxes.take(connection, self._open_screen, arrived, now)

    def _note_boxes(self, connection: Connection, new: Sequence[Decision], now: datetime) -> None:
        """Note that boxes were heard of, at most once a second each."""
        tick = time.monotonic()
        due = {
            box_id
            for box_id in {one.candidate.record.box_id for one in new}
            if tick - self._seen.get(box_id, -_SEEN_EVERY_S) >= _SEEN_EVERY_S
        }
        if due:
            records.note_last_record(connection, due, now)
            self._seen.update(dict.fromkeys(due, tick))


def _wanted(candidates: Sequence[Candidate], groups: Iterable[str]) -> records.Wanted:
    sequences: dict[str, set[int]] = {}
    for candidate in candidates:
        record = candidate.record
        sequences.setdefault(record.box_id, set()).add(record.sequence)
    return records.Wanted(
        record_ids={candidate.record.record_id for candidate in candidates},
        sequences=sequences,
        evidence={candidate.record.evidence.sha256 for candidate in candidates},
        group_ids=frozenset(groups),
    )


def _evidence(candidate: Candidate) -> Evidence:
    record = candidate.record
    return Evidence(
        record.record_id, record.evidence.sha256, record.source_kind.value, candidate.reading
    )
