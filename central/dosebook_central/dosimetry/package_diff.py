"""What differs between the rows of two packages of one kind."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest

from dosebook_central.dosimetry.package_columns import KINDS
from dosebook_central.dosimetry.sets import Row


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row that was added, removed or changed.

    `key` names the row by the columns that identify it, those that are empty left out. `cells` maps
    a column to its text before and after, only those that differ.
    """

    change: str  # added, removed, changed
    key: Mapping[str, str]
    cells: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def compare(kind: str, before: Iterable[Row], after: Iterable[Row]) -> tuple[RowChange, ...]:
    """Compare rows by the columns that identify a row of a kind.

    Rows of one identity, such as the values of two studies, are paired in their order.
    """
    columns = KINDS[kind].key
    old, new = _by_key(columns, before), _by_key(columns, after)
    changes: list[RowChange] = []
    for key in dict.fromkeys((*old, *new)):
        named = {name: text for name, text in zip(columns, key, strict=True) if text}
        for first, second in zip_longest(old.get(key, ()), new.get(key, ())):
            if first != second:
                changes.append(_change(named, first, second))
    return tuple(changes)


def _by_key(columns: tuple[str, ...], rows: Iterable[Row]) -> dict[tuple[str, ...], list[Row]]:
    found: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        found[tuple(row.get(column, "") for column in columns)].append(row)
    return found


def _change(key: Mapping[str, str], before: Row | None, after: Row | None) -> RowChange:
    word = "added" if before is None else "removed" if after is None else "changed"
    old, new = before or {}, after or {}
    cells = {
        column: (old.get(column, ""), new.get(column, ""))
        for column in dict.fromkeys((*old, *new))
        if old.get(column, "") != new.get(column, "") and column not in key
    }
    return RowChange(word, key, cells)
