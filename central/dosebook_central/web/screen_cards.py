"""What a person sees of a value from a screen: its crop, its field, and what speaks for it."""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection

from dosebook_central.domain.box_decision import Fate
from dosebook_central.domain.screen_review import WHOLE
from dosebook_central.screens.opening import Screens
from dosebook_central.store import box_decisions
from dosebook_central.store.box_decisions import Kept
from dosebook_central.store.queries.screens import Decided, Listed, decisions_on_each, get_value
from dosebook_central.web.context import context
from dosebook_central.web.provenance import Origin
from dosebook_protocol.screen import MEDIA_TYPE, ScreenEvidence, ScreenReport, ScreenValue

REASONS: Final = (
    "cannot be read in the crop",
    "not the value that the field names",
    "screen of another patient or exam",
    "the screen was still changing",
)
"""Why a value counts nowhere, or should not have counted."""
OF_ANOTHER: Final = REASONS[2]
"""The one that is said of the whole screen (P51)."""


@dataclass(frozen=True, slots=True)
class Card:
    """One value with its crop as a data address; `problem` says why there is no picture.

    `disputes` are what persons at a box decided otherwise.
    """

    listed: Listed
    report: ScreenReport | None
    value: ScreenValue | None
    crop: str
    problem: str
    history: tuple[Decided, ...]
    disputes: tuple[Kept, ...] = ()

    @property
    def key(self) -> str:
        """Names the card within a page."""
        return sha256(f"{self.listed.record_id} {self.listed.path}".encode()).hexdigest()[:16]

    @property
    def seen(self) -> int:
        """The last decision that this card shows."""
        return max((one.id for one in self.history), default=0)

    @property
    def row(self) -> str:
        """The row of the table that the value stands in, "" for a value that stands alone."""
        return self.listed.path.partition("[")[2].removesuffix("]")

    @property
    def reasons(self) -> tuple[str, ...]:
        """What a person may say against it, in the order of the keys 1 to 4."""
        return REASONS

    @property
    def others(self) -> tuple[tuple[str, float | None], ...]:
        """Other texts that a reader thought possible, each once, with its confidence if known."""
        if self.value is None:
            return ()
        found: dict[str, float | None] = {}
        if self.value.second:
            found[self.value.second] = None
        found |= {one.text: one.confidence for one in self.value.alternatives}
        found.pop(self.value.text, None)
        return tuple(found.items())


def cards(connection: Connection, screens: Screens, listed: Iterable[Listed]) -> list[Card]:
    """The cards of some values, with every decision on each."""
    wanted = list(listed)
    record_ids = {one.record_id for one in wanted}
    decided = decisions_on_each(connection, record_ids)
    at_boxes = box_decisions.of_each_screen(connection, record_ids)
    made = []
    for one in wanted:
        own = [
            each
            for each in decided.get(one.record_id, ())
            if each.decision.path in {one.path, WHOLE}
        ]
        card = _card(one, screens.open(one.evidence_sha256, one.media_type), own)
        disputes = tuple(
            each
            for each in at_boxes.get(one.record_id, ())
            if each.fate is Fate.DIFFERS and each.decision.path == one.path
        )
        made.append(replace(card, disputes=disputes))
    return made


def crops_of(origins: Iterable[Origin]) -> dict[str, Card]:
    """By record and path, the cards of those numbers that were read from a screen."""
    read = [one for one in origins if one.record.media_type == MEDIA_TYPE]
    if not read:
        return {}
    with context().engine.connect() as connection:
        found = [get_value(connection, one.record.id, one.source.path) for one in read]
        listed = [one for one in found if one is not None]
        made = cards(connection, Screens(context().evidence), listed)
    return {f"{one.listed.record_id} {one.listed.path}": one for one in made}


def _card(listed: Listed, opened: ScreenEvidence | str, history: Iterable[Decided]) -> Card:
    if isinstance(opened, str):
        return Card(listed, None, None, "", opened, tuple(history))
    value = next((one for one in opened.report.values if one.path == listed.path), None)
    if value is None:
        problem = "The picture has no such value: the record and its evidence do not agree."
        return Card(listed, opened.report, None, "", problem, tuple(history))
    crop = b64encode(opened.crops[listed.path]).decode()
    address = f"data:image/png;base64,{crop}"
    return Card(listed, opened.report, value, address, "", tuple(history))
