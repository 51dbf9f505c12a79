"""Exposures that are not of the patient, or not for audits, by an editable list of words (P37).

The list is the package `exposure-exclusions`: `not-patient` exposures (specimens, quality control)
are in no sum, `not-audit` ones (biopsies, localisations) are in the patient's sums only.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, cast

from dosebook_central.dosimetry.inputs import EventInputs, ExamInputs
from dosebook_central.dosimetry.sets import Library, view
from dosebook_protocol.codes import canonical

Effect = Literal["not-patient", "not-audit"]
NOT_PATIENT: Final[Effect] = "not-patient"
NOT_AUDIT: Final[Effect] = "not-audit"

_QUALITY_CONTROL: Final = ("113680", "DCM")  # intent, PS3.16 CID 3629
_SHORT: Final = 5
_GAPS: Final = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why one exposure is left out, and of what; `word` is what the list has, "" for a code."""

    effect: Effect
    reason: str
    word: str = ""


Matcher = Callable[[str], Exclusion | None]


def exclusion_of(
    exam: ExamInputs, event: EventInputs, library: Library, modality: str
) -> Exclusion | None:
    """Return why an event is left out; what leaves out most goes first, None if nothing does.

    Texts of the event are its protocol and view; those of the exam stand for all its events.
    """
    intent = exam.coded.get("intent")
    if intent is not None and canonical(intent.code, intent.scheme) == _QUALITY_CONTROL:
        return Exclusion(NOT_PATIENT, "the intent of the exam is quality control")
    match = view(library, _matchers).get(modality)
    if match is None:
        return None
    texts = [event.protocol, *exam.protocols, *exam.procedures, *exam.descriptions]
    texts += [event.coded[name].text for name in ("view", "view_position") if name in event.coded]
    found = [one for text in texts if text and (one := match(text)) is not None]
    return next((one for one in found if one.effect == NOT_PATIENT), found[0] if found else None)


def _matchers(library: Library) -> dict[str, Matcher]:
    """Make one remembering matcher a modality; rows that leave out most go first."""
    rows: dict[str, list[Exclusion]] = {}
    for package in library.of("exclusions"):
        for row in package.rows_in_force:
            effect = cast("Effect", row["effect"])
            one = Exclusion(effect, row["reason"], row["word"])
            rows.setdefault(row["modality"], []).append(one)
    return {
        modality: _matcher(tuple(sorted(found, key=lambda one: one.effect != NOT_PATIENT)))
        for modality, found in rows.items()
    }


def _matcher(exclusions: tuple[Exclusion, ...]) -> Matcher:
    @lru_cache(maxsize=4096)
    def match(text: str) -> Exclusion | None:
        words = f" {_spaced(text)} "
        return next((one for one in exclusions if _needle(one.word) in words), None)

    return match


def _needle(word: str) -> str:
    spaced = _spaced(word)
    return spaced if len(spaced) >= _SHORT else f" {spaced} "


def _spaced(text: str) -> str:
    return _GAPS.sub(" ", text.upper()).strip()
