"""Radiopharmaceutical administrations in NM and PET image headers.

Every image of a scan repeats the administration, so its identity is the administration's, never the
image's: Radiopharmaceutical Administration Event UID (0008,3012), else agent, start and activity.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from pydicom.dataset import Dataset

from dosebook_protocol.dicom import context, moments
from dosebook_protocol.dicom import header_access as access
from dosebook_protocol.dicom import header_identity as identity
from dosebook_protocol.dicom.header_values import Notes
from dosebook_protocol.quantities import plain, to_storage
from dosebook_protocol.reading import (
    Code,
    CodedItem,
    DoseValue,
    EventKind,
    IrradiationEvent,
    Moment,
    Reading,
)

_CLASSIC_PET: Final = "1.2.840.10008.5.1.4.1.1.128"
_SEQUENCE: Final = 0x00540016
_TOTAL_DOSE: Final = 0x00181074

_MEGABECQUEREL_TO: Final = Decimal(12_000)
_BECQUEREL_FROM: Final = Decimal(1_000_000)
"""Radionuclide Total Dose (0018,1074) from this number on is Bq, up to the other one MBq.

PS3.3 defines it in Bq for PET and in MBq for NM and Enhanced PET; not all devices keep to that.
12 000 MBq is more than a therapy gives and 1 000 000 Bq less than any image is made with, so beyond
them the magnitude decides, and a contradiction of the standard is a deviation. Between them lie the
numbers of kBq, which no standard has here: what unit those are in is not guessed (P2).
"""
_INJECTED_WHILE_SCANNED_S: Final = 3600
_DAY_S: Final = 86_400
_EVENING_BEFORE_S: Final = 6 * 3600

_VALUES: Final = (
    ("half_life", 0x00181075, "s"),
    ("radiopharmaceutical_volume", 0x00181071, "cm3"),
)
_TIMES: Final = (
    ("radiopharmaceutical_start_time", 0x00181072),
    ("radiopharmaceutical_stop_time", 0x00181073),
    ("radiopharmaceutical_stop_datetime", 0x00181079),
)


def administrations(dataset: Dataset, base: Reading, notes: Notes) -> tuple[IrradiationEvent, ...]:
    """Read each item of Radiopharmaceutical Information Sequence (0054,0016) as one event."""
    found: dict[str, IrradiationEvent] = {}
    for position, item in enumerate(access.items(dataset, _SEQUENCE), 1):
        path = f"{context.tag_path(_SEQUENCE)}[{position}]/"
        event = _administration(dataset, item, path, base, notes)
        if event is not None and event.uid in found:
            notes.deviations.add("duplicate-event", path, "the same administration again: one")
        elif event is not None:
            found[event.uid] = event
    return tuple(found.values())


def _administration(
    dataset: Dataset, item: Dataset, path: str, base: Reading, notes: Notes
) -> IrradiationEvent | None:
    values, items = _values(item, path, base, notes), _items(item, path)
    if not values and not items and not access.first(item, _TOTAL_DOSE):
        return None
    stated = (access.first(item, 0x00083012), access.first(dataset, 0x00083012))
    own = identity.own_uids(dataset, [uid for uid in stated if uid])
    uid = own[0] if own else ""
    start = _start(dataset, item, path, notes)
    return IrradiationEvent(
        uid=uid or identity.synthesised_uid(*_key(item, base, values, start)),
        kind=EventKind.RADIOPHARMACEUTICAL,
        uid_is_synthesised=not uid,
        started=start,
        protocol=base.protocol,
        values=tuple(values),
        items=tuple(items),
        image_uids=(base.sop_instance_uid,) if base.sop_instance_uid else (),
    )


def _key(
    item: Dataset, base: Reading, values: list[DoseValue], start: Moment | None
) -> tuple[str, ...]:
    activity = next((v.value for v in values if v.quantity == "administered_activity"), None)
    return (
        base.study.uid,
        "administration",
        _agent(item).upper(),
        _radionuclide(item).upper(),
        start.local if start else access.first(item, 0x00181072),
        "" if activity is None else str(plain(activity)),
    )


def _agent(item: Dataset) -> str:
    coded = access.code(item, 0x00540304)
    return coded.value if coded else access.text(item, 0x00180031)


def _radionuclide(item: Dataset) -> str:
    coded = access.code(item, 0x00540300)
    return coded.value if coded else access.text(item, 0x00180030)


def _values(item: Dataset, path: str, base: Reading, notes: Notes) -> list[DoseValue]:
    values = []
    activity = _activity(item, path, base, notes)
    if activity is not None:
        values.append(activity)
    for quantity, tag, unit in _VALUES:
        sent = access.first(item, tag)
        value = notes.quantity(quantity, sent, unit, path + context.tag_path(tag)) if sent else None
        if value is not None:
            values.append(value)
    return values


def _activity(item: Dataset, path: str, base: Reading, notes: Notes) -> DoseValue | None:
    sent, where = access.first(item, _TOTAL_DOSE), path + context.tag_path(_TOTAL_DOSE)
    value = notes.quantity("administered_activity", sent, "Bq", where) if sent else None
    if value is None:
        return None
    number = value.value * 1_000_000
    if _MEGABECQUEREL_TO < number < _BECQUEREL_FROM:
        detail = f"{sent} can be neither Bq nor MBq; kept as text"
        notes.deviations.add("activity-unit", where, detail)
        notes.items.append(CodedItem("administered_activity_as_sent", text=sent, path=where))
        return None
    standard = "Bq" if base.sop_class_uid == _CLASSIC_PET else "MBq"
    unit = standard if number == 0 else "Bq" if number >= _BECQUEREL_FROM else "MBq"
    if unit != standard:
        notes.deviations.add(
            "activity-unit",
            where,
            f"{sent} can only be {unit}, though the standard has {standard} here",
        )
    if unit == "Bq":
        return value
    in_mbq = to_storage(plain(number), unit, "administered_activity")
    return DoseValue(value.quantity, in_mbq, value.unit, sent, unit, where)


def _items(item: Dataset, path: str) -> list[CodedItem]:
    return [
        *_item(item, path, "radiopharmaceutical_agent", 0x00540304, 0x00180031),
        *_item(item, path, "radionuclide", 0x00540300, 0x00180030),
        *_item(item, path, "route_of_administration", 0x00540302, 0x00181070),
        *_times(item, path),
    ]


def _times(item: Dataset, path: str) -> list[CodedItem]:
    """Return start and end as sent: a time alone is a moment only where a day is stated."""
    return [
        CodedItem(name, text=sent, path=path + context.tag_path(tag))
        for name, tag in _TIMES
        if (sent := access.first(item, tag))
    ]


def _item(item: Dataset, path: str, name: str, coded_tag: int, text_tag: int) -> list[CodedItem]:
    coded: Code | None = access.code(item, coded_tag)
    text = access.text(item, text_tag)
    if coded is None and not text:
        return []
    where = path + context.tag_path(coded_tag if coded else text_tag)
    return [CodedItem(name, coded, text or (coded.meaning if coded else ""), where)]


def _start(dataset: Dataset, item: Dataset, path: str, notes: Notes) -> Moment | None:
    """Return the start of administration; a time alone is one on the day of the series.

    A time later than that of the series is of an earlier day: of the evening before where the scan
    was in the night, else of a day that nobody states.
    """
    offset = access.first(dataset, 0x00080201)
    sent = access.first(item, 0x00181078)
    found = moments.moment(sent, offset) if sent else None
    if found is not None:
        return found
    time, day = access.first(item, 0x00181072), access.first(dataset, 0x00080021)
    if not time or not day:
        return None
    ahead = _seconds(time) - (_seconds(access.first(dataset, 0x00080031)) or _DAY_S)
    if ahead > _INJECTED_WHILE_SCANNED_S:
        where = f"{path}{context.tag_path(0x00181072)}"
        if _DAY_S - ahead > _EVENING_BEFORE_S:
            detail = "the administration is later than the series: its day is not known"
            notes.deviations.add("start-after-series", where, detail)
            return None
        notes.deviations.add("start-the-day-before", where, "the series is after midnight")
        day = _day_before(day)
    return moments.date_and_time(day, time, offset)


def _seconds(time: str) -> int:
    """Return the seconds since midnight of a TM value, 0 where it is none."""
    digits = time.replace(":", "").partition(".")[0].ljust(6, "0")
    if len(digits) != 6 or not digits.isdigit():
        return 0
    return int(digits[:2]) * 3600 + int(digits[2:4]) * 60 + int(digits[4:])


def _day_before(day: str) -> str:
    try:
        return (date.fromisoformat(day) - timedelta(days=1)).strftime("%Y%m%d")
    except ValueError:
        return day
