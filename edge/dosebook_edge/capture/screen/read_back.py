"""Reading pictures back with one profile: what would be released, and why not, as plain data.

The command `screen test` prints it, and the box's own page shows it while a profile is drawn.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from dosebook_edge.capture.screen.anchors import language_of, match_in_place
from dosebook_edge.capture.screen.glyphs import GlyphSet
from dosebook_edge.capture.screen.loader import LoadedProfile
from dosebook_edge.capture.screen.picture import Picture
from dosebook_edge.capture.screen.read import ScreenReader
from dosebook_edge.capture.screen.reading import (
    Exam,
    LineReader,
    Placement,
    ReadValue,
    ScreenReading,
)


def read_all(
    loaded: LoadedProfile,
    pictures: Sequence[Picture],
    net: LineReader,
    glyphs: Mapping[str, GlyphSet] | None = None,
    *,
    frames: bool = False,
    patient: str = "",
) -> list[ScreenReading]:
    """One reading each; `frames`: they show one screen, one after the other."""
    reader = ScreenReader([loaded], net, glyphs)
    exam = Exam(patient_id=patient) if patient else None
    readings: list[ScreenReading] = []
    for picture in pictures:
        readings.append(reader.read(picture, readings if frames else (), exam))
    return readings


def told_of(
    loaded: LoadedProfile, picture: Picture, reading: ScreenReading, net: LineReader
) -> dict[str, Any]:
    """Everything that whoever draws wants to know of one picture."""
    refusal = reading.refusal
    values = [one for one in reading.values if one.quantity]
    return {
        "profile": reading.profile,
        "revision": reading.revision,
        "language": reading.language,
        "model": reading.model_hash,
        "refused": {"code": refusal.code, "detail": refusal.detail} if refusal else None,
        "accepted": sum(one.state == "accepted" for one in values),
        "review": sum(one.state == "review" for one in values),
        "values": [_value(one) for one in reading.values],
        "patient": [
            {"what": one.what, "text": one.text, "crop": list(one.crop)} for one in reading.patient
        ],
        "labels": _labels(loaded, picture, reading, net),
    }


def _labels(
    loaded: LoadedProfile, picture: Picture, reading: ScreenReading, net: LineReader
) -> list[dict[str, Any]]:
    """What stands where each label of a profile has to be: it tells why a picture is refused."""
    size = loaded.profile.screen
    filling = Placement(picture.width / size.width, picture.height / size.height)
    place = reading.placement or filling
    matches = match_in_place(picture, loaded.profile, place, net)
    language = reading.language or language_of(loaded.profile, matches)
    told = []
    for match in matches:
        box = place.box(match.anchor.box)
        text = net.read(picture.crop(box)).text if match.has_ink else ""
        found = not match.is_missing(language)
        told.append({"name": match.anchor.name, "text": text, "found": found, "crop": list(box)})
    return told


def _value(one: ReadValue) -> dict[str, Any]:
    return {
        "name": one.name,
        "label": one.label,
        "text": one.text,
        "value": None if one.value is None else str(one.value),
        "unit": one.unit,
        "quantity": one.quantity,
        "meaning": one.meaning,
        "confidence": round(one.confidence, 4),
        "reader": one.reader,
        "second": one.second,
        "state": one.state,
        "reason": one.reason,
        "crop": list(one.crop),
        "checks": [
            {"name": c.name, "outcome": c.outcome, "detail": c.detail, "proves": c.proves}
            for c in one.checks
        ],
    }
