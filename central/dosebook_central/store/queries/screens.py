"""Values from screens: which wait, what was decided on them, and how many of each there are."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, func, select, tuple_

from dosebook_central.domain.box_decision import Fate
from dosebook_central.domain.exam import Role
from dosebook_central.domain.screen_review import Decision, State, from_json
from dosebook_central.store.bulk import one_of
from dosebook_central.store.models import Box, Exam, Record
from dosebook_central.store.screen_models import BoxDecision, ScreenDecision, ScreenValue

_MONTHS: Final = 12
_WRONG: Final = (State.WAITING, State.CORRECTED, State.REJECTED)
_DECIDED: Final = (State.ACCEPTED, State.CORRECTED, State.REJECTED)
_DECISION: Final = (
    ScreenDecision.id,
    ScreenDecision.path,
    ScreenDecision.act,
    ScreenDecision.actor,
    ScreenDecision.at,
    ScreenDecision.note,
    ScreenDecision.body,
)


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision with its number."""

    id: int
    decision: Decision


@dataclass(frozen=True, slots=True)
class Listed:
    """One value in a list: where it was captured, and the exam of its group where there is one."""

    record_id: str
    path: str
    profile: str
    quantity: str
    state: str
    was_released: bool
    captured_at: datetime
    decided_by: str
    decided_at: datetime | None
    box_id: str
    room: str
    source: str
    evidence_sha256: str
    media_type: str
    role: str
    exam_id: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which values a person wants to see; empty texts mean all.

    `disputed`: those that somebody at a box decided otherwise, in whatever state.
    """

    state: State
    profile: str = ""
    box_id: str = ""
    disputed: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the values of one profile in one month."""

    profile: str
    month: str
    released: int
    wrong: int  # released by the reader, and then said to be wrong
    reviewed: int
    waiting: int
    superseded: int  # waits, and a newer screen of its exam shows all of it
    accepted: int
    corrected: int
    rejected: int


def decisions_on(connection: Connection, record_id: str) -> list[Decided]:
    """All decisions on the values of one record, oldest first."""
    return decisions_on_each(connection, [record_id]).get(record_id, [])


def decisions_on_each(
    connection: Connection, record_ids: Collection[str]
) -> dict[str, list[Decided]]:
    """All decisions on the values of some records, by record, oldest first; in one statement."""
    rows = connection.execute(
        select(*_DECISION, ScreenDecision.record_id.label("of_record"))
        .where(one_of(connection, ScreenDecision.record_id, record_ids))
        .order_by(ScreenDecision.id)
    )
    found: dict[str, list[Decided]] = {}
    for row in rows:
        found.setdefault(row.of_record, []).append(_decided(row))
    return found


def list_values(
    connection: Connection, wanted: Wanted, limit: int, after: tuple[str, str] = ("", "")
) -> list[Listed]:
    """Values in one state: those that wait, the longest first; others, the latest first.

    `after` is record and path of the value that the list goes on behind.
    """
    statement = _listed().where(*_conditions(wanted))
    latest = ScreenValue.decided_at.desc(), ScreenValue.captured_at.desc()
    order = (ScreenValue.captured_at,) if wanted.state is State.WAITING else latest
    if after[0]:
        moment = (
            select(ScreenValue.captured_at)
            .where(ScreenValue.record_id == after[0], ScreenValue.path == after[1])
            .scalar_subquery()
        )
        place = tuple_(ScreenValue.captured_at, ScreenValue.record_id, ScreenValue.path)
        statement = statement.where(place > tuple_(moment, *after))
    rows = connection.execute(
        statement.order_by(*order, ScreenValue.record_id, ScreenValue.path).limit(limit)
    )
    return [Listed(*row) for row in rows]


def get_value(connection: Connection, record_id: str, path: str) -> Listed | None:
    """One value, or None."""
    row = connection.execute(
        _listed().where(ScreenValue.record_id == record_id, ScreenValue.path == path)
    ).one_or_none()
    return Listed(*row) if row else None


def values_of(connection: Connection, record_id: str) -> list[Listed]:
    """Every value of one screen."""
    rows = connection.execute(
        _listed().where(ScreenValue.record_id == record_id).order_by(ScreenValue.path)
    )
    return [Listed(*row) for row in rows]


def get_screen(connection: Connection, record_id: str) -> tuple[str, str] | None:
    """Hash and media type of the evidence of a record that was read from a screen."""
    is_screen = select(ScreenValue.path).where(ScreenValue.record_id == Record.id).exists()
    row = connection.execute(
        select(Record.evidence_sha256, Record.media_type).where(Record.id == record_id, is_screen)
    ).one_or_none()
    return (row.evidence_sha256, row.media_type) if row else None


