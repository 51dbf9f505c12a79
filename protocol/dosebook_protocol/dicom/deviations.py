"""Collecting where an object departs from its standard, one line per kind of departure (P39)."""

import re

from dosebook_protocol.reading import Deviation

_POSITION = re.compile(r"\[\d+\]")
_LIMIT = 500


class Deviations:
    """Departures met while reading one object; repeats of one at other positions are counted."""

    def __init__(self) -> None:
        """Start with none."""
        self._rows: dict[tuple[str, str, str], list[str | int]] = {}
        self._left_out = 0

    def add(self, code: str, path: str, detail: str, *, per: str = "") -> None:
        """Note one departure; repeats with equal code, path pattern and `per` become one row."""
        key = (code, _POSITION.sub("", path), per)
        row = self._rows.get(key)
        if row is not None:
            row[2] = int(row[2]) + 1
        elif len(self._rows) < _LIMIT:
            self._rows[key] = [path, detail, 1]
        else:
            self._left_out += 1

    def result(self) -> tuple[Deviation, ...]:
        """Return the rows, in the order in which each kind was first met."""
        rows = [
            Deviation(code, str(path), f"{detail} ({count} times)" if count != 1 else str(detail))
            for (code, _, _), (path, detail, count) in self._rows.items()
        ]
        if self._left_out:
            detail = f"{self._left_out} further deviations are not listed"
            rows.append(Deviation("more-deviations", "", detail))
        return tuple(rows)
