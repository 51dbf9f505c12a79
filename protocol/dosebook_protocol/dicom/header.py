"""Image headers → one reading with the irradiation event that the image shows.

Classic and enhanced CR, DX, MG, PX, IO, XA, RF, CT, NM and PT, and the secondary-capture class that
some mammography devices use for projections. An image of an ionising modality that names its
technique is an event even where it states no dose.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from pydicom.dataset import Dataset

from dosebook_protocol.dicom import context, header_parts, header_technique, moments
from dosebook_protocol.dicom import header_access as access
from dosebook_protocol.dicom import header_exposures as exposures
from dosebook_protocol.dicom import header_identity as identity
from dosebook_protocol.dicom.dataset import DatasetAttributes
from dosebook_protocol.dicom.header_ct import ACQUISITION_TYPES, phantom_of, toshiba_values
from dosebook_protocol.dicom.header_nm import administrations
from dosebook_protocol.dicom.header_protocol import protocol_of
from dosebook_protocol.dicom.header_values import Notes, read_items, read_values
from dosebook_protocol.dicom.quirks import Quirks, quirks_of
from dosebook_protocol.quantities import QUANTITIES
from dosebook_protocol.reading import (
    BreastSide,
    Code,
    CodedItem,
    DoseValue,
    EventKind,
    IrradiationEvent,
    Moment,
    Outcome,
    Reading,
    Total,
)

READER: Final = "header"

_NUCLEAR: Final = frozenset({"NM", "PT"})
IONISING: Final = frozenset({"CR", "DX", "MG", "PX", "IO", "XA", "RF", "CT"}) | _NUCLEAR

# Storage SOP Classes of PS3.4 B.5, for objects that leave Modality (0008,0060) empty.
_IMAGE: Final = "1.2.840.10008.5.1.4.1.1."
_MODALITY_OF_CLASS: Final = {
    f"{_IMAGE}1": "CR",
    f"{_IMAGE}1.1": "DX",
    f"{_IMAGE}1.1.1": "DX",
    f"{_IMAGE}1.2": "MG",
    f"{_IMAGE}1.2.1": "MG",
    f"{_IMAGE}1.3": "IO",
    f"{_IMAGE}1.3.1": "IO",
    f"{_IMAGE}2": "CT",
    f"{_IMAGE}2.1": "CT",
    f"{_IMAGE}2.2": "CT",
    f"{_IMAGE}12.1": "XA",
    f"{_IMAGE}12.1.1": "XA",
    f"{_IMAGE}12.2": "RF",
    f"{_IMAGE}12.2.1": "RF",
    f"{_IMAGE}13.1.1": "XA",
    f"{_IMAGE}13.1.2": "DX",
    f"{_IMAGE}13.1.3": "MG",
    f"{_IMAGE}13.1.4": "MG",
    f"{_IMAGE}13.1.5": "MG",
    f"{_IMAGE}20": "NM",
    f"{_IMAGE}128": "PT",
    f"{_IMAGE}128.1": "PT",
    f"{_IMAGE}130": "PT",
}
# Defined and performed protocols of CT and XA (PS3.4 B.5): settings, not an irradiation.
_PROTOCOLS: Final = frozenset(f"{_IMAGE}200.{number}" for number in (1, 2, 7, 8))
_LATERALITY: Final[dict[str, tuple[Code, BreastSide]]] = {
    "L": (Code("7771000", "SCT", "Left"), "left"),
    "R": (Code("24028007", "SCT", "Right"), "right"),
    "B": (Code("51440002", "SCT", "Right and left"), "both"),
}
# The words that some devices write in place of the enumerated letters.
_SIDES_IN_WORDS: Final = {"LEFT": "L", "RIGHT": "R", "BOTH": "B"}
_AREA_DOSE: Final = 0x0018115E
_GEOMETRY: Final = frozenset(
    {"positioner_primary_angle", "positioner_secondary_angle", "number_of_frames"}
)
# Makers' own indices of the exposure of a plate or detector, from before the exposure index.
_AT_DETECTOR: Final = frozenset({"relative_x_ray_exposure", "sensitivity"})
# One exposure; above this a wrong unit is likelier than the dose (P1).
_IMPLAUSIBLE_ABOVE: Final = {
    ("CR", "dose_area_product"): 10,
    ("DX", "dose_area_product"): 10,
    ("PX", "dose_area_product"): 5,
    ("IO", "dose_area_product"): 1,
    ("XA", "dose_area_product"): 1000,
    ("RF", "dose_area_product"): 1000,
    ("MG", "average_glandular_dose"): 20,
    ("CR", "entrance_dose"): 200,
    ("DX", "entrance_dose"): 200,
    ("MG", "entrance_dose"): 200,
    ("CT", "ctdi_vol"): 2000,
}


def read_header(dataset: Dataset) -> Reading:
    """Read an image header: `read` with its event, else `no_dose` with the reason.

    What is not even an image is `quarantined`, with all that could be read of it.
    """
    attributes, notes = DatasetAttributes(dataset), Notes()
    base = context.base_reading(
        attributes, kind="image-header", reader=READER, notes=notes.deviations
    )
    if not (base.modality or base.sop_class_uid or base.study.uid):
        return replace(
            base,
            outcome=Outcome.QUARANTINED,
            kind="other",
            reason="it names no SOP class, modality or study: not a whole DICOM object",
            deviations=notes.deviations.result(),
        )
    if base.sop_class_uid in _PROTOCOLS:
        reason = "a procedure protocol: it states settings, and nothing that was irradiated"
        return replace(base, kind="other", reason=reason, deviations=notes.deviations.result())
    stated = base.modality
    modality = _modality(dataset, base, notes)
    if not modality:
        named = f"an object of modality {stated}" if stated else "an object without a modality"
        reason = f"{named} states no patient dose"
        return replace(base, kind="other", reason=reason, deviations=notes.deviations.result())
    quirks = quirks_of(base.equipment)
    base = replace(base, modality=modality, protocol=protocol_of(dataset, quirks.header_protocol))
    if base.modality in _NUCLEAR:
        reading = _nuclear(dataset, base, notes)
    else:
        reading = _x_ray(dataset, base, quirks, notes)
    reading = replace(reading, modality=stated or modality)
    return replace(reading, deviations=notes.deviations.result())


def _modality(dataset: Dataset, base: Reading, notes: Notes) -> str:
    """Return the ionising modality as which to read the image, "" where it is none.

    What the device calls itself goes first; a name that is none of the standard's must not hide a
    dose, so then the storage class decides, and at last a stated area dose.
    """
    stated = base.modality.upper()
    if stated in IONISING:
        return stated
    modality = _MODALITY_OF_CLASS.get(base.sop_class_uid, "")
    if not modality and access.number(dataset, _AREA_DOSE):
        modality = "DX"
    if modality and stated:
        detail = f"modality {base.modality!r} read as {modality}"
        notes.deviations.add("modality-by-content", "(0008,0060)", detail)
    return modality


def _nuclear(dataset: Dataset, base: Reading, notes: Notes) -> Reading:
    events = administrations(dataset, base, notes)
    if not events:
        return replace(base, reason="the header states no administered radiopharmaceutical")
    read_items([(dataset, "")], notes)
    items = (*notes.items, *_acquired(dataset))
    return replace(base, outcome=Outcome.READ, events=events, items=items)


def _acquired(dataset: Dataset) -> list[CodedItem]:
    """Return when the image was taken, which is not when the activity was given."""
    return [
        CodedItem(name, text=sent, path=context.tag_path(tag))
        for name, tag in (("acquisition_date", 0x00080022), ("acquisition_time", 0x00080032))
        if (sent := access.first(dataset, tag))
    ]


def _x_ray(dataset: Dataset, base: Reading, quirks: Quirks, notes: Notes) -> Reading:
    sources = list(access.nested(dataset))
    is_mammography = base.modality == "MG"
    read_values(sources, notes, mammography=is_mammography, units=quirks.header_units)
    header_parts.add_up(dataset, notes)
    header_technique.check(base.modality, notes)
    if base.modality == "CT":
        _add_private_ct(dataset, notes)
    elif base.modality in {"XA", "RF"}:
        _add_frames(dataset, notes)
    uids = _event_uids(dataset, sources, notes)
    if (
        not uids
        and identity.is_secondary(dataset)
        and not _shows_its_exposure(dataset, base, notes)
    ):
        return replace(
            base,
            reason="a derived image that names no irradiation event of its own",
            items=(*notes.items, *_as_items(notes.values)),
        )
    if not uids and not _states_dose(notes.values):
        listed = _listed_exposures(dataset, base, notes)
        if listed is not None:
            return listed
    if not uids and not _says_something(notes):
        return replace(base, reason="the header states neither a dose nor a technique")
    _note_implausible(base.modality, notes)
    event = _event(dataset, sources, base, notes)
    if len(uids) > 1:
        return _several_events(uids, event, base, notes)
    if uids:
        event = replace(event, uid=uids[0], uid_is_synthesised=False)
    return replace(base, outcome=Outcome.READ, events=(event,))


def _event_uids(dataset: Dataset, sources: list[tuple[Dataset, str]], notes: Notes) -> list[str]:
    stated = identity.stated_uids(sources)
    own = identity.own_uids(dataset, stated)
    for uid in (uid for uid in stated if uid not in own):
        notes.items.append(CodedItem("irradiation_event_uid", text=uid, path="(0008,3010)"))
        detail = "the irradiation event UID is that of something else: one was made"
        notes.deviations.add("synthesised-uid", "(0008,3010)", detail)
    return own


def _listed_exposures(dataset: Dataset, base: Reading, notes: Notes) -> Reading | None:
    """Read the exposures that a header lists as an MPPS does, where it states no dose itself.

    A technique of the header gives way only to a list that states doses.
    """
    own = Notes(deviations=notes.deviations)
    key = "\x1f".join(_key(dataset, base, notes))
    listed = exposures.exposure_events(dataset, key, base.modality, own)
    has_dose = any(_states_dose(event.values) for event in listed)
    if not listed or (_says_something(notes) and not has_dose):
        return None
    items = (*notes.items, *own.items, *_as_items(notes.values))
    return replace(base, outcome=Outcome.READ, events=tuple(listed), items=items)


def _shows_its_exposure(dataset: Dataset, base: Reading, notes: Notes) -> bool:
    """Say whether a derived projection tells which exposure its stated dose is of.

    With the time of acquisition it has the identity of its original and is counted once with it.
    A reformatted CT lacks what tells acquisitions apart.
    """
    states_dose = _states_dose(notes.values)
    return base.modality != "CT" and states_dose and bool(identity.acquired_at(dataset))


def _states_dose(values: Iterable[DoseValue]) -> bool:
    return any(QUANTITIES[value.quantity].is_dose for value in values)


def _as_items(values: list[DoseValue]) -> list[CodedItem]:
    """Return values as items, for an object that is no event of its own."""
    return [
        CodedItem(value.quantity, text=f"{value.original} {value.original_unit}", path=value.path)
        for value in values
    ]


def _says_something(notes: Notes) -> bool:
    """Say whether a dose, a technique or what a detector got was stated, if only as text (P39)."""
    return any(v.quantity not in _GEOMETRY for v in notes.values) or any(
        item.name in _AT_DETECTOR
        or (item.name.endswith("_as_sent") and item.name.removesuffix("_as_sent") in QUANTITIES)
        for item in notes.items
    )


def _add_private_ct(dataset: Dataset, notes: Notes) -> None:
    stated = {value.quantity for value in notes.values}
    notes.values.extend(v for v in toshiba_values(dataset, notes) if v.quantity not in stated)


def _add_frames(dataset: Dataset, notes: Notes) -> None:
    sent = access.first(dataset, 0x00280008)
    frames = notes.quantity("number_of_frames", sent, "{n}", "(0028,0008)") if sent else None
    if frames is not None:
        notes.values.append(frames)


def _event(
    dataset: Dataset, sources: list[tuple[Dataset, str]], base: Reading, notes: Notes
) -> IrradiationEvent:
    is_ct = base.modality == "CT"
    laterality, side = laterality_of(sources)
    is_mammography = base.modality == "MG"
    when = started(dataset, sources)
    return IrradiationEvent(
        uid=identity.synthesised_uid(*_key(dataset, base, notes)),
        kind=_kind(base.modality),
        uid_is_synthesised=True,
        started=when,
        event_type=_ct_type(dataset, sources) if is_ct else None,
        protocol=base.protocol,
        target_region=_first_code(sources, 0x00082218),
        laterality=laterality,
        side=side if is_mammography else None,
        view=_first_code(sources, 0x00540220),
        phantom=phantom_of(sources, notes) if is_ct else None,
        values=tuple(notes.values),
        items=(*notes.items, *(() if when else _acquired(dataset))),
        image_uids=(base.sop_instance_uid,) if base.sop_instance_uid else (),
    )


def _key(dataset: Dataset, base: Reading, notes: Notes) -> tuple[str, ...]:
    if base.modality == "CT":
        return identity.ct_key(dataset, notes.values)
    return identity.projection_key(dataset, base.modality, notes.values)


def _several_events(
    uids: list[str], event: IrradiationEvent, base: Reading, notes: Notes
) -> Reading:
    """An image composed of several exposures: its numbers belong to all of them together."""
    notes.deviations.add(
        "image-of-several-events",
        "(0008,3010)",
        f"{len(uids)} irradiation events in one image: its dose is kept as their total",
    )
    doses = tuple(Total(v, side=event.side) for v in event.values if _is_summed_dose(v))
    technique = tuple(v for v in event.values if not _is_summed_dose(v))
    bare = replace(event, uid_is_synthesised=False, values=technique)
    events = tuple(replace(bare, uid=uid) for uid in uids)
    return replace(base, outcome=Outcome.READ, events=events, totals=doses)


def _is_summed_dose(value: DoseValue) -> bool:
    return value.quantity in {
        "dose_area_product", "acquisition_dose_area_product", "average_glandular_dose",
        "entrance_dose", "organ_dose",
    }  # fmt: skip


def _kind(modality: str) -> EventKind:
    if modality == "CT":
        return EventKind.CT
    return EventKind.MAMMOGRAPHY if modality == "MG" else EventKind.PROJECTION


def started(dataset: Dataset, sources: list[tuple[Dataset, str]]) -> Moment | None:
    """Return when the image was acquired; a date or time that is missing is not made up."""
    offset = access.first(dataset, 0x00080201)
    day: Moment | None = None
    for ds, _ in sources:
        sent = access.first(ds, 0x0008002A) or access.first(ds, 0x00189074)
        found = moments.moment(sent, offset) if sent else None
        if found and "T" in found.local:
            return found
        day = day or found
    date, time = access.first(dataset, 0x00080022), access.first(dataset, 0x00080032)
    return (moments.date_and_time(date, time, offset) if date else None) or day


def laterality_of(
    sources: list[tuple[Dataset, str]],
) -> tuple[Code | None, BreastSide | None]:
    """Return the side as code and as breast side, by Image Laterality before Laterality."""
    for tag in (0x00200062, 0x00209072, 0x00200060):
        for ds, _ in sources:
            sent = access.first(ds, tag).upper()
            found = _LATERALITY.get(_SIDES_IN_WORDS.get(sent, sent))
            if found:
                return found
    return None, None


def _first_code(sources: list[tuple[Dataset, str]], tag: int) -> Code | None:
    for ds, _ in sources:
        found = access.code(ds, tag)
        if found:
            return found
    return None


def _ct_type(dataset: Dataset, sources: list[tuple[Dataset, str]]) -> Code | None:
    for ds, _ in sources:
        found = ACQUISITION_TYPES.get(access.first(ds, 0x00189302).upper())
        if found:
            return found
    return ACQUISITION_TYPES["CONSTANT_ANGLE"] if identity.is_localizer(dataset) else None


def _note_implausible(modality: str, notes: Notes) -> None:
    for value in notes.values:
        limit = _IMPLAUSIBLE_ABOVE.get((modality, value.quantity))
        if limit is not None and value.value > limit:
            notes.deviations.add(
                "implausible-dose",
                value.path,
                f"{value.value} {value.unit} is much for one exposure; kept as stated",
            )
