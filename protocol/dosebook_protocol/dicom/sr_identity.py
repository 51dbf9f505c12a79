"""Identity of irradiation events: the sender's UID, or one made from the content (P8)."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from dosebook_protocol.dicom.deviations import Deviations
from dosebook_protocol.reading import CodedItem, IrradiationEvent, Reading

_UID_LIMIT = 64
_STANDARD_ROOT = "1.2.840.10008."


def synthesised_uid(study_uid: str, event: IrradiationEvent) -> str:
    """Make the UID of an event without one, the same from every copy and encoding of its report.

    The study is part of it, since two patients may get exposures that are alike in every number.
    """
    parts = [study_uid, event.kind, event.started.original if event.started else "", event.protocol]
    codes = (event.event_type, event.target_region, event.laterality, event.view)
    parts += [f"{code.value} {code.scheme}" if code is not None else "" for code in codes]
    parts += [event.plane or "", event.phantom or "", *event.image_uids]
    parts += [f"{value.quantity}={value.value.normalize()}" for value in event.values]
    parts += [f"{item.name}={item.code.value if item.code else item.text}" for item in event.items]
    return _uid_of("\0".join(parts))


def _uid_of(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def identified(
    events: Iterable[tuple[str, IrradiationEvent]], base: Reading, notes: Deviations
) -> tuple[IrradiationEvent, ...]:
    """Give every event, paired with its path, a UID of its own; identical twins become one.

    `base` is the report. A UID that names its study, series, object or device, or one of the
    standard's own, is no event's: the next report would have it again, and its dose be lost.
    """
    study_uid = base.study.uid
    others = {study_uid, base.series_uid, base.sop_instance_uid, base.equipment.device_uid}
    taken: dict[str, IrradiationEvent] = {}
    for path, event in events:
        uid = event.uid.strip()
        is_own = uid not in others and not uid.startswith(_STANDARD_ROOT)
        if uid and is_own and uid not in taken:
            if len(uid) > _UID_LIMIT or not set(uid) <= set("0123456789."):
                notes.add("invalid-uid", path, "the irradiation event UID is no DICOM UID; kept")
            taken[uid] = event
            continue
        made = synthesised_uid(study_uid, event)
        if uid in taken and synthesised_uid(study_uid, taken[uid]) == made:
            notes.add("duplicate-event", path, "the same event with the same UID again: kept once")
            continue
        if made in taken:
            # P8: twins are two only where their times differ; times that are not stated do not.
            detail = (
                "no UID of its own, and equal to another event in all that it states: kept once"
            )
            notes.add("duplicate-event", path, detail)
            continue
        what = "its UID is not its own" if uid else "it has no UID"
        notes.add("synthesised-uid", path, f"{what}: one was made from the event's content")
        sent = (CodedItem("irradiation_event_uid", text=uid, path=path),) if uid else ()
        items = (*event.items, *sent)
        taken[made] = replace(event, uid=made, uid_is_synthesised=True, items=items)
    return tuple(taken.values())
