"""Frames of one screen are compared with each other; what the first showed must not get lost."""

from dataclasses import replace

from dosebook_edge.capture.screen.reading import ReadValue, ScreenReading

_KEPT = "counter"


def kept_falls(first: ScreenReading, last: ScreenReading) -> ScreenReading:
    """The last frame's reading, with the counters that had fallen when the first was read.

    The first frame is compared with the screen before; each later one with the first, so that a
    counter that fell would seem steady.
    """
    if first is last or last.refusal is not None:
        return last
    fallen = {
        one.name: one
        for one in first.values
        if any(check.name == _KEPT and check.outcome == "fail" for check in one.checks)
    }
    if not fallen:
        return last
    return replace(
        last,
        values=tuple(
            _fallen(one, fallen[one.name]) if one.name in fallen else one for one in last.values
        ),
    )


def _fallen(now: ReadValue, before: ReadValue) -> ReadValue:
    kept = next(check for check in before.checks if check.name == _KEPT)
    others = tuple(check for check in now.checks if check.name != _KEPT)
    return replace(
        now, checks=(*others, kept), state="review", reason=f"{kept.name}: {kept.detail}"
    )
