"""Effective dose per KAP: which published factor holds for an exam, and what proves it.

A factor holds for the examination it was computed for. The mapped procedure proves that, or where
the source covers a whole region, the region of every event; without proof there is no factor.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final

from dosebook_central.dosimetry.ages import at_age
from dosebook_central.dosimetry.factors import Factor, published
from dosebook_central.dosimetry.findings import Context
from dosebook_central.dosimetry.inputs import EventInputs, ExamInputs
from dosebook_central.dosimetry.intervals import factor_range, rounded
from dosebook_central.dosimetry.patient import ADULT
from dosebook_central.dosimetry.sets import Library, view
from dosebook_central.dosimetry.values import Input
from dosebook_protocol.codes import Key, canonical

_CORONARY: Final[Mapping[str, frozenset[str]]] = {
    "xa_coronary": frozenset({"Coronary angiography / PCI", "Coronary angiography"}),
    "xa_pci": frozenset({"Coronary angiography / PCI", "PCI"}),
    "xa_pci_cto": frozenset({"Coronary angiography / PCI", "PCI"}),
}
_PER_EVENT: Final = "Coronary angiography / PCI, single event"
_WITHOUT_COPPER: Final = "cine without Cu filter"
_CHILD_HEART: Final = frozenset(
    {
        "Paediatric cardiac catheterisation, diagnostic and interventional",
        "Paediatric interventional cardiology",
    }
)
_CATHETERISATIONS: Final = frozenset(_CORONARY) | {"xa_tavi", "xa_ep", "xa_af_ablation"}
_SWALLOW: Final = frozenset({"Barium swallow, modified", "Upper GI part of the swallow study"})
_SWALLOWS: Final = frozenset({"rf_swallow"})
_DENTAL_CBCT: Final = "Dental CBCT"
_DENTAL_CBCTS: Final = frozenset({"cbct_dental_small", "cbct_dental_large"})
_FIELDS: Final = (  # upper bound in cm2, view; Mah 2021 classes the field of view so
    (Decimal(100), "small FOV (<100 cm2)"),
    (Decimal(225), "medium FOV (100-225 cm2)"),
)
_LARGE_FIELD: Final = "large FOV (>225 cm2)"
_ANY_FIELD: Final = "any FOV, mean of published values"
# Views of PS3.16 CID 4010 as the swallow study names them; legacy codes through `canonical`.
_VIEWS: Final[Mapping[Key, str]] = {
    ("399348003", "SCT"): "AP",
    ("R-10206", "SRT"): "AP",
    ("272479007", "SCT"): "PA",
    ("R-10214", "SRT"): "PA",
    ("399067008", "SCT"): "LAT",
    ("49370004", "SCT"): "LAT",
    ("399173006", "SCT"): "LAT",
    ("399198007", "SCT"): "LAT",
    ("R-10236", "SRT"): "LAT",
}

_Table = tuple[Factor, ...]  # published factors, those in force first, by precedence


@dataclass(frozen=True, slots=True)
class Conversion:
    """A factor for an exam's KAP in mSv/(Gy.cm2), its published range, and what it rests on."""

    factor: Decimal
    low: Decimal
    high: Decimal
    row: Factor
    region: str
    words: str
    inputs: tuple[Input, ...] = ()
    notes: tuple[str, ...] = ()


def conversion_of(
    exam: ExamInputs, events: Sequence[EventInputs], context: Context, age: Decimal
) -> Conversion | None:
    """Return the factor whose domain the exam is proved to be in, None where there is none."""
    table = view(context.library, _published)
    if age < ADULT:
        return _child_heart(exam, events, context, table, age)
    if context.procedure_id in _CORONARY:
        return _coronary(events, context.procedure_id, table)
    if context.procedure_id in _SWALLOWS:
        return _swallow(events, context, table)
    if context.procedure_id in _DENTAL_CBCTS:
        return _dental_cbct(events, table)
    return None


def _coronary(events: Sequence[EventInputs], procedure: str, table: _Table) -> Conversion | None:
    """Adult coronary work: event by event with its added copper where all events state theirs."""
    candidates = _of(table, _CORONARY[procedure])
    in_force = [row for row in candidates if row.is_in_force]
    if not in_force:
        return None
    used = in_force[0]
    by_copper = [
        row for row in _of(table, {_PER_EVENT}) if row.is_in_force and row.set_id == used.set_id
    ]
    low, high = factor_range(used, [*candidates, *by_copper])
    if by_copper and used.view == _WITHOUT_COPPER:
        weighted = _by_copper(events, by_copper)
        if weighted is not None:
            return Conversion(
                weighted, low, high, by_copper[0], "heart",
                "KAP-weighted mean (4 digits) of the factors for the added copper of each event",
                (Input("mean factor", str(weighted), used.unit, f"set {used.set_id}"),),
            )  # fmt: skip
        note = "not every event states its added copper: the factor without copper is used"
        return _plain(used, (low, high), "heart", (note,))
    return _plain(used, (low, high), "heart")


