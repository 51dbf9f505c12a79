"""The release rule: a value counts when it is proved, and everything else goes to a person.

A value is accepted when its text is grammatical, its unit known, no check fails, and either exact
glyphs explain every pixel and the net agrees, or the net is sure enough and a sum proves it, or
the shapes of a lossless screen do, or several different pictures say the same.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from dosebook_edge.capture.screen.grammar import FORMS, beyond
from dosebook_edge.capture.screen.picture import Way
from dosebook_edge.capture.screen.profile import Release
from dosebook_edge.capture.screen.reading import Check
from dosebook_edge.capture.screen.seen import Seen

_BLANK: Final = 0.75
"""Of the height of a line: two ones of seven segments are not as far apart."""
_TOUCHING: Final = 0.99
"""Least confidence of a grabbed text whose characters run together, so that one may hide."""
UNPROVED = "nothing proves it: no sum to the last digit, no known shapes, no second picture"


def formal(one: Seen) -> tuple[Check, ...]:
    """What a text shows by itself: its grammar, its unit, its limits, and that readers agree."""
    fault = one.meant.fault
    checks = [Check("grammar", "fail", fault) if fault else Check("grammar", "pass")]
    if one.cell.unit_box is not None:
        known = Check("unit", "pass", one.unit)
        checks.append(known if one.unit else Check("unit", "fail", "the unit could not be read"))
    if one.meant.value is not None:
        limits = beyond(one.meant.value, one.cell)
        checks.append(Check("limits", "fail", limits) if limits else Check("limits", "pass"))
    edges = one.strokes.edges
    if one.is_cut_off or (edges and (edges[0][0] <= 0 or edges[-1][1] >= one.crop.width)):
        said = "ink reaches the edge of the cell or goes on beyond it: it may be cut off"
        checks.append(Check("edge", "fail", said))
    gap = max((after - before for (_, before), (after, _) in pairwise(edges)), default=0)
    if gap > _BLANK * one.strokes.height and FORMS[one.cell.type] in ("number", "clock"):
        checks.append(Check("gap", "fail", "a blank as wide as a digit parts its characters"))
    if one.glyphs is not None:
        same = one.glyphs == one.line.text
        said = "" if same else "exact glyphs and the net say different things"
        checks.append(Check("readers", "pass" if same else "fail", said))
    return tuple(checks)


def judge(one: Seen, checks: Sequence[Check], way: Way, limits: Release) -> str:
    """Why a person has to look at a value, in one sentence; "" where it is accepted."""
    for check in checks:
        if check.outcome == "fail":
            return f"{check.name}: {check.detail}"
    if one.glyphs is not None:
        return ""
    default = limits.lossless if way == "lossless" else limits.grabbed
    least = default if one.cell.confidence is None else one.cell.confidence
    told = ""
    if way == "grabbed" and _may_hide_one(one, checks) and least < _TOUCHING:
        least, told = _TOUCHING, ", which characters that touch each other need"
    if one.line.confidence < least:
        shown = int(one.line.confidence * 100) / 100  # 0.899 is not told as 0.90
        return f"confidence {shown:.2f} is under {least:.2f}{told}"
    if one.cell.quantity is None:
        return ""  # context: it becomes no dose, so that being sure is enough
    if any(check.proves or (check.name, check.outcome) == ("frames", "pass") for check in checks):
        return ""
    return UNPROVED


def _may_hide_one(one: Seen, checks: Sequence[Check]) -> bool:
    """Whether characters touch, no width tells how many they are, and nothing proves the text.

    A leading 1 that is a thin bar, blurred into the digit behind it, was left out with a confidence
    of 0.98 in two pictures alike.
    """
    measured = any((check.name, check.outcome) == ("width", "pass") for check in checks)
    proved = any(check.proves for check in checks)
    touching = len(one.strokes.edges) < len(one.text.replace(" ", ""))
    return touching and not measured and not proved
