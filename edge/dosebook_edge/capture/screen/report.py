"""The evidence of a screen: its frame, a crop of each value, and all that was read."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from dosebook_edge.capture.screen.picture import Box, Picture, to_png
from dosebook_edge.capture.screen.reading import ReadValue, ScreenReading
from dosebook_protocol.quantities import QUANTITIES, UnitError, measures
from dosebook_protocol.screen import (
    PATH,
    Alternative,
    Area,
    Check,
    Place,
    ScreenEvidence,
    ScreenReport,
    ScreenValue,
    pack,
)

_BLANK: Final = 0


def evidence_of(
    picture: Picture, seen: ScreenReading, places: Mapping[str, Place], *, is_masked: bool
) -> bytes:
    """The container of one screen; `places` has an entry for every value with a quantity.

    With `is_masked` the places that show who the patient is are blank in the frame.
    """
    frame = picture
    if is_masked:
        frame = replace(picture, grey=picture.grey.copy())
        for one in seen.patient:
            frame.crop(one.crop)[...] = _BLANK
    values = [one for one in seen.values if one.name in places]
    report = ScreenReport(
        profile=seen.profile,
        revision=seen.revision,
        source=seen.source,
        way=seen.way,
        taken_at=seen.taken_at,
        width=seen.width,
        height=seen.height,
        model_hash=seen.model_hash,
        runtime=seen.runtime,
        values=tuple(value_of(one, places[one.name], frame) for one in values),
        patient_areas=tuple(_area(one.crop, frame) for one in seen.patient),
        is_masked=is_masked,
    )
    crops = {value.path: to_png(frame.crop(Box(*_tuple(value.area)))) for value in report.values}
    return pack(ScreenEvidence(report, to_png(np.ascontiguousarray(frame.grey)), crops))


def value_of(one: ReadValue, place: Place, frame: Picture | None = None) -> ScreenValue:
    """What the evidence says of one value."""
    unit, reason, text = one.unit, one.reason, one.text
    if not _measures(unit, one.quantity):
        # Without a unit its number means nothing: the person reads both from the crop.
        unit, text = QUANTITIES[one.quantity].unit, ""
        reason = f"{reason}; enter the number in {unit}"
    return ScreenValue(
        path=PATH + one.name,
        label=one.label,
        quantity=one.quantity,
        unit=unit,
        form="clock" if one.form == "clock" else "number",
        decimals=one.decimals,
        minimum=one.minimum,
        maximum=one.maximum,
        text=text,
        confidence=one.confidence,
        state=one.state,
        reason="" if one.state == "accepted" else reason,
        reader=one.reader,
        second=one.second,
        alternatives=tuple(
            Alternative(text=text, confidence=min(1.0, max(0.0, confidence)))
            for text, confidence in one.alternatives
        ),
        checks=tuple(
            Check(name=check.name, result=check.outcome, detail=check.detail)
            for check in one.checks
        ),
        area=_area(one.crop, frame),
        place=place,
    )


def _measures(unit: str, quantity: str) -> bool:
    try:
        return measures(unit) == measures(QUANTITIES[quantity].unit)
    except UnitError:
        return False


def _tuple(area: Area) -> tuple[int, int, int, int]:
    return area.x, area.y, area.width, area.height


def _area(box: Box, frame: Picture | None) -> Area:
    """The part of a box on the frame; at least one pixel."""
    wide, high = (frame.width, frame.height) if frame else (box.x + box.width, box.y + box.height)
    left, top = max(0, min(box.x, wide - 1)), max(0, min(box.y, high - 1))
    right, bottom = min(wide, box.x + box.width), min(high, box.y + box.height)
    return Area(x=left, y=top, width=max(1, right - left), height=max(1, bottom - top))
