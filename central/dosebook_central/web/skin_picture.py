"""A skin dose map as a picture: paths of equal dose on the unrolled phantom, in centimetres.

Every level of dose is one SVG path, so that the page stays small, prints sharply, and the window
can be narrowed in the browser by giving the paths other shades.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import Final

from dosebook_central.dosimetry.skin_dose.model import SkinDoseResult, SkinMap
from dosebook_central.dosimetry.skin_dose.skin_map import cells_of

LEVELS: Final = 64
SHADES: Final = 16
_MARGIN_ROWS: Final = 8
_LEAST_ROWS: Final = 40
_SIDES: Final = (("Front", 0.0), ("Left", 0.25), ("Back", 0.5), ("Right", 0.75), ("Front", 1.0))


@dataclass(frozen=True, slots=True)
class Level:
    """All cells between two doses, as one path; `shade` is the one of the whole range."""

    number: int
    from_mgy: float
    to_mgy: float
    shade: int
    path: str


@dataclass(frozen=True, slots=True)
class Picture:
    """What the template draws; all lengths are centimetres on the phantom's surface."""

    width: float
    height: float
    first_cm: float  # from the head end of the phantom to the upper edge
    levels: tuple[Level, ...]
    sides: tuple[tuple[str, float], ...]
    peak_x: float
    peak_y: float
    peak_mgy: float


def picture(result: SkinDoseResult) -> Picture:
    """Return the picture of a result: all around, and along as far as dose was delivered."""
    skin = result.map
    cells = cells_of(skin)
    first, last = _rows_to_show(skin, cells)
    edges = list(accumulate(skin.column_cm, initial=0.0))
    peak = max(cells)
    middle = (edges[result.peak_column] + edges[result.peak_column + 1]) / 2
    return Picture(
        width=round(edges[-1], 1),
        height=round((last - first) * skin.row_cm, 1),
        first_cm=first * skin.row_cm,
        levels=tuple(_levels(skin, cells, edges, range(first, last), peak)),
        sides=tuple((name, round(edges[-1] * share, 1)) for name, share in _SIDES),
        peak_x=round(middle, 1),
        peak_y=round((result.peak_row - first + 0.5) * skin.row_cm, 1),
        peak_mgy=peak,
    )


def _rows_to_show(skin: SkinMap, cells: Sequence[float]) -> tuple[int, int]:
    hit = [row for row in range(skin.rows) if any(cells[row * skin.columns :][: skin.columns])]
    missing = max(0, _LEAST_ROWS - (hit[-1] - hit[0] + 1 + 2 * _MARGIN_ROWS)) // 2
    first = max(0, hit[0] - _MARGIN_ROWS - missing)
    return first, min(skin.rows, max(hit[-1] + 1 + _MARGIN_ROWS + missing, first + _LEAST_ROWS))


def _levels(
    skin: SkinMap, cells: Sequence[float], edges: Sequence[float], rows: range, peak: float
) -> Iterator[Level]:
    boxes: dict[int, list[str]] = {}
    for row in rows:
        line = cells[row * skin.columns : (row + 1) * skin.columns]
        level_of = [_level(dose, peak) for dose in line]
        y = (row - rows.start) * skin.row_cm
        for level, run in groupby(range(skin.columns), key=level_of.__getitem__):
            columns = list(run)
            if level:
                left, right = edges[columns[0]], edges[columns[-1] + 1]
                boxes.setdefault(level, []).append(
                    f"M{left:.2f} {y:g}H{right:.2f}V{y + skin.row_cm:g}H{left:.2f}Z"
                )
    for level in sorted(boxes):
        low, high = peak * (level - 1) / LEVELS, peak * level / LEVELS
        shade = -(-level * SHADES // LEVELS)
        yield Level(level, low, high, shade, "".join(boxes[level]))


def _level(dose: float, peak: float) -> int:
    """0 for no dose, else 1 to `LEVELS`."""
    return 0 if dose <= 0 else min(LEVELS, int(dose / peak * LEVELS) + 1)