def _by_copper(events: Sequence[EventInputs], rows: Sequence[Factor]) -> Decimal | None:
    """Weight the factor of each event's copper with its KAP; None unless all state both."""
    points = sorted((Decimal(row.view.partition(" ")[0]), row.factor) for row in rows)
    total, weighted = Decimal(0), Decimal(0)
    for event in events:
        kap = event.values.get("dose_area_product")
        if kap is None or event.copper_mm is None:
            return None
        total += kap
        weighted += kap * _interpolated(points, event.copper_mm)
    return rounded(weighted / total) if total else None


def _interpolated(points: Sequence[tuple[Decimal, Decimal]], at: Decimal) -> Decimal:
    """Interpolate linearly between table points, hold the ends."""
    if at <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in pairwise(points):
        if at <= x1:
            return y0 + (y1 - y0) * (at - x0) / (x1 - x0)
    return points[-1][1]


def _child_heart(
    exam: ExamInputs,
    events: Sequence[EventInputs],
    context: Context,
    table: _Table,
    age: Decimal,
) -> Conversion | None:
    """Cardiac catheterisation of a child: by procedure, or all fields of an angiography there."""
    is_heart = exam.modality == "XA" and bool(events) and _regions(events, context) == {"heart"}
    if context.procedure_id not in _CATHETERISATIONS and (context.procedure_id or not is_heart):
        return None
    candidates = _of(table, _CHILD_HEART)
    fitting = []
    for set_id in dict.fromkeys(row.set_id for row in candidates):
        rows = [row for row in candidates if row.set_id == set_id]
        found = at_age(rows, age)
        if found is not None:
            fitting.append(found)
    in_force = [found for found in fitting if found.rows[0].is_in_force]
    if not in_force:
        return None
    used = in_force[0]
    return Conversion(
        used.factor,
        min(found.low for found in fitting),
        max(found.high for found in fitting),
        used.rows[0],
        "heart",
        f"factor for the age of the child, {used.words}",
        (Input("factor", str(used.factor), used.rows[0].unit, f"set {used.rows[0].set_id}"),),
    )


def _swallow(events: Sequence[EventInputs], context: Context, table: _Table) -> Conversion | None:
    """Videofluoroscopy of swallowing: only where each event's region and view are in the table."""
    rows = [row for row in _of(table, _SWALLOW) if row.is_in_force]
    by_place = {(row.region, row.view): row for row in reversed(rows)}
    total, weighted = Decimal(0), Decimal(0)
    used: list[Factor] = []
    for event in events:
        row = by_place.get((_region(event, context), _view(event)))
        kap = event.values.get("dose_area_product")
        if row is None or kap is None:
            return None
        total += kap
        weighted += kap * row.factor
        used.append(row)
    if not total:
        return None
    low, high = factor_range(used[0], used)
    regions = _regions(events, context)
    mean = rounded(weighted / total)
    return Conversion(
        mean, low, high, used[0], regions.pop() if len(regions) == 1 else "neck_chest",
        "KAP-weighted mean (4 digits) of the factors for region and view of each event",
        (Input("mean factor", str(mean), used[0].unit, f"set {used[0].set_id}"),),
    )  # fmt: skip


def _dental_cbct(events: Sequence[EventInputs], table: _Table) -> Conversion | None:
    """Dental cone-beam CT: by its field of view where stated, else the mean of published values."""
    candidates = _of(table, {_DENTAL_CBCT})
    by_view = {row.view: row for row in reversed(candidates) if row.is_in_force}
    areas = {event.values.get("collimated_field_area") for event in events}
    area = areas.pop() if len(areas) == 1 else None
    mean = by_view.get(_ANY_FIELD)
    used = by_view.get(_field_class(area)) if area is not None else mean
    if used is None:
        return None
    interval = factor_range(used, [mean] if mean is not None else ())
    if area is None:
        note = "the field of view is not stated: the mean over all fields is used"
        return _plain(used, interval, "teeth_jaw", (note,))
    return _plain(used, interval, "teeth_jaw")


def _field_class(area: Decimal) -> str:
    return next((words for bound, words in _FIELDS if area <= bound), _LARGE_FIELD)


def _plain(
    row: Factor, interval: tuple[Decimal, Decimal], region: str, notes: tuple[str, ...] = ()
) -> Conversion:
    words = f"factor for {row.subject}" + (f", {row.view}" if row.view else "")
    used = Input("factor", str(row.factor), row.unit, f"set {row.set_id}")
    return Conversion(row.factor, *interval, row, region, words, (used,), notes)


def _regions(events: Sequence[EventInputs], context: Context) -> set[str]:
    return {_region(event, context) for event in events}


def _region(event: EventInputs, context: Context) -> str:
    finding = context.regions.get(event.ordinal)
    return finding.region if finding is not None else ""


def _view(event: EventInputs) -> str:
    concept = event.coded.get("view")
    return _VIEWS.get(canonical(concept.code, concept.scheme), "") if concept is not None else ""


def _of(table: _Table, subjects: AbstractSet[str]) -> list[Factor]:
    """Return the rows of some examinations, by precedence."""
    return [row for row in table if row.subject in subjects]


def _published(library: Library) -> _Table:
    return published(library, "effective-dose-dap")
