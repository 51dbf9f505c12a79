"""Raw names of procedures: lists and shares for pages, and the resolver for derivation."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from dosebook_central.domain.procedures.decisions import Act, Decided
from dosebook_central.domain.procedures.resolve import Decision, Resolver
from dosebook_central.domain.procedures.rules import Example, RuleSet
from dosebook_central.domain.procedures.vocabulary import vocabulary_of
from dosebook_central.dosimetry.sets import Library
from dosebook_central.store.bulk import one_of
from dosebook_central.store.dose_models import ProcedureDecision, ProcedureName, ProcedureRules

UNMAPPED: Final = "unmapped"
STATES: Final = (UNMAPPED, "suggested", "confirmed", "ignored")


@dataclass(frozen=True, slots=True)
class ListedName:
    """One raw name with what it is taken for; `confidence` is None where a person decided."""

    id: str
    family: str
    raw: str
    codes: list[Any]
    exam_count: int
    first_seen: str
    last_seen: str
    state: str
    procedure_id: str
    source: str
    suggestion_id: str
    confidence: Decimal | None
    why: str
    rule_version: int
    decided_by: str
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which names a page shows; `state` is one of `STATES` or empty for all."""

    state: str = ""
    family: str = ""
    text: str = ""
    sure: Decimal | None = None  # suggestions of at least this confidence
    after: tuple[int, str] | None = None  # exam count and id of the name before


@dataclass(frozen=True, slots=True)
class Share:
    """How many names and exams have no procedure, of all but those set aside."""

    names: int = 0
    exams: int = 0
    unmapped_names: int = 0
    unmapped_exams: int = 0

    @property
    def percent(self) -> Decimal | None:
        """The unmapped percentage of exams, one decimal; None where there are none."""
        if not self.exams:
            return None
        return (Decimal(self.unmapped_exams) * 100 / self.exams).quantize(Decimal("0.1"))


@dataclass(frozen=True, slots=True)
class LearningRun:
    """One version of the learned rules."""

    version: int
    learned_at: datetime
    learned_by: str
    example_count: int


def list_names(connection: Connection, wanted: Filter, limit: int = 100) -> list[ListedName]:
    """Return names, those of the most exams first."""
    rows = connection.execute(
        _names()
        .where(*_conditions(wanted))
        .order_by(ProcedureName.exam_count.desc(), ProcedureName.id)
        .limit(limit)
    )
    return [ListedName(*row) for row in rows]


def get_name(connection: Connection, name_id: str) -> ListedName | None:
    """Return one name."""
    row = connection.execute(_names().where(ProcedureName.id == name_id)).one_or_none()
    return ListedName(*row) if row else None


def counts(connection: Connection, wanted: Filter) -> dict[str, tuple[int, int]]:
    """Return how many names and exams stand in each state, within the other filters."""
    found = {}
    for state in STATES:
        of_state = Filter(state, wanted.family, wanted.text, wanted.sure)
        found[state] = count_names(connection, of_state)
    return found


def count_names(connection: Connection, wanted: Filter) -> tuple[int, int]:
    """Return how many names, and exams with them, a filter finds."""
    names, exams = connection.execute(
        select(func.count(), func.coalesce(func.sum(ProcedureName.exam_count), 0)).where(
            *_conditions(wanted)
        )
    ).one()
    return int(names), int(exams)


def unmapped_share(connection: Connection) -> Share:
    """Return the share of names and exams without a procedure, as of the last look (P35)."""
    names, exams = count_names(connection, Filter())
    aside = count_names(connection, Filter("ignored"))
    unmapped = count_names(connection, Filter(UNMAPPED))
    return Share(names - aside[0], exams - aside[1], *unmapped)


def families(connection: Connection) -> list[str]:
    """Return the families that have names."""
    return list(
        connection.scalars(select(ProcedureName.family).distinct().order_by(ProcedureName.family))
    )


def history(connection: Connection, name_id: str) -> list[Decided]:
    """Return every decision on a name, oldest first."""
    return decided(connection, [name_id]).get(name_id, [])


