"""Apply what persons at boxes decided, as what is decided in the registry: in any order of arrival.

A decision waits for the record of its screen and for the decision before it at its box. It counts
where its author had seen what stands here; else it is kept beside (`domain.box_decision`).
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, func, select

from dosebook_central.domain.box_decision import Fate, actor_of, beside, is_ready
from dosebook_central.domain.screen_review import WHOLE, Confirmed, held_by_path
from dosebook_central.domain.screen_text import confirm
from dosebook_central.screens.decide import Verdict, decide
from dosebook_central.store import box_decisions
from dosebook_central.store.box_decisions import Kept, Screen
from dosebook_central.store.models import Reading, Record
from dosebook_central.store.queries.screens import decisions_on
from dosebook_central.store.readings import load_reading
from dosebook_central.store.screen_models import ScreenDecision
from dosebook_protocol.quantities import UnitError
from dosebook_protocol.screen import ScreenEvidence, ScreenValue
from dosebook_protocol.screen_decision import BoxDecision
from dosebook_protocol.screen_text import TypedError

_OTHER_BOX: Final = "another box captured this screen"
_NOT_SHOWN: Final = "what the person saw is not what this screen shows"
_NO_EVENT: Final = "the reading has no such irradiation event"
_MEANWHILE: Final = "decided here before, by somebody else"

Open = Callable[[str, str], ScreenEvidence | str]


class _RefusedError(Exception):
    """A decision that is not about what its screen shows; the text says why."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A record of a screen, or one that carries a decision."""

    record_id: str
    box_id: str
    decision: BoxDecision | None = None


def take(
    connection: Connection,
    open_screen: Open,
    arrived: Collection[Arrived],
    now: datetime,
) -> None:
    """Keep decisions that arrived, and apply those whose screen is here.

    Part of the transaction that stores their records, after the exams of these are written.
    """
    if not arrived:
        return
    box_decisions.take_turns(connection, [one.box_id for one in arrived])
    decided = [(one.box_id, one.record_id, one.decision) for one in arrived if one.decision]
    box_decisions.add(connection, decided)
    wanted = {one.decision.record_id if one.decision else one.record_id for one in arrived}
    for record_id in box_decisions.waiting_for(connection, wanted):
        _apply_all(connection, open_screen, record_id, now)


def _apply_all(connection: Connection, open_screen: Open, record_id: str, now: datetime) -> None:
    """Apply the decisions on one screen that can be, each after the one before it."""
    screen = box_decisions.screen_of(connection, record_id)
    if screen is None:
        return
    kept = {one.decision.id: one for one in box_decisions.of_screen(connection, record_id)}
    while ready := _next(kept):
        before = kept.get(ready.decision.after)
        if ready.decision.act == "undo" and before and before.fate is not Fate.APPLIED:
            changed = [replace(before, fate=Fate.WITHDRAWN), replace(ready, fate=Fate.WITHDRAWN)]
        else:
            seen = before.decision_id if before else 0
            changed = [_applied(connection, open_screen, screen, ready, seen, now)]
        for one in changed:
            box_decisions.change(connection, one)
            kept[one.decision.id] = one


def _next(kept: dict[str, Kept]) -> Kept | None:
    """A decision that waits for none before it."""
    fates = {number: one.fate for number, one in kept.items()}
    return next(
        (
            one
            for one in kept.values()
            if one.fate is Fate.WAITING and is_ready(one.decision.after, fates)
        ),
        None,
    )


def _applied(
    connection: Connection,
    open_screen: Open,
    screen: Screen,
    kept: Kept,
    seen: int,
    now: datetime,
) -> Kept:
    decision = kept.decision
    try:
        value = _value(open_screen, screen, kept)
        confirmed = _confirmed(connection, screen, value, decision)
    except _RefusedError as error:
        return replace(kept, fate=Fate.REFUSED, reason=str(error))
    verdict = Verdict(
        screen.record_id,
        decision.path,
        decision.act,
        decision.note,
        confirmed,
        seen,
        decision.at,
    )
    if decide(connection, verdict, actor_of(decision.by, kept.box_id), now) is not None:
        number = _last(connection, screen.record_id, decision.path)
        return replace(kept, fate=Fate.APPLIED, decision_id=number)
    known = [one.decision for one in decisions_on(connection, screen.record_id)]
    held = held_by_path(known)
    fate = beside(held.get(WHOLE, held.get(decision.path)), confirmed, decision.act)
    return replace(kept, fate=fate, reason=_MEANWHILE)


def _value(open_screen: Open, screen: Screen, kept: Kept) -> ScreenValue:
    """The value as the person saw it; raises `_RefusedError` where the evidence says otherwise."""
    decision = kept.decision
    if screen.box_id != kept.box_id:
        raise _RefusedError(_OTHER_BOX)
    opened = open_screen(screen.evidence_sha256, screen.media_type)
    if isinstance(opened, str):
        raise _RefusedError(opened)
    value = next((one for one in opened.report.values if one.path == decision.path), None)
    is_shown = (
        value is not None
        and screen.evidence_sha256 == decision.evidence_sha256
        and sha256(opened.crops[decision.path]).hexdigest() == decision.crop_sha256
        and value.text == decision.shown
    )
    if value is None or not is_shown:
        raise _RefusedError(_NOT_SHOWN)
    return value


def _confirmed(
    connection: Connection, screen: Screen, value: ScreenValue, decision: BoxDecision
) -> Confirmed | None:
    if not decision.text:
        return None
    try:
        confirmed = confirm(value, decision.text)
    except (TypedError, UnitError) as error:
        raise _RefusedError(str(error)) from None
    if confirmed.event_uid and confirmed.event_uid not in _events(connection, screen.record_id):
        raise _RefusedError(_NO_EVENT)
    return confirmed


def _events(connection: Connection, record_id: str) -> set[str]:
    body = connection.scalars(
        select(Reading.body)
        .join(Record, Record.id == Reading.record_id)
        .where(Record.id == record_id, Reading.reader_version == Record.reader_version)
    ).one()
    return {event.uid for event in load_reading(body).events}


def _last(connection: Connection, record_id: str, path: str) -> int:
    mine = select(func.max(ScreenDecision.id)).where(
        ScreenDecision.record_id == record_id, ScreenDecision.path == path
    )
    return connection.scalar(mine) or 0
