"""One exam held against reference levels: a hint on its page, not a judgement (ICRP 135).

A level is for the median of a sample; that one exam lies above it is common and no error.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from dosebook_central.domain.alerts.subject import Judged, Reference, Subject
from dosebook_central.domain.drl.band import Size
from dosebook_central.domain.drl.levels import Level
from dosebook_central.dosimetry.values import WHOLE_EXAM
from dosebook_protocol.quantities import plain
from dosebook_protocol.reading import Phantom

# The phantom that scanners state for adults where a level does not name its own.
_USUAL_PHANTOM: Final[dict[str, Phantom]] = {"head": "16cm", "face_sinuses": "16cm"}
_CT: Final = frozenset({"ctdi_vol", "dlp"})
_IMAGING: Final = "dlp_imaging"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A value beside a level of the same quantity, scope, phantom, group and day."""

    level: Level
    value: Decimal
    limit: Decimal
    event: int
    notes: tuple[str, ...] = ()

    @property
    def ratio(self) -> Decimal:
        """The value in units of the level, to three digits."""
        return Decimal(f"{self.value / self.limit:.3g}")


@dataclass(frozen=True, slots=True)
class NotCompared:
    """A level of the right procedure that this exam cannot be held against, and why."""

    level: Level
    reason: str


def compare(
    levels: Iterable[Level], subject: Subject
) -> tuple[tuple[Comparison, ...], tuple[NotCompared, ...]]:
    """Hold one exam against all levels of its procedure; levels of other groups are left out."""
    found: list[Comparison] = []
    left: list[NotCompared] = []
    size = Size(subject.age_years, subject.weight_kg)
    for level in levels:
        match = level.group.match(size)
        if not match.holds:
            if match.by == "unknown":
                left.append(NotCompared(level, match.note))
            continue
        outcome = _held(level, subject, tuple(filter(None, [match.note])))
        if isinstance(outcome, Comparison):
            found.append(outcome)
        else:
            left.append(outcome)
    return tuple(found), tuple(left)


def references(levels: Iterable[Level], subject: Subject) -> tuple[Reference, ...]:
    """Return the DRLs that rules of a multiple of the DRL may use for this exam."""
    compared, _ = compare((level for level in levels if level.kind == "DRL"), subject)
    return tuple(
        Reference(_compared(one.level), one.limit, one.level.name)
        for one in compared
        if one.level.match == "same"
    )


def _held(level: Level, subject: Subject, notes: tuple[str, ...]) -> Comparison | NotCompared:
    limit = level.value
    if level.per_kg:
        if subject.weight_kg is None:
            return NotCompared(level, "the level is per kilogram and the weight is not known")
        limit = plain(level.value * subject.weight_kg)
    values = [one for one in subject.values if _is_alike(level, one)]
    if not values:
        return NotCompared(level, "the exam states no such value")
    exempted = [subject.exempting(one, "drl") for one in values]
    values = [one for one, rule in zip(values, exempted, strict=True) if rule is None]
    said = dict.fromkeys(rule.text for rule in exempted if rule)
    if not values:
        return NotCompared(level, "; ".join(said))
    notes = (*notes, *(f"of some events {text}" for text in said))
    if level.quantity in _CT:
        phantom = level.phantom or usual_phantom(level)
        if phantom is None:
            return NotCompared(level, "the level does not say which phantom it is for")
        if level.phantom is None:
            notes = (*notes, "the level does not state its phantom; held against the usual one")
        values = [one for one in values if one.phantom == phantom]
        if not values:
            return NotCompared(
                level, f"the exam states no value for the {phantom[:2]} cm phantom of the level"
            )
    if level.match != "same":
        notes = (*notes, f"the level is for {level.procedure}: {level.match} match")
    largest = max(values, key=lambda one: one.value)
    return Comparison(level, largest.value, limit, largest.event, notes)


def _is_alike(level: Level, one: Judged) -> bool:
    """Whether a value is of the level's quantity and scope; DLP without localisers (P14)."""
    return one.quantity == _compared(level) and (one.event == WHOLE_EXAM) is (level.scope == "exam")


def _compared(level: Level) -> str:
    return _IMAGING if level.quantity == "dlp" and level.scope == "exam" else level.quantity


def usual_phantom(level: Level) -> Phantom | None:
    """Return the phantom that is usual for adults; for a child either is, so none is guessed."""
    return _USUAL_PHANTOM.get(level.region, "32cm") if level.group.is_adult else None
