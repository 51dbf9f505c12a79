"""The map as it is stored and read back, its cells' sizes, and what can be said of it in words."""

import math
import struct
import zlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from dosebook_central.dosimetry.skin_dose.model import Cylinder, SkinMap

ROW_CM: Final = 1.0
ANGLE_STEP: Final = 0.1  # rad, of PySkinDose's sparse cylinder
BAND_MGY: Final = (0, 1000, 2000, 3000, 5000)
_ARC_STEPS: Final = 64


@dataclass(frozen=True, slots=True)
class Band:
    """How much skin received at least a dose, or any dose where that is 0."""

    from_mgy: int
    area_cm2: float


def make_map(rows: Sequence[Sequence[float]], body: Cylinder) -> SkinMap:
    """Return the map of PySkinDose's rows, whose columns begin at the patient's left side."""
    count = len(rows[0])
    first = round(1.5 * math.pi / ANGLE_STEP)  # the column nearest to the front midline
    order = [(first + column) % count for column in range(count)]
    widths = _column_widths(count, body)
    cells = [row[column] for row in rows for column in order]
    packed = struct.pack(f"<{len(cells)}f", *cells)
    return SkinMap(
        rows=len(rows),
        columns=count,
        row_cm=ROW_CM,
        column_cm=tuple(round(widths[column], 3) for column in order),
        data=b64encode(zlib.compress(packed, 9)).decode(),
    )


def cells_of(skin: SkinMap) -> tuple[float, ...]:
    """Return the dose of every cell in mGy, row by row; raises `ValueError` for a broken map."""
    packed = zlib.decompress(b64decode(skin.data))
    if len(packed) != 4 * skin.rows * skin.columns:
        raise ValueError("the map's data is not as long as its rows and columns say")
    return struct.unpack(f"<{skin.rows * skin.columns}f", packed)


def bands(skin: SkinMap) -> tuple[Band, ...]:
    """Return the area of skin at or above each dose of `BAND_MGY`."""
    cells = cells_of(skin)
    return tuple(
        Band(
            dose,
            round(
                sum(
                    skin.row_cm * skin.column_cm[index % skin.columns]
                    for index, cell in enumerate(cells)
                    if cell >= dose and cell > 0
                ),
                1,
            ),
        )
        for dose in BAND_MGY
    )


def side_of(skin: SkinMap, column: int) -> str:
    """Name the side of the body that a column is on: front, left, back or right."""
    eighth = column * 8 // skin.columns
    return ("front", "left", "left", "back", "back", "right", "right", "front")[eighth]


def _column_widths(count: int, body: Cylinder) -> list[float]:
    """Return the arc that each column stands for, between the middles to its neighbours, cm."""
    angles = [ANGLE_STEP * column for column in range(count)]
    angles.append(2 * math.pi)  # the last gap is narrower: 2π is no multiple of 0.1
    arcs = [_arc(start, end, body) for start, end in pairwise(angles)]
    return [(arcs[column - 1] + arcs[column]) / 2 for column in range(count)]


def _arc(start: float, end: float, body: Cylinder) -> float:
    step = (end - start) / _ARC_STEPS
    middles = (start + step * (index + 0.5) for index in range(_ARC_STEPS))
    return step * sum(
        math.hypot(body.half_width_cm * math.sin(t), body.half_thickness_cm * math.cos(t))
        for t in middles
    )
