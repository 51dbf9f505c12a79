"""What dosimetry says of one exam: values with method and doubt, and what is not computable.

`dosimetry.stored_form` writes a `Derived` as it is stored, and reads it back.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from dosebook_protocol.reading import BreastSide, Number, Phantom, Plane

WHOLE_EXAM: Final = 0


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the true value is expected; `dominant` names the largest term of the doubt.

    `coverage` says what the bounds mean in words: "95 %", "range of published factors" …
    """

    low: Number
    high: Number
    dominant: str
    coverage: str = ""


@dataclass(frozen=True, slots=True)
class Input:
    """One number or text that a value was computed from, with its place in the exam."""

    name: str
    value: str
    unit: str = ""
    source: str = ""  # "event 3", "exam", "patient", "set aapm96 1", …


@dataclass(frozen=True, slots=True)
class Method:
    """How a value came about; `coefficient_set` is empty where none is needed."""

    id: str  # ct-dlp-k, aapm-204-lat, stated, …
    text: str  # one sentence for people
    version: str
    source: str  # citation: "AAPM Report 204 (2011), eq. 1"
    coefficient_set: str = ""
    set_version: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """What a value is of: the exam (event 0) or one event, and where in the patient."""

    event: int = WHOLE_EXAM  # ordinal in the exam's event table
    part: int = 0  # 1-based part of a hybrid exam (P60), 0 for all
    region: str = ""  # id of dosimetry.anatomy
    phantom: Phantom | None = None
    plane: Plane | None = None
    side: BreastSide | None = None
    organ: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class DerivedValue:
    """One derived number in the storage unit of its quantity, never without its method.

    `label` tells apart values of one quantity: "imaging only, without localisers" (P14).
    `is_estimate` marks what does not follow from this exam's own measured dose, such as a typical
    value of the procedure.
    """

    quantity: str
    value: Number
    unit: str
    method: Method
    place: Place = Place()
    interval: Interval | None = None
    label: str = ""
    inputs: tuple[Input, ...] = ()
    notes: tuple[str, ...] = ()
    is_estimate: bool = False
    is_headline: bool = False


@dataclass(frozen=True, slots=True)
class NotComputable:
    """A quantity that has no value here, and why, in one sentence that names the cure if any."""

    quantity: str
    code: str  # no-size, no-region, no-phantom, no-coefficient, mixed-regions, …
    reason: str
    place: Place = Place()
    label: str = ""


@dataclass(frozen=True, slots=True)
class Flag:
    """Something that a physicist should look at: a contradiction between what the object says."""

    code: str  # phantom-region, region-conflict, assumed-size, …
    sentence: str
    event: int = WHOLE_EXAM


@dataclass(frozen=True, slots=True)
class RegionFinding:
    """Where one event irradiated, how sure that is, and what said so (P34)."""

    event: int
    region: str  # id of dosimetry.anatomy, or "unmapped"
    confidence: Literal["high", "medium", "low", "none"]
    said_by: str
    others: tuple[str, ...] = ()  # what contradicting evidence said


@dataclass(frozen=True, slots=True)
class RegionShare:
    """A part of an additive quantity that one base region received."""

    region: str
    quantity: str
    value: Decimal
    unit: str
    low: Decimal | None = None
    high: Decimal | None = None
    phantom: Phantom | None = None
    side: BreastSide | None = None
    events: tuple[int, ...] = ()
    is_split: bool = False


NOT_COMPARED: Final = "not compared:"
Compared = Literal["drl", "alert", "both"]


@dataclass(frozen=True, slots=True)
class Exemption:
    """A rule by which events are not compared with reference levels, alert rules, or both (P15).

    `place` is where it holds: ISO 3166 code of a country or of a part of one, "" for everywhere.
    """

    rule: str
    place: str
    compared: Compared
    reason: str
    events: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        """Say why a comparison is not made, naming the rule."""
        where = f" ({self.place})" if self.place else ""
        return f"{NOT_COMPARED} rule {self.rule}{where}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Derived:
    """All that dosimetry says of one exam."""

    values: tuple[DerivedValue, ...] = ()
    absences: tuple[NotComputable, ...] = ()
    flags: tuple[Flag, ...] = ()
    regions: tuple[RegionFinding, ...] = ()
    shares: tuple[RegionShare, ...] = ()
    procedure_id: str = ""
    procedure_source: str = ""  # decision | code | words | ""
    age_years: Number | None = None
    age_source: str = ""
    is_therapeutic: bool = False
    exemptions: tuple[Exemption, ...] = ()
