"""Join readings to their groups and replace the exams that follow from them."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Final

from sqlalchemy import Connection

from dosebook_central.domain.devices import AS_REPORTED
from dosebook_central.domain.evidence import Evidence, families
from dosebook_central.domain.exam import ReconciledExam
from dosebook_central.domain.links import join_groups
from dosebook_central.domain.matching import ASSIGNABLE
from dosebook_central.domain.reconcile import reconcile
from dosebook_central.domain.same_exam_links import DECIDED, with_yielding
from dosebook_central.exams.rows import event_rows, exam_row, patient_rows
from dosebook_central.store import devices, same_exams
from dosebook_central.store.matching import in_force
from dosebook_central.store.readings import load_reading
from dosebook_central.store.records import (
    StoredRecord,
    Wanted,
    find_known,
    merge_groups,
    replace_exams,
)
from dosebook_central.store.screen_values import note_roles
from dosebook_protocol.reading import EventKind, Reading

_CACHED_READINGS: Final = 512
_STORED: Final = "stored"


@dataclass(frozen=True, slots=True)
class Plan:
    """Where the records of a batch go: their groups, new keys, and groups that merge."""

    groups: dict[str, str]
    new_keys: dict[str, str]
    merges: dict[str, str]


def plan_groups(keys: Mapping[str, frozenset[str]], known_keys: Mapping[str, str]) -> Plan:
    """Plan the groups of records from their link keys; a record without keys stands in none."""
    tied = {record: own for record, own in keys.items() if own}
    groups, merges = join_groups(tied, known_keys)
    new_keys = {
        key: groups[record] for record, own in tied.items() for key in own if key not in known_keys
    }
    return Plan(groups, new_keys, merges)


class ReadingCache:
    """Parsed readings by record and reader version; they never change, so none ever expires."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._readings: OrderedDict[tuple[str, str], Reading] = OrderedDict()

    def load(self, stored: StoredRecord) -> Reading:
        """Return the reading in force of a stored record."""
        key = (stored.id, stored.reader_version)
        with self._lock:
            found = self._readings.get(key)
        return found if found is not None else self.keep(*key, load_reading(stored.body or ""))

    def keep(self, record_id: str, reader_version: str, reading: Reading) -> Reading:
        """Remember a reading, and forget the one that was remembered longest ago."""
        with self._lock:
            self._readings[(record_id, reader_version)] = reading
            while len(self._readings) > _CACHED_READINGS:
                self._readings.popitem(last=False)
        return reading


def members_of(
    connection: Connection, stored: Iterable[StoredRecord], cache: ReadingCache, plan: Plan
) -> dict[str, list[Evidence]]:
    """Return the committed evidences of the groups that a plan changes, as decided on each."""
    changed = frozenset(plan.groups.values())
    found = [
        (group, record)
        for record in stored
        if (group := plan.merges.get(record.group_id, record.group_id)) in changed
        and record.status == _STORED
    ]
    decided = in_force(connection, [one.id for _, one in found if one.source_kind in ASSIGNABLE])
    members: dict[str, list[Evidence]] = {}
    for group, record in found:
        match = decided[record.id].match if record.id in decided else None
        evidence = Evidence(
            record.id, record.evidence_sha256, record.source_kind, cache.load(record), match
        )
        members.setdefault(group, []).append(evidence)
    return members


def write_exams(
    connection: Connection,
    members: Mapping[str, Sequence[Evidence]],
    plan: Plan,
    known_groups: Iterable[str],
    now: datetime,
) -> None:
    """Reconcile groups and write their exams in the place of those that they had."""
    if plan.merges:
        merge_groups(connection, plan.merges)
    members = _as_decided(connection, members)
    choices = devices.choices(connection) if _have_projection(members) else AS_REPORTED
    exams: list[tuple[str, ReconciledExam]] = [
        (group, exam) for group in sorted(members) for exam in reconcile(members[group], choices)
    ]
    exams.sort(key=lambda entry: entry[1].id)
    replace_exams(
        connection,
        old_groups=(members.keys() | plan.merges.keys()) & frozenset(known_groups),
        patients=patient_rows([exam for _, exam in exams], now),
        exams=[exam_row(exam, group, now) for group, exam in exams],
        events=[row for _, exam in exams for row in event_rows(exam)],
        now=now,
    )
    note_roles(connection, [exam for _, exam in exams])


def _as_decided(
    connection: Connection, members: Mapping[str, Sequence[Evidence]]
) -> Mapping[str, Sequence[Evidence]]:
    """Let yield what a person decided to be the same exam; asked only where somebody did."""
    groups = [group for group in members if group.startswith(DECIDED)]
    if not groups:
        return members
    decided = same_exams.links_of(connection, groups)
    return {
        group: with_yielding(own, decided[group]) if group in decided else own
        for group, own in members.items()
    }


def _have_projection(members: Mapping[str, Sequence[Evidence]]) -> bool:
    return any(
        EventKind.PROJECTION in families(evidence.reading)
        for evidences in members.values()
        for evidence in evidences
    )


def reconcile_anew(connection: Connection, groups: Collection[str], now: datetime) -> None:
    """Put what follows from their readings today in the place of the exams of these groups.

    A group without readings keeps its exams: what they came from is not known here.
    """
    stored = find_known(connection, Wanted((), {}, (), groups))
    plan = Plan({group: group for group in groups}, {}, {})
    members = members_of(connection, stored, ReadingCache(), plan)
    write_exams(connection, members, plan, members.keys(), now)


def reconcile_decided(connection: Connection, limit: int) -> int:
    """Reconcile up to so many groups whose machine was decided on; returns how many."""
    groups = devices.take_due(connection, limit)
    if groups:
        reconcile_anew(connection, groups, datetime.now(UTC))
    return len(groups)
