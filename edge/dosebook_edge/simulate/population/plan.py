"""What a planned exam says: who, when, what, and each irradiation event with numbers and codes.

Numbers are in the unit named beside them, as a modality would send them; `as_json` gives one line
of the file that `dosebook-simulate population` writes.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from dosebook_edge.simulate.codes import Code


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person; weight and size are those of the grown person."""

    id: str
    name: str
    sex: str
    birth_date: date
    size_m: float
    body_mass_index: float

    def years_at(self, moment: datetime) -> float:
        """Return the age in years."""
        return (moment.date() - self.birth_date).days / 365.25

    def size_at(self, moment: datetime) -> tuple[float, float]:
        """Return height in m and weight in kg, growing until 18."""
        years = self.years_at(moment)
        if years >= 18:
            return self.size_m, self.body_mass_index * self.size_m**2
        height = 0.5 + (self.size_m - 0.5) * (years / 18) ** 0.7
        return height, max(3.2, (15 + (self.body_mass_index - 15) * (years / 18) ** 2) * height**2)


@dataclass(frozen=True, slots=True)
class Number:
    """One stated number."""

    quantity: str
    value: str
    unit: str


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """One irradiation event. `kind` is ct, projection, mammography or radiopharmaceutical."""

    uid: str
    kind: str
    started: datetime
    event_type: Code | None
    protocol: str
    region: Code | None
    values: tuple[Number, ...]
    phantom: str = ""
    side: str = ""
    view: Code | None = None
    agent: Code | None = None


@dataclass(frozen=True, slots=True)
class PlannedExam:
    """One exam of one person."""

    study_uid: str
    person: Person
    started: datetime
    modality: str
    procedure: str
    description: str
    station: str
    size_m: str
    weight_kg: str
    is_size_stated: bool
    events: tuple[PlannedEvent, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain values, dates in ISO 8601."""

        def plain(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: plain(one) for key, one in value.items()}
            if isinstance(value, (list, tuple)):
                return [plain(one) for one in value]
            return value.isoformat() if isinstance(value, date) else value

        said: dict[str, Any] = plain(asdict(self))
        return said
