"""Say of every open name what it is taken for, and learn rules from the confirmed ones."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, insert, or_, select, update
from sqlalchemy.orm import aliased

from dosebook_central.domain.procedures.names import RawName
from dosebook_central.domain.procedures.resolve import Resolution, Resolver, Source, reader
from dosebook_central.domain.procedures.rules import learn as learn_rules
from dosebook_central.domain.procedures.vocabulary import vocabulary_of
from dosebook_central.dosimetry.sets import Library
from dosebook_central.store.bulk import one_of
from dosebook_central.store.derivation_due import mark_due
from dosebook_central.store.dose_models import ExamDose, ProcedureName, ProcedureRules
from dosebook_central.store.models import Exam
from dosebook_central.store.queries import procedures as names


@dataclass(frozen=True, slots=True)
class Moved:
    """How many names mean something else than before, and how many exams are derived again."""

    names: int = 0
    exams: int = 0


_RESOLVED: Final = (
    ProcedureName.procedure_id,
    ProcedureName.source,
    ProcedureName.suggestion_id,
    ProcedureName.confidence,
    ProcedureName.why,
    ProcedureName.rule_version,
)
_Dose: Final = aliased(ExamDose)
_TABLE: Final = ProcedureName.__table__
_UPDATE: Final = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("key"))
    .values({column.key: bindparam(f"new_{column.key}") for column in _RESOLVED})
)


def learn(connection: Connection, library: Library, actor: str, now: datetime) -> Moved:
    """Learn rules from the confirmed names and apply them; a new version only if they changed."""
    before = names.load_rules(connection)
    examples = names.confirmed_examples(connection)
    rules = learn_rules(examples, reader(vocabulary_of(library)), before.version + 1)
    if rules.digest != before.digest:
        connection.execute(
            insert(ProcedureRules).values(
                version=rules.version,
                learned_at=now,
                learned_by=actor,
                example_count=rules.example_count,
                digest=rules.digest,
                body=rules.to_json(),
            )
        )
    return review(connection, library)


def review(connection: Connection, library: Library, only: Collection[str] | None = None) -> Moved:
    """Resolve the open names again, or some of them, and make due the exams of those that moved."""
    resolver = names.load_resolver(connection, library)
    table = ProcedureName
    statement = select(table.id, table.family, table.raw, table.codes, *_RESOLVED).where(
        table.state == "open"
    )
    if only is not None:
        statement = statement.where(one_of(connection, table.id, only))
    changed: list[dict[str, Any]] = []
    moved: list[str] = []
    for row in connection.execute(statement).all():
        codes = tuple((scheme, value, meaning) for scheme, value, meaning in row.codes)
        found = as_columns(resolver.resolve(RawName(row.family, row.raw, codes)))
        if any(found[column.key] != getattr(row, column.key) for column in _RESOLVED):
            changed.append({"key": row.id} | {f"new_{name}": one for name, one in found.items()})
            if found["procedure_id"] != row.procedure_id:
                moved.append(row.id)
    if changed:
        connection.execute(_UPDATE, changed)
    return Moved(len(moved), make_due(connection, moved))


def make_due(connection: Connection, name_ids: Collection[str]) -> int:
    """Make due the exams of names that are not derived as their name now says; returns how many.

    A confirmed suggestion changes no dose: its exams learn who said so, and stay as they are.
    """
    if not name_ids:
        return 0
    of_names = one_of(connection, Exam.name_id, sorted(set(name_ids)))
    confirmed = (
        select(Exam.id)
        .join(ProcedureName, ProcedureName.id == Exam.name_id)
        .join(
            _Dose, and_(_Dose.exam_id == Exam.id, _Dose.procedure_id == ProcedureName.procedure_id)
        )
        .where(of_names, ProcedureName.state == "confirmed")
    )
    connection.execute(
        update(ExamDose)
        .where(ExamDose.exam_id.in_(confirmed))
        .values(procedure_source=Source.DECISION.value)
        .execution_options(synchronize_session=False)
    )
    # An exam of a name that is open again may have a code that says more than the name.
    stands = (
        select(ExamDose.exam_id)
        .where(
            ExamDose.exam_id == Exam.id,
            ProcedureName.id == Exam.name_id,
            ProcedureName.procedure_id == ExamDose.procedure_id,
            or_(
                ProcedureName.state != "open",
                ExamDose.procedure_source != Source.DECISION.value,
            ),
        )
        .exists()
    )
    return mark_due(connection, and_(of_names, ~stands))


def as_columns(found: Resolution) -> dict[str, Any]:
    """Return what a resolution says, by column of `procedure_name`."""
    return {
        "procedure_id": found.procedure_id or "",
        "source": found.source.value,
        "suggestion_id": found.suggestion_id,
        "confidence": Decimal(str(found.confidence)),
        "why": found.why,
        "rule_version": found.rule_version,
    }


def new_row(name: RawName, resolver: Resolver) -> dict[str, Any]:
    """Return the row of a name that is not listed yet."""
    return {
        "id": name.id,
        "family": name.family,
        "raw": name.text,
        "codes": [list(code) for code in name.codes],
        "exam_count": 0,
        "first_seen": "",
        "last_seen": "",
        "state": "open",
        "decided_by": "",
        "decided_at": None,
        **as_columns(resolver.resolve(name)),
    }
