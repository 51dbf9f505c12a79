"""Judges what was seen on one screen: every check of every value, and the release rule."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dosebook_edge.capture.screen.cells import Sight, learned
from dosebook_edge.capture.screen.checks import arithmetic, counter, frames
from dosebook_edge.capture.screen.grammar import FORMS, means
from dosebook_edge.capture.screen.line import Line
from dosebook_edge.capture.screen.picture import Way
from dosebook_edge.capture.screen.profile import ScreenProfile
from dosebook_edge.capture.screen.reading import Check, ReaderName, ReadValue, ScreenReading
from dosebook_edge.capture.screen.release import formal, judge
from dosebook_edge.capture.screen.seen import Seen
from dosebook_edge.capture.screen.widths import widths


def with_own_glyphs(sight: Sight, profile: ScreenProfile, seen: list[Seen]) -> list[Seen]:
    """Read what no glyphs explained with those that a sum proves on the same lossless screen."""
    if sight.picture.way != "lossless":
        return seen
    checks = arithmetic(profile, seen)
    proved = [
        one for one in seen if any(c.proves for c in checks.get(one.name, ())) and not one.glyphs
    ]
    own = learned(sight, proved)
    if not own.shapes:
        return seen
    again: list[Seen] = []
    for one in seen:
        numeric = FORMS[one.cell.type] in ("number", "clock")
        text = own.explain(one.shapes) if one.glyphs is None and numeric else None
        again.append(
            one if text is None else replace(one, glyphs=text, meant=means(text, one.cell, profile))
        )
    return again


def judged(
    seen: Sequence[Seen],
    way: Way,
    profile: ScreenProfile,
    earlier: Sequence[ScreenReading],
    same_patient: Check | None,
    pixels: Sequence[Mapping[str, Check]] = (),
) -> tuple[ReadValue, ...]:
    """Every value with its checks, accepted or for review.

    `same_patient` is one more check of all of them; `pixels` are more of each by name, of what its
    pixels show (`shape_meanings.py`, `segment_checks.py`).
    """
    sums = arithmetic(profile, seen)
    wide = widths(seen)
    same_screen = [one for one in earlier if one.profile == profile.id]
    values: list[ReadValue] = []
    for one in seen:
        more = (
            wide.get(one.name),
            *(named.get(one.name) for named in pixels),
            counter(one, same_screen),
            frames(one, same_screen, profile.release.frames),
            same_patient,
        )
        checks = (
            *formal(one),
            *sums.get(one.name, ()),
            *(check for check in more if check is not None),
        )
        reason = judge(one, checks, way, profile.release)
        values.append(_value(one, checks, reason))
    return tuple(values)


def _value(one: Seen, checks: tuple[Check, ...], reason: str) -> ReadValue:
    cell = one.cell
    reader: ReaderName = "net"
    if one.glyphs is not None:
        reader = "both" if one.glyphs == one.line.text else "glyphs"
    return ReadValue(
        name=one.name,
        label=cell.label,
        text=one.text,
        value=one.meant.value,
        unit=one.unit,
        quantity=cell.quantity or "",
        form=FORMS[cell.type],
        confidence=one.line.confidence,
        reader=reader,
        crop=one.crop,
        crop_digest=one.crop_digest,
        table=one.table,
        row=one.row,
        meaning=one.meant.meaning,
        decimals=0 if cell.type == "integer" else cell.decimals,
        minimum=cell.minimum,
        maximum=cell.maximum,
        second="" if one.glyphs is None else one.line.text,
        alternatives=_others(one.line),
        checks=checks,
        state="review" if reason else "accepted",
        reason=reason,
    )


def _others(line: Line) -> tuple[tuple[str, float], ...]:
    return tuple((text, min(1.0, max(0.0, sure))) for text, sure in line.alternatives)
