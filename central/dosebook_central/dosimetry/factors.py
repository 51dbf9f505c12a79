"""Effective dose factors of the packages as typed rows: read once per library, never per exam."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from dosebook_central.dosimetry.sets import Library, Package, Row
from dosebook_protocol.reading import Phantom

_SPREAD: Final = re.compile(r"(?:\+/-|\bSD )\s*(\d+(?:\.\d+)?)")
_PHANTOMS: Final[dict[str, Phantom]] = {"16": "16cm", "32": "32cm"}


@dataclass(frozen=True, slots=True)
class Factor:
    """One published factor with its domain; `spread` is the ± of its source, in its own unit.

    `age_years` is the reference age of the phantom (30 for adults), `age_group` what the source
    calls it. `is_in_force` is false for rows of alternative sets: no dose is computed with them.
    """

    set_id: str
    set_version: str
    region: str
    subject: str
    view: str
    age_group: str
    age_years: Decimal | None
    kv: Decimal | None
    phantom: Phantom | None
    weighting: str
    factor: Decimal
    unit: str
    preferred: str
    verified: str
    source: str
    notes: str
    modality: str
    spread: Decimal | None
    is_in_force: bool

    @property
    def is_adult(self) -> bool:
        """Whether the factor is for adults."""
        return self.age_group == "adult"


def published(library: Library, kind: str) -> tuple[Factor, ...]:
    """Return the factors of a kind: those in force by precedence, then verified alternatives.

    Of two factors that fit, the first one counts. The alternatives tell how far published values
    lie apart. Call it from a maker of `sets.view` only: it reads text.
    """
    in_force = library.rows_by_precedence(kind)
    known = {id(row) for _, row in in_force}
    others = (
        (package, row)
        for package in library.packages
        if package.manifest.kind == kind
        for row in package.published_rows
        if id(row) not in known
    )
    return (
        *(_factor(package, row, is_in_force=True) for package, row in in_force),
        *(_factor(package, row, is_in_force=False) for package, row in others),
    )


def _factor(package: Package, row: Row, *, is_in_force: bool) -> Factor:
    spread = _SPREAD.search(row["notes"])
    return Factor(
        set_id=package.manifest.id,
        set_version=package.manifest.version,
        region=row["body_region"],
        subject=row["procedure_or_agent"],
        view=row["view_or_phase"],
        age_group=row["age_group"],
        age_years=_number(row["age_years_ref"]),
        kv=_number(row["kv"]),
        phantom=_PHANTOMS.get(row["phantom_cm"]),
        weighting=row["icrp_weighting"],
        factor=Decimal(row["factor"]),
        unit=row["factor_unit"],
        preferred=row["preferred"],
        verified=row["verified"],
        source=row["source"],
        notes=row["notes"],
        modality=row["modality"],
        spread=Decimal(spread[1]) if spread else None,
        is_in_force=is_in_force,
    )


def _number(text: str) -> Decimal | None:
    return Decimal(text) if text else None
