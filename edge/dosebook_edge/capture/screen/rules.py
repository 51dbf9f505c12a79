"""What has to agree inside a screen profile, beyond the form of each key."""

import base64
import binascii
from collections.abc import Iterator

from dosebook_edge.capture.screen.picture import PictureError, from_png
from dosebook_edge.capture.screen.profile import (
    Cell,
    Column,
    Footer,
    OverRangeCheck,
    RatioCheck,
    ScreenCheck,
    ScreenProfile,
    SumCheck,
)
from dosebook_protocol.quantities import QUANTITIES, measures

NUMBERS = ("decimal", "integer", "clock", "range")


def broken(profile: ScreenProfile) -> Iterator[str]:
    """A sentence, beginning with its key, for each thing that does not agree."""
    if len(profile.anchor) < 2:
        yield "anchor: two labels at least, or any screen could be taken for this one"
    if not profile.measures:
        yield "field: no value with a quantity, so there is nothing to read"
    for key, cell in _cells(profile):
        yield from _cell(key, cell, profile)
    names = [cell.name for cell in profile.cells]
    for name in sorted({one for one in names if names.count(one) > 1}):
        yield f"field: two are named {name!r}; names are unique, columns and footers included"
    yield from _places(profile)
    yield from _patches(profile)
    known = {cell.name: cell for cell in profile.cells}
    for index, check in enumerate(profile.check):
        yield from _check(f"check[{index}]", check, known)
    for index, anchor in enumerate(profile.anchor):
        for language in sorted(set(anchor.texts) - {"*", *profile.languages}):
            yield f"anchor[{index}].texts.{language}: languages does not list it"


def _cells(profile: ScreenProfile) -> Iterator[tuple[str, Cell]]:
    for index, one in enumerate(profile.field):
        yield f"field[{index}]", one
    for index, table in enumerate(profile.table):
        for place, column in enumerate(table.column):
            yield f"table[{index}].column[{place}]", column
        for place, footer in enumerate(table.footer):
            yield f"table[{index}].footer[{place}]", footer


def _cell(key: str, cell: Cell, profile: ScreenProfile) -> Iterator[str]:
    if cell.type not in NUMBERS:
        if cell.quantity or cell.unit or cell.unit_box or cell.units:
            yield f"{key}: a {cell.type} has no quantity and no unit"
    elif (cell.unit is None) == (cell.unit_box is None):
        yield f"{key}: give unit, or unit_box with units: a unit is never assumed"
    if (cell.unit_box is None) != (not cell.units):
        yield f"{key}.units: unit_box and units come together"
    if (cell.type == "choice") != bool(cell.choices):
        yield f"{key}.choices: a choice has them, nothing else does"
    if cell.type == "decimal" and cell.decimals is None and "," in profile.decimal_marks:
        yield f"{key}.decimals: 1,234 has two meanings where a comma may come; say how many"
    if cell.type != "decimal" and cell.decimals is not None:
        yield f"{key}.decimals: only a decimal has them"
    if cell.segments is not None and cell.type not in ("decimal", "integer"):
        yield f"{key}.segments: only a decimal or an integer stands in seven segments"
    if cell.quantity is not None:
        yield from _measured(key, cell)


def _measured(key: str, cell: Cell) -> Iterator[str]:
    quantity = QUANTITIES[cell.quantity or ""]
    for unit in (*cell.units.values(), *([cell.unit] if cell.unit else [])):
        if measures(unit) != measures(quantity.unit):
            yield f"{key}: {unit!r} is no unit of {quantity.name}"
        elif cell.type == "clock" and unit != "s":
            yield f"{key}.unit: a clock is read in s"
    if quantity.is_dose and cell.maximum is None:
        yield f"{key}.maximum: a dose has a largest plausible value"


def _places(profile: ScreenProfile) -> Iterator[str]:
    screen = profile.screen
    boxes = [
        *((f"anchor[{i}].box", one.box) for i, one in enumerate(profile.anchor)),
        *((f"patch[{i}].box", one.box) for i, one in enumerate(profile.patch)),
        *((f"field[{i}].box", one.box) for i, one in enumerate(profile.field)),
        *((f"patient[{i}].box", one.box) for i, one in enumerate(profile.patient)),
        *((f"{key}.unit_box", one.unit_box) for key, one in _cells(profile) if one.unit_box),
    ]
    for key, (x, y, width, height) in boxes:
        if x + width > screen.width or y + height > screen.height:
            yield f"{key}: it does not lie on the screen of {screen.width} x {screen.height}"
    for index, table in enumerate(profile.table):
        if table.height > table.pitch:
            yield f"table[{index}].height: more than the pitch, so rows would overlap"
        if table.top + table.pitch * table.rows > screen.height:
            yield f"table[{index}].rows: the last one lies below the screen"
        cells: tuple[Column | Footer, ...] = (*table.column, *table.footer)
        for cell in cells:
            if sum(cell.x) > screen.width:
                yield f"table[{index}]: {cell.name!r} does not lie on the screen"


def _patches(profile: ScreenProfile) -> Iterator[str]:
    for index, patch in enumerate(profile.patch):
        try:
            grey = from_png(base64.b64decode(patch.png, validate=True))
        except (binascii.Error, PictureError) as error:
            yield f"patch[{index}].png: {error}"
            continue
        if grey.shape != (patch.box[3], patch.box[2]):
            yield f"patch[{index}].png: {grey.shape[1]} x {grey.shape[0]}, not the size of box"
        elif int(grey.max()) - int(grey.min()) < 32:
            yield f"patch[{index}].png: it shows nothing that could be recognised"


def _check(key: str, check: ScreenCheck, known: dict[str, Cell]) -> Iterator[str]:
    names = _names(check)
    for name in names:
        if name not in known:
            yield f"{key}: no field is named {name!r}"
        elif known[name].type not in NUMBERS:
            yield f"{key}: {name!r} is a {known[name].type}, not a number"
    if isinstance(check, SumCheck):
        units = {known[name].quantity for name in names if name in known}
        if len({measures(QUANTITIES[one].unit) if one else "" for one in units}) > 1:
            yield f"{key}: the parts and the total measure different things"
    if isinstance(check, OverRangeCheck):
        for name in check.when:
            if name not in known:
                yield f"{key}.when: no column is named {name!r}"


def _names(check: ScreenCheck) -> tuple[str, ...]:
    if isinstance(check, SumCheck):
        return (*check.parts, check.total)
    if isinstance(check, RatioCheck):
        return (check.over, check.under)
    return (check.ctdi_vol, check.length, check.dlp)
