"""What persons confirmed here of a box's screens, in a file for that box's reader."""

from collections.abc import Callable, Iterator
from datetime import datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection

from dosebook_central.domain.screen_review import Decision, State, held_by_path
from dosebook_central.screens.export import patient_in
from dosebook_central.store.queries.screens import Listed, Wanted, decisions_on, list_values
from dosebook_protocol.screen import ScreenEvidence
from dosebook_protocol.screen_confirmed import MOST, ConfirmedValue, ConfirmedValues

_STATES: Final = (State.CORRECTED, State.ACCEPTED)
"""Corrections first: they are what the reader did not know."""

Open = Callable[[str, str], ScreenEvidence | str]


def confirmed_for(
    connection: Connection, open_screen: Open, box_id: str, now: datetime
) -> ConfirmedValues:
    """The latest confirmed values of lossless screens of a box, those of its own page too.

    A field whose crop shows a patient is left out.
    """
    found = [one for state in _STATES for one in _of_state(connection, open_screen, box_id, state)]
    return ConfirmedValues(box_id=box_id, issued_at=now, values=tuple(found[:MOST]))


def _of_state(
    connection: Connection, open_screen: Open, box_id: str, state: State
) -> Iterator[ConfirmedValue]:
    for listed in list_values(connection, Wanted(state, box_id=box_id), MOST):
        opened = open_screen(listed.evidence_sha256, listed.media_type)
        decisions = [one.decision for one in decisions_on(connection, listed.record_id)]
        held = held_by_path(decisions).get(listed.path)
        if held is not None and not isinstance(opened, str) and opened.report.way == "lossless":
            value = _value(listed, held, opened)
            if value is not None:
                yield value


def _value(listed: Listed, held: Decision, screen: ScreenEvidence) -> ConfirmedValue | None:
    shown = next((one for one in screen.report.values if one.path == listed.path), None)
    if shown is None or held.confirmed is None or held.act not in ("accept", "correct"):
        return None
    if patient_in(shown, screen.report):
        return None
    text = held.confirmed.value.original
    named = f"{listed.record_id} {listed.path} {text} {held.by} {held.at.isoformat()}"
    return ConfirmedValue(
        id=sha256(named.encode()).hexdigest()[:32],
        record_id=listed.record_id,
        source=listed.source,
        profile=screen.report.profile,
        path=listed.path,
        shown=shown.text,
        text=text,
        act=held.act,
        crop=screen.crops[listed.path],
        by=held.by,
        at=held.at,
    )
