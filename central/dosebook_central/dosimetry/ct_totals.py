"""CT: CTDIvol per event and its maximum, CTDIw, DLP per phantom, and the two totals of P14.

CTDIvol is never summed (P13), DLP never over phantoms (P12), and a phantom that is not stated is
not guessed (P11).
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from dosebook_central.dosimetry.anatomy import one_flag
from dosebook_central.dosimetry.anatomy_tables import HEAD_REGIONS, TRUNK_REGIONS, Atlas, atlas
from dosebook_central.dosimetry.ct_events import Acquisition, TypedEvent
from dosebook_central.dosimetry.findings import Context, Findings
from dosebook_central.dosimetry.inputs import EventInputs, ExamInputs
from dosebook_central.dosimetry.patient import ADULT
from dosebook_central.dosimetry.sets import view
from dosebook_central.dosimetry.values import (
    DerivedValue,
    Flag,
    Input,
    Method,
    NotComputable,
    Place,
)
from dosebook_central.dosimetry.wording import events_text
from dosebook_protocol.quantities import plain
from dosebook_protocol.reading import Phantom

LABEL_STATED: Final = "as the report totals it"
LABEL_SUMMED: Final = "sum of all irradiation events"
LABEL_IMAGING: Final = "imaging only, without localisers and bolus monitoring"
LABEL_MAX: Final = "largest of the imaging acquisitions"
VERSION: Final = "1"
_NO_INTERVAL: Final = "no interval: the scanner states none for what it displays"
_PS3_16: Final = "DICOM PS3.16, TID 10012 and 10013"
_STATED: Final = Method("stated", "as the object states it", VERSION, _PS3_16)
_SUMMED: Final = Method("sum-of-events", "sum of the events' DLP", VERSION, _PS3_16)
_IMAGING: Final = Method(
    "sum-of-imaging",
    "sum of the DLP of the events that are neither localiser nor bolus monitoring, by CT "
    "Acquisition Type",
    VERSION,
    "DICOM PS3.16, TID 10013 and CID 10013",
)
_MAX: Final = Method(
    "max-of-imaging",
    "the largest CTDIvol of the imaging acquisitions; CTDIvol does not add up",
    VERSION,
    _PS3_16,
)
_MGY, _MGY_CM = "mGy", "mGy.cm"


def total_findings(
    exam: ExamInputs, typed: Sequence[TypedEvent], context: Context, part: int
) -> Findings:
    """Return CTDIvol, CTDIw and DLP of the CT events of an exam, and what does not fit in them."""
    return (
        Findings(values=tuple(_per_event(typed, context, part)))
        + _largest(typed, part)
        + _report_totals(exam, part)
        + _imaging_totals(typed, part)
        + Findings(flags=_phantom_flags([event for event, _ in typed], context))
    )


def _per_event(typed: Sequence[TypedEvent], context: Context, part: int) -> list[DerivedValue]:
    values: list[DerivedValue] = []
    for event, acquisition in typed:
        for quantity in ("ctdi_vol", "ctdi_w"):
            value = event.values.get(quantity)
            if value is not None:
                region = context.regions[event.ordinal].region
                place = Place(event.ordinal, part, region, event.phantom)
                notes = (_NO_INTERVAL, *_comparability(acquisition))
                values.append(
                    DerivedValue(
                        quantity, value, _MGY, _STATED, place, label=acquisition.kind, notes=notes
                    )
                )
    return values


def _comparability(acquisition: Acquisition) -> tuple[str, ...]:
    """Say what raises CTDIvol by design, so that rules can exempt it (P15)."""
    names = []
    if acquisition.is_perfusion:
        names.append("perfusion: one place is scanned many times")
    if acquisition.is_dual_energy:
        names.append("dual energy")
    if acquisition.is_multi_source:
        names.append("two X-ray sources")
    if acquisition.by_words:
        names.append(f"taken as {acquisition.kind} by the words of its protocol")
    return tuple(names)


def _largest(typed: Sequence[TypedEvent], part: int) -> Findings:
    """Take the largest CTDIvol per phantom: those of two phantoms do not compare (P11, P13)."""
    imaging = [
        (event, event.values["ctdi_vol"])
        for event, acquisition in typed
        if acquisition.is_imaging and "ctdi_vol" in event.values
    ]
    if not imaging:
        reason = "no imaging acquisition states a CTDIvol"
        place = Place(part=part)
        return Findings(
            absences=(NotComputable("ctdi_vol", "no-imaging", reason, place, LABEL_MAX),)
        )
    phantoms = _phantoms(event for event, _ in imaging)
    values = []
    for phantom in phantoms:
        event, value = max(
            (pair for pair in imaging if pair[0].phantom == phantom), key=lambda pair: pair[1]
        )
        values.append(
            DerivedValue(
                "ctdi_vol",
                value,
                _MGY,
                _MAX,
                Place(part=part, phantom=phantom),
                label=LABEL_MAX,
                inputs=(Input("CTDIvol", str(value), _MGY, f"event {event.ordinal}"),),
                notes=(_NO_INTERVAL,),
                is_headline=len(phantoms) == 1,
            )
        )
    return Findings(values=tuple(values))


def _report_totals(exam: ExamInputs, part: int) -> Findings:
    """Return the DLP of each phantom; a total that mixes phantoms is refused (P12)."""
    totals = [one for one in exam.totals if one.quantity == "dlp"]
    values: list[DerivedValue] = []
    absences: list[NotComputable] = []
    for total in totals:
        is_stated = total.basis == "stated"
        label = LABEL_STATED if is_stated else LABEL_SUMMED
        if total.phantom is None and len(totals) > 1:
            reason = (
                f"the report's total of {total.value} mGy·cm mixes phantoms, and DLP does not add "
                "over phantoms; read the values per phantom"
            )
            absences.append(NotComputable("dlp", "mixed-phantoms", reason, Place(part=part), label))
            continue
        notes = [_NO_INTERVAL]
        if total.phantom is None:
            notes.append("the phantom is not stated: not comparable with reference levels")
        values.append(
            DerivedValue(
                "dlp",
                total.value,
                _MGY_CM,
                _STATED if is_stated else _SUMMED,
                Place(part=part, phantom=total.phantom),
                label=label,
                notes=tuple(notes),
                is_headline=True,
            )
        )
    return Findings(values=tuple(values), absences=tuple(absences))


def _imaging_totals(typed: Sequence[TypedEvent], part: int) -> Findings:
    """Sum the DLP of imaging acquisitions per phantom: what reference levels are about (P14)."""
    imaging = [event for event, acquisition in typed if acquisition.is_imaging]
    place = Place(part=part)
    if not imaging:
        reason = (
            "the exam has localisers or bolus monitoring only"
            if typed
            else "no events are known, so that nothing tells imaging from localisers"
        )
        return Findings(absences=(_no_imaging("no-imaging", reason, place),))
    silent = [event.ordinal for event in imaging if "dlp" not in event.values]
    if silent:
        reason = f"{events_text(silent)}: no DLP is stated, and a missing one is not zero"
        return Findings(absences=(_no_imaging("no-dlp", reason, place),))
    return Findings(
        tuple(
            _imaging_total([one for one in imaging if one.phantom == phantom], phantom, part)
            for phantom in _phantoms(imaging)
        )
    )


def _imaging_total(
    events: Sequence[EventInputs], phantom: Phantom | None, part: int
) -> DerivedValue:
    return DerivedValue(
        "dlp",
        plain(sum((event.values["dlp"] for event in events), Decimal(0))),
        _MGY_CM,
        _IMAGING,
        Place(part=part, phantom=phantom),
        label=LABEL_IMAGING,
        inputs=tuple(
            Input("DLP", str(event.values["dlp"]), _MGY_CM, f"event {event.ordinal}")
            for event in events
        ),
        notes=(_NO_INTERVAL,),
        is_headline=True,
    )


def _no_imaging(code: str, reason: str, place: Place) -> NotComputable:
    return NotComputable("dlp", code, reason, place, LABEL_IMAGING)


def _phantom_flags(events: Sequence[EventInputs], context: Context) -> tuple[Flag, ...]:
    """Flag a phantom that does not fit the region, and one that is not stated (P11)."""
    tables = view(context.library, atlas)
    is_adult = context.age is not None and context.age.years >= ADULT
    places: dict[tuple[str, str], list[int]] = {}
    for event in events:
        if event.values.keys().isdisjoint({"ctdi_vol", "dlp"}):
            continue
        region = context.regions[event.ordinal].region
        said = _phantom_doubt(tables, event.phantom, region, is_adult=is_adult)
        if said is not None:
            places.setdefault(said, []).append(event.ordinal)
    return tuple(one_flag(*said, ordinals) for said, ordinals in places.items())


def _phantom_doubt(
    tables: Atlas, phantom: Phantom | None, region: str, *, is_adult: bool
) -> tuple[str, str] | None:
    if phantom is None:
        return (
            "no-phantom",
            "the phantom of its CTDI and DLP is not stated: left out of every comparison",
        )
    if phantom == "32cm" and region in HEAD_REGIONS:
        what = f"{tables.label(region)} with the 32 cm phantom reads about half of what 16 cm gives"
    elif phantom == "16cm" and is_adult and _is_trunk(tables, region):
        what = (
            f"{tables.label(region)} of an adult with the 16 cm phantom reads about twice of what "
            "32 cm gives"
        )
    else:
        return None
    return "phantom-region", what


def _is_trunk(tables: Atlas, region: str) -> bool:
    parts = tables.parts.get(region, ())
    return bool(parts) and all(part in TRUNK_REGIONS for part in parts)


def _phantoms(events: Iterable[EventInputs]) -> list[Phantom | None]:
    return sorted({event.phantom for event in events}, key=str)
