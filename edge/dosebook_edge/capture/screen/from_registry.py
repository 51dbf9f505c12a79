"""What persons confirmed in the registry, taken over by the box that captured the screens."""

import sqlite3
from dataclasses import dataclass

from dosebook_edge.capture.screen import confirmations, review
from dosebook_edge.capture.screen.confirmation import Confirmation
from dosebook_edge.outbox.vault import Vault
from dosebook_protocol.screen_confirmed import ConfirmedValue, ConfirmedValues


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a file: new confirmations, values that wait here no longer, and what it undid.

    `known` were at the box already, most of them decided there.
    """

    added: int
    known: int
    decided: int
    forgotten: int


def take(connection: sqlite3.Connection, vault: Vault, values: ConfirmedValues) -> Taken:
    """Keep what a file says, in one transaction; it takes the place of the file before it.

    A value that was decided at this box is here already, with the same crop and text.
    """
    every = confirmations.every(connection, vault)
    known = {_said(one) for one in every}
    new = [one for one in values.values if _said(one) not in known]
    for one in new:
        confirmations.add(connection, vault, _confirmation(one))
    decided = sum(
        review.decided_elsewhere(connection, one.record_id, one.path, one.act)
        for one in values.values
    )
    named = {one.id for one in values.values}
    gone = [one.id for one in every if one.is_from_registry and one.id not in named]
    forgotten = sum(confirmations.forget(connection, one, "registry") for one in gone)
    return Taken(len(new), len(values.values) - len(new), decided, forgotten)


def _said(one: Confirmation | ConfirmedValue) -> tuple[str, str, bytes]:
    return one.path, one.text, one.crop


def _confirmation(one: ConfirmedValue) -> Confirmation:
    return Confirmation(
        id=one.id,
        source=one.source,
        profile=one.profile,
        path=one.path,
        shown=one.shown,
        text=one.text,
        crop=one.crop,
        by=one.by,
        at=one.at.isoformat(),
        is_from_registry=True,
    )
