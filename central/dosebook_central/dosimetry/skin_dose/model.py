"""What a skin dose map is computed from, and what it is."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from pydantic import TypeAdapter

from dosebook_protocol.reading import Equipment, IrradiationEvent, Number

ADAPTER_VERSION: Final = "1"  # raised whenever the same events would give another map (P56)


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One counted event with the system that sent it and the comments of its report."""

    number: int  # ordinal in the exam's event table
    event: IrradiationEvent
    equipment: Equipment
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PatientSize:
    """The patient's size as the exam states it; None where it does not (P28)."""

    size_m: Decimal | None = None
    weight_kg: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Beam:
    """One irradiation event in PySkinDose's coordinates: cm, degrees, kV, mm of filter, mGy."""

    event: int  # ordinal in the exam's event table
    kerma_mgy: float
    kvp: float
    copper_mm: float
    aluminium_mm: float
    source_to_detector_cm: float
    source_to_isocentre_cm: float
    table_cm: tuple[float, float, float]
    primary_deg: float
    secondary_deg: float
    field_lateral_cm: float
    field_longitudinal_cm: float


@dataclass(frozen=True, slots=True)
class Cylinder:
    """The elliptic cylinder that stands for the patient, lying on table and pad; cm."""

    half_width_cm: float = 20.0
    half_thickness_cm: float = 10.0
    length_cm: int = 150
    head_offset_cm: float = 0.0  # of its head end from the head end of the table


@dataclass(frozen=True, slots=True)
class Assumption:
    """One thing that the map takes for granted; `is_default` where this exam says nothing."""

    topic: str
    text: str
    is_default: bool = True


@dataclass(frozen=True, slots=True)
class UnusedEvent:
    """An event that is not on the map, and why; `kerma_mgy` is None where no Ka,r is stated."""

    event: int
    reason: str
    kerma_mgy: Number | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """All that one map follows from; its JSON is hashed, so equal inputs are computed once."""

    geometry: str  # id of the safelist's row
    engine_model: str
    detector_side_cm: int
    beams: tuple[Beam, ...]
    cylinder: Cylinder
    table_transmission: float
    inherent_filtration_mm_al: float
    event_count: int  # without those that state a Ka,r of zero: they need no geometry
    kerma_mgy: Number  # Ka,r of all events, only to say which share the map covers
    unused: tuple[UnusedEvent, ...]
    assumptions: tuple[Assumption, ...]
    software: str
    adapter: str = ADAPTER_VERSION


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no map, in one sentence; `code` is stable."""

    code: str
    reason: str
    unused: tuple[UnusedEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class SkinMap:
    """Absorbed dose to the skin on the unrolled cylinder, mGy.

    Rows go from the head end to the feet, `row_cm` each. Columns go around, seen from behind: from
    the front midline over the patient's left side, the back (centre) and the right side to the
    front midline again; their widths differ, because they are equal steps of the ellipse's angle.
    `data` is base64 of zlib of little-endian float32, row by row.
    """

    rows: int
    columns: int
    row_cm: float
    column_cm: tuple[float, ...]
    data: str


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the true peak is expected; `high` is None where events are missing from the map."""

    low_mgy: Number
    high_mgy: Number | None
    dominant: str
    source: str


@dataclass(frozen=True, slots=True)
class SkinDoseResult:
    """The peak skin dose of one exam with its map, never without what it assumes (R23).

    `peak_mgy` is the largest cell of `map`, to four significant digits. Under 100 % of
    `kerma_percent` it is a lower bound.
    """

    peak_mgy: Number
    peak_row: int
    peak_column: int
    map: SkinMap
    interval: Interval
    event_count: int
    events: tuple[int, ...]  # ordinals of those on the map
    unused: tuple[UnusedEvent, ...]
    kerma_percent: Number
    assumptions: tuple[Assumption, ...]
    geometry: str
    method: str
    software: str
    adapter: str
    input_sha256: str

    @property
    def is_lower_bound(self) -> bool:
        """Whether events that delivered dose are missing from the map."""
        return self.kerma_percent < Decimal(100) or any(
            event.kerma_mgy is None for event in self.unused
        )


REQUEST: Final = TypeAdapter(Request)
_RESULT: Final = TypeAdapter(SkinDoseResult)
_REFUSAL: Final = TypeAdapter(Refusal)


def to_text(result: SkinDoseResult | Refusal) -> str:
    """Write a result or a refusal as it is stored."""
    if isinstance(result, SkinDoseResult):
        return _RESULT.dump_json(result, exclude_defaults=True).decode()
    return _REFUSAL.dump_json(result, exclude_defaults=True).decode()


def result_from_text(text: str) -> SkinDoseResult:
    """Read a stored result; raises `pydantic.ValidationError`."""
    return _RESULT.validate_json(text)


def refusal_from_text(text: str) -> Refusal:
    """Read a stored refusal; raises `pydantic.ValidationError`."""
    return _REFUSAL.validate_json(text)