def decided(connection: Connection, name_ids: Collection[str]) -> dict[str, list[Decided]]:
    """Return the decisions on names, oldest first, by name."""
    table = ProcedureDecision
    rows = connection.execute(
        select(table.name_id, table.act, table.procedure_id, table.actor, table.at)
        .where(one_of(connection, table.name_id, name_ids))
        .order_by(table.id)
    )
    found: dict[str, list[Decided]] = {}
    for row in rows:
        one = Decided(cast("Act", row.act), row.procedure_id, row.actor, row.at)
        found.setdefault(row.name_id, []).append(one)
    return found


def load_resolver(connection: Connection, library: Library) -> Resolver:
    """Return what tells the procedure of exams, with the decisions and rules of this moment."""
    return Resolver(vocabulary_of(library), load_rules(connection), _decisions(connection))


def resolver_revision(connection: Connection) -> str:
    """Return a text that changes whenever `load_resolver` may return something else.

    The library's own revision stands beside it (`store.queries.packages.library_revision`).
    """
    last = connection.scalar(select(func.max(ProcedureDecision.id)))
    rules = connection.scalar(select(func.max(ProcedureRules.version)))
    return f"{last or 0}.{rules or 0}"


def load_rules(connection: Connection) -> RuleSet:
    """Return the rules of the latest learning run, or none."""
    row = connection.execute(
        select(ProcedureRules.body, ProcedureRules.version, ProcedureRules.example_count)
        .order_by(ProcedureRules.version.desc())
        .limit(1)
    ).one_or_none()
    return RuleSet.from_json(*row) if row else RuleSet()


def latest_run(connection: Connection) -> LearningRun | None:
    """Return when the rules were last learned, and by whom."""
    table = ProcedureRules
    row = connection.execute(
        select(table.version, table.learned_at, table.learned_by, table.example_count)
        .order_by(table.version.desc())
        .limit(1)
    ).one_or_none()
    return LearningRun(*row) if row else None


def confirmed_examples(connection: Connection) -> list[Example]:
    """Return the confirmed names, from which rules are learned."""
    rows = connection.execute(
        select(ProcedureName.family, ProcedureName.raw, ProcedureName.procedure_id).where(
            ProcedureName.state == "confirmed"
        )
    )
    return [Example(*row) for row in rows]


def _decisions(connection: Connection) -> dict[str, Decision]:
    rows = connection.execute(
        select(
            ProcedureName.id,
            ProcedureName.state,
            ProcedureName.procedure_id,
            ProcedureName.decided_by,
            ProcedureName.decided_at,
        ).where(ProcedureName.state != "open")
    )
    return {
        row.id: Decision(
            row.procedure_id if row.state == "confirmed" else "",
            row.decided_by,
            f"{row.decided_at:%Y-%m-%d}" if row.decided_at else "",
        )
        for row in rows
    }


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    name = ProcedureName
    # A name without exams is history: its exams were reconciled into others.
    found: list[ColumnElement[bool]] = [or_(name.exam_count > 0, name.state != "open")]
    if wanted.state == UNMAPPED:
        found.append(and_(name.state == "open", name.procedure_id == ""))
    elif wanted.state == "suggested":
        found.append(and_(name.state == "open", name.procedure_id != ""))
    elif wanted.state:
        found.append(name.state == wanted.state)
    if wanted.family:
        found.append(name.family == wanted.family)
    if wanted.text:
        found.append(name.raw.icontains(wanted.text, autoescape=True))
    if wanted.after is not None:
        count, name_id = wanted.after
        same = and_(name.exam_count == count, name.id > name_id)
        found.append(or_(name.exam_count < count, same))
    if wanted.sure is not None:
        found += [name.confidence >= wanted.sure, name.suggestion_id != ""]
    return found


def _names() -> Select[*tuple[Any, ...]]:
    return select(*(getattr(ProcedureName, column) for column in ListedName.__slots__))
