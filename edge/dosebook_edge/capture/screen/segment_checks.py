"""Whether the bars of a seven-segment display say what the other readers say, and can be trusted.

Bars are geometry: no typeface, no net. Where they and the net agree, two readers that err in
different ways do; where a bar was never seen at work, neither can know that it is broken.
"""

from collections.abc import Iterator, MutableMapping, Sequence
from typing import Final

from dosebook_edge.capture.screen.cells import Sight
from dosebook_edge.capture.screen.reading import Check
from dosebook_edge.capture.screen.seen import Seen
from dosebook_edge.capture.screen.segment_digits import ALL
from dosebook_edge.capture.screen.segment_geometry import NotSegmentsError
from dosebook_edge.capture.screen.segment_memory import DisplayMemory
from dosebook_edge.capture.screen.segment_reading import Segments, read_segments

_NAME: Final = "bars"


def segment_checks(
    sight: Sight, cells: Sequence[Seen], displays: MutableMapping[str, DisplayMemory]
) -> tuple[dict[str, Check], bool]:
    """Name → check of each number that a profile says stands in bars; whether all bars are lit.

    `displays` is what was seen of the bars before, by name; it is brought up to date.
    All bars of all such numbers lit is no number: the display tests itself.
    """
    found: dict[str, Check] = {}
    tests: list[bool] = []
    for one in cells:
        places = one.cell.segments
        if places is None:
            continue
        try:
            bars = read_segments(sight.picture.crop(one.crop))
        except NotSegmentsError as error:
            found[one.name] = Check(_NAME, "fail", str(error))
            tests.append(False)
            continue
        doubt = _noted(sight, one, bars, displays.setdefault(one.name, DisplayMemory(places)))
        is_test = len(bars.places) == places and set(bars.places) == {ALL}
        tests.append(is_test)
        faults = _faults(one, bars, doubt, is_test=is_test)
        found[one.name] = _check(next(faults, ""), sight)
    return found, bool(tests) and all(tests)


def _noted(sight: Sight, one: Seen, bars: Segments, display: DisplayMemory) -> str:
    """Remember the bars by where they stand on the screen, wherever it lies on the picture."""
    placement, when = sight.placement, sight.picture.taken_at
    end = (one.crop.x + bars.end - placement.left) / placement.scale_x
    doubt = display.see(bars.places, end, bars.pitch / placement.scale_x, when)
    free = one.cell.type == "decimal" and one.cell.decimals is None
    return display.see_points(bars.points, when) or doubt if free else doubt


def _faults(one: Seen, bars: Segments, doubt: str, *, is_test: bool) -> Iterator[str]:
    if is_test:
        yield "all of its bars are lit, as where a display tests itself"
    if bars.text and bars.text != one.text.replace(",", "."):
        yield f"the bars say {bars.text}"
    if doubt:
        yield doubt


def _check(fault: str, sight: Sight) -> Check:
    if fault:
        return Check(_NAME, "fail", fault)
    said = "the bars say the same, and each was seen to work"
    return Check(_NAME, "pass", said, proves=sight.picture.way == "lossless")
