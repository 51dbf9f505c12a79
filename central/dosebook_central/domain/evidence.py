"""Evidence as reconciliation sees it: its strength, its canonical order, its family and device."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from pydantic import TypeAdapter

from dosebook_central.domain.matching import Match
from dosebook_protocol.reading import EventKind, IrradiationEvent, Reading

_READING: Final = TypeAdapter(Reading)


class Strength(IntEnum):
    """How much an evidence is believed; the smallest number wins (P7)."""

    REPORT = 0  # RDSR, RRDSR
    VENDOR_REPORT = 1  # dose in another SR: GE CT Enhanced SR, vendor SR
    MPPS = 2
    HEADER = 3
    DOSIMETER = 4
    SCREEN = 5
    MANUAL = 6


_BY_KIND: Final = {
    "rdsr-ct": Strength.REPORT,
    "rdsr-projection": Strength.REPORT,
    "rdsr-mammography": Strength.REPORT,
    "rdsr-enhanced": Strength.REPORT,
    "rrdsr": Strength.REPORT,
    "mpps": Strength.MPPS,
    "image-header": Strength.HEADER,
    "dose-sc-header": Strength.SCREEN,
}
_BY_SOURCE: Final = {
    "instrument": Strength.DOSIMETER,
    "screen": Strength.SCREEN,
    "manual": Strength.MANUAL,
}


@dataclass(frozen=True, slots=True)
class _Said:
    """A reading as the last but one sort key: written out only where all before it are equal."""

    reading: Reading

    def __lt__(self, other: "_Said") -> bool:
        return self._text() < other._text()

    def _text(self) -> bytes:
        """All that it says but how it was encoded, which an association may change."""
        return _READING.dump_json(self.reading, exclude={"transfer_syntax_uid"})


Tie = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One committed record's reading in force, and the exam that a person gave it to, if any.

    `yields` where a person decided that another study of the same procedure is the one that counts.
    """

    record_id: str
    sha256: str
    source_kind: str
    reading: Reading
    match: Match | None = None
    yields: bool = False

    @property
    def strength(self) -> Strength:
        """How much it is believed, by the kind of object, else by the way of capture."""
        known = _BY_KIND.get(self.reading.kind)
        return (
            known if known is not None else _BY_SOURCE.get(self.source_kind, Strength.VENDOR_REPORT)
        )

    @property
    def rank(self) -> tuple[bool, Strength]:
        """What counts first: a person's decision, then the strength; the smallest wins."""
        return (self.yields, self.strength)

    @property
    def created(self) -> str:
        """The sender's local time of the object, "" where it states none."""
        return self.reading.created.local if self.reading.created else ""

    @property
    def tie(self) -> Tie:
        """What decides between evidences of one moment: what they say, and last their bytes.

        The bytes differ with the way: a box writes its own file meta information and drops pixels,
        an import has the file as it was. The exams must not.
        """
        reading = self.reading
        return (reading.sop_instance_uid, reading.study.uid, _Said(reading), self.sha256)

    @property
    def order(self) -> Tie:
        """The canonical order: the same whatever the order of arrival, and the way."""
        return (*self.rank, self.created, *self.tie, self.record_id)


FAMILY_BY_QUANTITY: Final = {
    "dlp": EventKind.CT,
    "ctdi_vol": EventKind.CT,
    "ctdi_w": EventKind.CT,
    "average_glandular_dose": EventKind.MAMMOGRAPHY,
    "administered_activity": EventKind.RADIOPHARMACEUTICAL,
    "dose_area_product": EventKind.PROJECTION,
    "fluoro_dose_area_product": EventKind.PROJECTION,
    "acquisition_dose_area_product": EventKind.PROJECTION,
    "dose_rp": EventKind.PROJECTION,
    "fluoro_dose_rp": EventKind.PROJECTION,
    "acquisition_dose_rp": EventKind.PROJECTION,
    "entrance_dose": EventKind.PROJECTION,
    "entrance_exposure_rp": EventKind.PROJECTION,
    "fluoro_time": EventKind.PROJECTION,
}
_BY_MODALITY: Final = {
    "CT": EventKind.CT,
    "MG": EventKind.MAMMOGRAPHY,
    "PT": EventKind.RADIOPHARMACEUTICAL,
    "NM": EventKind.RADIOPHARMACEUTICAL,
}


def canonical(evidences: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Sort canonically and keep one of those with identical bytes (P6)."""
    seen: set[str] = set()
    unique: list[Evidence] = []
    for evidence in sorted(evidences, key=lambda one: one.order):
        if evidence.sha256 not in seen:
            seen.add(evidence.sha256)
            unique.append(evidence)
    return tuple(unique)


def families(reading: Reading) -> frozenset[EventKind]:
    """The families of dose that a reading speaks of: of its events, else of its totals."""
    found = frozenset(event.kind for event in reading.events)
    if found or not reading.totals:
        return found
    modality = _BY_MODALITY.get(reading.modality)
    if modality is not None:
        return frozenset({modality})
    by_quantity = (FAMILY_BY_QUANTITY.get(total.value.quantity) for total in reading.totals)
    return frozenset(family for family in by_quantity if family is not None)


def events_of(evidence: Evidence, family: EventKind) -> tuple[tuple[int, IrradiationEvent], ...]:
    """The events of one family with their position in the reading."""
    return tuple(
        (index, event)
        for index, event in enumerate(evidence.reading.events)
        if event.kind == family
    )


def is_other_device(one: Evidence, other: Evidence) -> bool:
    """Whether two evidences certainly come from two machines.

    Headers and reports of one machine spell some of these fields differently, so at least two must
    be known on both sides and every known one must differ.
    """
    left, right = one.reading.equipment, other.reading.equipment
    known = [
        (first, second)
        for first, second in (
            (left.serial_number, right.serial_number),
            (left.station_name, right.station_name),
            (left.model, right.model),
        )
        if first and second
    ]
    return len(known) >= 2 and all(first != second for first, second in known)


def first_text(evidences: Sequence[Evidence], *ways: str) -> str:
    """The first non-empty text in canonical order, e.g. `first_text(all, "study.description")`."""
    for way in ways:
        group, _, field = way.rpartition(".")
        for evidence in evidences:
            holder = getattr(evidence.reading, group) if group else evidence.reading
            text: str = getattr(holder, field).strip()
            if text:
                return text
    return ""