def counts(connection: Connection, wanted: Wanted) -> dict[str, int]:
    """How many values stand in each state, within the profile and room of the filter.

    And how many are `disputed`, whatever their state.
    """
    by_state = {
        state.value: _count(connection, replace(wanted, state=state, disputed=False))
        for state in State
    }
    return by_state | {"disputed": _count(connection, replace(wanted, disputed=True))}


def count_waiting(connection: Connection) -> int:
    """How many values wait for a person."""
    return _count(connection, Wanted(State.WAITING))


def choices(connection: Connection) -> tuple[list[str], list[tuple[str, str]]]:
    """Profiles, and boxes with their room, of which any value is known."""
    profiles = connection.scalars(
        select(ScreenValue.profile).distinct().order_by(ScreenValue.profile)
    )
    boxes = connection.execute(
        select(Box.id, Box.room)
        .where(Box.id.in_(select(ScreenValue.box_id).distinct()))
        .order_by(Box.room, Box.id)
    )
    return list(profiles), [(row.id, row.room) for row in boxes]


def tallies(connection: Connection) -> list[Tally]:
    """What became of values per profile and month, the latest twelve months, newest first."""
    recent = select(ScreenValue.month).distinct().order_by(ScreenValue.month.desc()).limit(_MONTHS)
    state, by_reader = ScreenValue.state, ScreenValue.was_released.is_(True)
    waits = state == State.WAITING.value
    rows = connection.execute(
        select(
            ScreenValue.profile,
            ScreenValue.month,
            _sum(by_reader),
            _sum(and_(by_reader, state.in_([one.value for one in _WRONG]))),
            _sum(~by_reader),
            _sum(and_(waits, ScreenValue.role != Role.SUPERSEDED.value)),
            _sum(and_(waits, ScreenValue.role == Role.SUPERSEDED.value)),
            *(_sum(and_(~by_reader, state == one.value)) for one in _DECIDED),
        )
        .where(ScreenValue.month.in_(recent))
        .group_by(ScreenValue.profile, ScreenValue.month)
        .order_by(ScreenValue.month.desc(), ScreenValue.profile)
    )
    return [Tally(*tuple(row)) for row in rows]


def corrected(connection: Connection) -> list[Listed]:
    """Every value that a person corrected, in order of record and path."""
    rows = connection.execute(
        _listed()
        .where(ScreenValue.state == State.CORRECTED.value)
        .order_by(ScreenValue.record_id, ScreenValue.path)
    )
    return [Listed(*row) for row in rows]


def _listed() -> Select[*tuple[Any, ...]]:
    exam = (
        select(func.min(Exam.id))
        .where(Exam.group_id == Record.group_id, Record.group_id != "")
        .scalar_subquery()
    )
    return (
        select(
            ScreenValue.record_id,
            ScreenValue.path,
            ScreenValue.profile,
            ScreenValue.quantity,
            ScreenValue.state,
            ScreenValue.was_released,
            ScreenValue.captured_at,
            ScreenValue.decided_by,
            ScreenValue.decided_at,
            ScreenValue.box_id,
            func.coalesce(Box.room, ""),
            Record.source,
            Record.evidence_sha256,
            Record.media_type,
            ScreenValue.role,
            func.coalesce(exam, ""),
        )
        .join(Record, Record.id == ScreenValue.record_id)
        .outerjoin(Box, Box.id == ScreenValue.box_id)
    )


def _count(connection: Connection, wanted: Wanted) -> int:
    counted = select(func.count()).select_from(ScreenValue).where(*_conditions(wanted))
    return connection.scalar(counted) or 0


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    if wanted.disputed:
        return [_is_disputed(), *_places(wanted)]
    conditions = [ScreenValue.state == wanted.state.value, *_places(wanted)]
    if wanted.state is State.WAITING:  # a newer screen shows all of it
        conditions.append(ScreenValue.role != Role.SUPERSEDED.value)
    return conditions


def _is_disputed() -> ColumnElement[bool]:
    return exists().where(
        BoxDecision.record_id == ScreenValue.record_id,
        BoxDecision.path == ScreenValue.path,
        BoxDecision.state == Fate.DIFFERS.value,
    )


def _places(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.profile:
        conditions.append(ScreenValue.profile == wanted.profile)
    if wanted.box_id:
        conditions.append(ScreenValue.box_id == wanted.box_id)
    return conditions


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _decided(row: Any) -> Decided:
    confirmed = from_json(row.body) if row.body is not None else None
    return Decided(row.id, Decision(row.path, row.act, row.actor, row.at, row.note, confirmed))
