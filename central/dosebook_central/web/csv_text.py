"""Tables as CSV that a spreadsheet opens as it is meant: exact numbers, and no formulas."""

import csv
from collections.abc import Iterable, Iterator
from decimal import Decimal
from io import StringIO
from typing import Final

from dosebook_protocol.printed import full_text

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def csv_lines(header: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Yield the lines of a table, the header first; rows are taken as they are asked for."""
    yield _line(header)
    for row in rows:
        yield _line(_cell(cell) for cell in row)


def _line(cells: Iterable[object]) -> str:
    out = StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()


def _cell(cell: object) -> object:
    if isinstance(cell, Decimal):
        return full_text(cell)
    # A name from outside must not become a formula in a spreadsheet.
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
