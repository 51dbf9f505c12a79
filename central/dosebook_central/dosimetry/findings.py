"""What the parts of dosimetry hand to each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from dosebook_central.dosimetry.sets import Library
from dosebook_central.dosimetry.values import DerivedValue, Flag, NotComputable, RegionFinding


@dataclass(frozen=True, slots=True)
class Age:
    """Age at the exam in years, and what said so: birth date, stated age."""

    years: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class Context:
    """What all formulas share for one exam; `regions` by ordinal of the event."""

    library: Library
    age: Age | None = None
    regions: Mapping[int, RegionFinding] = field(default_factory=dict)
    procedure_id: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """What one family of formulas found: values, absences with their reason, flags."""

    values: tuple[DerivedValue, ...] = ()
    absences: tuple[NotComputable, ...] = ()
    flags: tuple[Flag, ...] = ()

    def __add__(self, other: "Findings") -> "Findings":
        return Findings(
            self.values + other.values, self.absences + other.absences, self.flags + other.flags
        )
