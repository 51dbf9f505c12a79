"""What an alert rule says. A change makes a new version; what fired names the version it fired by.

`from_json` reads what a person entered and raises `pydantic.ValidationError`; thresholds are in the
storage unit of their quantity.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self

from pydantic import ConfigDict, Field, TypeAdapter, model_validator
from pydantic.dataclasses import dataclass as checked

from dosebook_central.dosimetry.exemptions import Trait, is_within
from dosebook_protocol.quantities import QUANTITIES
from dosebook_protocol.reading import Number, Phantom

Kind = Literal["exam", "event", "sum", "count"]
"""One exam's total, one irradiation event, a sum over a period, a number of exams in a period."""
Level = Literal["information", "notification", "alert", "substantial"]
Positive = Annotated[Number, Field(gt=0)]
Text = Annotated[str, Field(min_length=1)]
SizeOf = Literal["weight_kg", "age_years"]

ADDITIVE: Final = frozenset(
    {"effective_dose", "dose_area_product", "dose_rp", "peak_skin_dose", "administered_activity"}
)
"""What may be summed over a period; CTDIvol, SSDE and glandular dose never (P13)."""
EXAMS: Final = "exams"
_STRICT: Final = ConfigDict(extra="forbid")
_DERIVED: Final = {
    "peak_skin_dose": ("Peak skin dose", "mGy"),
    "dlp_imaging": ("DLP of imaging acquisitions", "mGy.cm"),
    EXAMS: ("Exams", ""),
}
"""What rules may look at beside stated quantities: label and unit."""


@checked(frozen=True, slots=True, config=_STRICT)
class Band:
    """A threshold for patients from `low` up to, not including, `high` (P48)."""

    by: SizeOf
    threshold: Positive
    low: Number | None = None
    high: Number | None = None

    def holds(self, size: Decimal) -> bool:
        """Whether a patient of this size is meant."""
        return (self.low is None or size >= self.low) and (self.high is None or size < self.high)


@checked(frozen=True, slots=True, config=_STRICT)
class Conditions:
    """Which exams a rule looks at; an empty list asks nothing.

    `regions` hold base or composite regions; `except_event_types` are `scheme:code`, so that a
    perfusion or a bolus track does not raise a limit made for imaging (P15).

    `acquisitions` and `protocols` (whole words) are asked of each CT event; `places` are ISO 3166
    codes of countries or of parts of one, of which the registry is in one.
    """

    modalities: tuple[str, ...] = ()
    procedures: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    stations: tuple[str, ...] = ()
    phantom: Phantom | None = None
    age_from: Number | None = None
    age_below: Number | None = None
    except_event_types: tuple[str, ...] = ()
    acquisitions: tuple[Trait, ...] = ()
    except_acquisitions: tuple[Trait, ...] = ()
    protocols: tuple[str, ...] = ()
    places: tuple[str, ...] = ()

    @property
    def is_of_events(self) -> bool:
        """Whether it asks what only one irradiation event can be."""
        return bool(self.acquisitions or self.except_acquisitions or self.protocols)


@checked(frozen=True, slots=True, config=_STRICT)
class Rule:
    """One rule; one of `threshold`, `bands`, `times_drl`, `times_room` says where it fires.

    `times_drl` multiplies the reference level of the day. `times_room` is how far off the median of
    its own room and procedure an exam may lie, up or down: a unit error is a factor of ten (P1).
    """

    id: Text
    title: Text
    kind: Kind
    quantity: str
    threshold: Positive | None = None
    comparison: Literal[">", ">="] = ">="
    bands: tuple[Band, ...] = ()
    times_drl: Positive | None = None
    times_room: Annotated[Number, Field(gt=1)] | None = None
    when: Conditions = Conditions()
    level: Level = "notification"
    action: str = ""
    source: str = ""
    period_days: Annotated[int, Field(ge=1)] | None = None
    same_region: bool = False
    is_at_risk: bool = False
    version: int = 1

    @model_validator(mode="after")
    def _fits(self) -> Self:
        numbers = (self.threshold, self.times_drl, self.times_room)
        if sum(one is not None for one in numbers) + bool(self.bands) != 1:
            raise ValueError(
                "state one of: a threshold, bands, a multiple of the DRL, or of the room's median"
            )
        if self.times_room is not None and self.kind != "exam":
            raise ValueError("a room's median is of whole exams, so the rule must be of one exam")
        if self.when.is_of_events and self.kind != "event":
            raise ValueError(
                "acquisitions and protocols are of single events, so the rule must be of each event"
            )
        if self.quantity not in QUANTITIES and self.quantity not in _DERIVED:
            raise ValueError(f"{self.quantity!r} is no quantity that Dosebook knows")
        if (self.kind in {"sum", "count"}) != (self.period_days is not None):
            raise ValueError("a sum and a count need a period in days, other rules have none")
        if self.kind == "sum" and self.quantity not in ADDITIVE:
            raise ValueError(f"{self.quantity} never adds up over exams")
        if (self.kind == "count") != (self.quantity == EXAMS):
            raise ValueError("a count is of exams, and only a count is")
        if self.kind in {"sum", "count"} and self.threshold is None:
            raise ValueError("a sum and a count need one threshold")
        return self

    def holds_at(self, place: str) -> bool:
        """Whether the rule is one of the registry's place, by ISO 3166: a country or a part."""
        places = self.when.places
        return not places or any(is_within(place, one) for one in places)

    @property
    def unit(self) -> str:
        """The unit of its thresholds."""
        return meaning_of(self.quantity)[1]

    @property
    def label(self) -> str:
        """Its quantity as people read it."""
        return meaning_of(self.quantity)[0]


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule gave cause: the value, where it stands, and the reason in one sentence."""

    rule: Rule
    sentence: str
    value: Decimal
    threshold: Decimal
    event: int = 0
    exam_ids: tuple[str, ...] = ()
    since: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class NotJudged:
    """A rule that applies but cannot be judged, and why: that is not the same as in order."""

    rule: Rule
    reason: str


_RULE: Final = TypeAdapter(Rule)


def meaning_of(quantity: str) -> tuple[str, str]:
    """Return label and unit of a quantity that rules may look at; raises KeyError for others."""
    known = QUANTITIES.get(quantity)
    return (known.label, known.unit) if known else _DERIVED[quantity]


def to_json(rule: Rule) -> dict[str, Any]:
    """Return the rule as plain JSON values."""
    data: dict[str, Any] = _RULE.dump_python(rule, mode="json")
    return data


def from_json(data: dict[str, Any]) -> Rule:
    """Return the rule that JSON says; raises `pydantic.ValidationError`."""
    return _RULE.validate_python(data)
