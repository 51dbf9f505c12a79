"""Derive what a registry under test holds, with the shipped sets."""

from typing import Any

from sqlalchemy import select

from dosebook_central.derivation.engine import Count, Rules, derive_batch
from dosebook_central.dosimetry.inputs import ExamInputs
from dosebook_central.dosimetry.packages import shipped
from dosebook_central.dosimetry.stored_form import from_text
from dosebook_central.dosimetry.values import Derived
from dosebook_central.store.dose_models import Derivation, ExamDose, RegionDose
from dosebook_central.store.engine import writing
from tests.support.registry import RegistryUnderTest


def no_procedure(exam: ExamInputs) -> tuple[str, str]:
    """Know of no procedures."""
    return "", ""


def shipped_rules() -> Rules:
    """The sets that come with the program, and no procedures."""
    return Rules(shipped(), no_procedure)


def derive_all(
    registry: RegistryUnderTest, rules: Rules | None = None, observers: Any = (), limit: int = 100
) -> Count:
    """Derive everything that is due."""
    total = Count()
    while True:
        with writing(registry.engine) as connection:
            count = derive_batch(connection, rules or shipped_rules(), limit, observers)
        if not count.taken:
            return total
        total += count


def versions(registry: RegistryUnderTest) -> list[tuple[int, str, Derived]]:
    """Version, reason and values of all derivations, in order."""
    with registry.engine.connect() as connection:
        rows = connection.execute(
            select(Derivation.version, Derivation.reason, Derivation.body).order_by(
                Derivation.exam_id, Derivation.version
            )
        )
        return [(version, reason, from_text(body)) for version, reason, body in rows]


def present(registry: RegistryUnderTest) -> tuple[list[Any], list[Any]]:
    """The present view: exams and their regions, without version numbers."""
    doses = [column for column in ExamDose.__table__.columns if column.name != "version"]
    return (
        sorted(registry.rows(*doses), key=repr),
        sorted(registry.rows(*RegionDose.__table__.columns), key=repr),
    )
