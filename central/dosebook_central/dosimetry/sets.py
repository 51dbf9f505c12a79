"""Coefficient sets as data packages: what they hold, which rows are in force, and their digest.

A package is a manifest and rows of text; formulas turn rows into numbers themselves, through typed
tables made once a library (`view`). Only verified rows are in force by default; a physicist may
switch others on, package by package, and that choice is recorded.

Overlap: several packages of one kind may hold a row for the same thing. `rows_by_precedence` is the
one order in which formulas look for it, and the first that fits counts.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Final, TypeVar, cast

from dosebook_central.dosimetry.row_status import Period, is_dated, period_of

Row = Mapping[str, str]
T = TypeVar("T")

_PUBLISHED: Final = frozenset({"in_force", "alternative"})
UNVERIFIED: Final = "no"
DRL: Final = "drl"
_NOT_USED: Final = "no"
_PREFERENCE: Final = {"yes": 0, "": 0, "alternative": 1, "fallback_region": 2, _NOT_USED: 3}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a package says of itself.

    `kind` is a name in `dosimetry.package_columns.KINDS`. `valid_from` and `valid_until` are ISO
    dates, both days included, or empty. `country` is that of reference levels, EU for Europe.
    `status` says why a package is on or off by itself: in_force, alternative, superseded, proposed,
    historical, registry_data, unverified.
    """

    id: str
    version: str
    kind: str
    title: str
    citation: str
    valid_from: str = ""
    valid_until: str = ""
    is_default: bool = True  # in force unless a physicist switches it off
    licence: str = ""
    notes: str = ""
    country: str = ""
    status: str = "in_force"


@dataclass(frozen=True, slots=True)
class Choices:
    """What a physicist switched on a package; None means the package's own default.

    `switched_at` is the ISO moment of the last switch on or off: the latest one comes first where
    packages overlap.
    """

    is_enabled: bool | None = None
    with_unverified: bool = False
    switched_at: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """A manifest with its rows, as read from CSV, each value the text that stands there."""

    manifest: Manifest
    rows: tuple[Row, ...]
    choices: Choices = field(default_factory=Choices)

    @property
    def is_in_force(self) -> bool:
        """Whether formulas may use it; reference levels only on the days of their validity."""
        chosen = self.choices.is_enabled
        return self.manifest.is_default if chosen is None else chosen

    @property
    def is_chosen(self) -> bool:
        """Whether a physicist switched it on, whatever its own default."""
        return bool(self.choices.is_enabled)

    @property
    def rows_in_force(self) -> tuple[Row, ...]:
        """The rows that formulas may use.

        Not the unverified ones, unless a physicist switched them on. Of reference levels only rows
        in force on some day; proposed and historical ones only where a physicist chose the package.
        """
        return tuple(row for row in self.rows if self._may_use(row)) if self.is_in_force else ()

    @property
    def published_rows(self) -> tuple[Row, ...]:
        """The verified rows of a set that has alternatives, in force or not.

        They tell how far published values lie apart, whichever of the sets is in force.
        """
        if self.manifest.status not in _PUBLISHED:
            return ()
        return tuple(
            row
            for row in self.rows
            if row.get("preferred", _NOT_USED) != _NOT_USED and row["verified"] != UNVERIFIED
        )

    def days_of(self, row: Row) -> Period:
        """Return the days on which a reference level is in force: the row's own, in the package's.

        A superseded package is valid in its own time, so that an exam is judged by what held when
        it was done.
        """
        own = period_of(row["status"])
        return Period(
            max(own.first, _day(self.manifest.valid_from) or own.first),
            min(own.last, _day(self.manifest.valid_until) or own.last),
        )

    def _may_use(self, row: Row) -> bool:
        if row.get("verified", "") == UNVERIFIED and not self.choices.with_unverified:
            return False
        if self.is_chosen:
            return True
        if self.manifest.kind == DRL:
            return is_dated(row["status"])
        return row.get("preferred", "") != _NOT_USED


class Library:
    """All packages of a registry, as they stand at one moment; never changes."""

    def __init__(self, packages: Iterable[Package]) -> None:
        self._views: dict[Callable[[Library], Any], Any] = {}
        self.packages: Final = tuple(
            sorted(packages, key=lambda one: (one.manifest.kind, one.manifest.id))
        )

    def of(self, kind: str) -> tuple[Package, ...]:
        """Return the packages of a kind that are in force, in the order of precedence.

        Those that a physicist switched on come first, the latest switch before earlier ones; then
        those on by default, in the order of their ids.
        """
        found = [one for one in self.packages if one.manifest.kind == kind and one.is_in_force]
        chosen = [one for one in found if one.is_chosen]
        chosen.sort(key=lambda one: one.choices.switched_at, reverse=True)
        return (*chosen, *(one for one in found if not one.is_chosen))

    def rows_by_precedence(self, kind: str) -> tuple[tuple[Package, Row], ...]:
        """Return all rows of a kind in force; where two fit the same, the first one counts.

        A package that a physicist switched on goes before those on by default. Among the latter a
        `preferred` row goes before an alternative, and that before a fallback.
        """
        packages = self.of(kind)
        chosen = [(one, row) for one in packages if one.is_chosen for row in _best(one)]
        default = [(one, row) for one in packages if not one.is_chosen for row in one.rows_in_force]
        default.sort(key=lambda pair: _preference(pair[1]))
        return (*chosen, *default)

    def find(self, package_id: str) -> Package | None:
        """Return a package by its id, in force or not."""
        return next((one for one in self.packages if one.manifest.id == package_id), None)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over all rows in force: two libraries with one digest give the same values.

        Published alternatives are part of it, because intervals follow from them.
        """
        digest = hashlib.sha256()
        for package in self.packages:
            if rows := package.published_rows:
                said = [package.manifest.id, package.manifest.version, [dict(row) for row in rows]]
                digest.update(json.dumps(said, sort_keys=True).encode())
        for kind in sorted({one.manifest.kind for one in self.packages}):
            for package in self.of(kind):
                if rows := package.rows_in_force:
                    digest.update(_canonical(package, rows))
        return digest.hexdigest()


def view(library: Library, maker: Callable[[Library], T]) -> T:
    """Return what `maker` makes of a library, made once: typed tables for the formulas.

    `maker` is a module's own function, the same object each time. The result lives as long as the
    library. Two threads may make it at the same time; both results are equal.
    """
    views = library._views  # noqa: SLF001  # the library's own memory, reached only here
    if maker not in views:
        views[maker] = maker(library)
    return cast("T", views[maker])


def _best(package: Package) -> list[Row]:
    return sorted(package.rows_in_force, key=_preference)


def _preference(row: Row) -> int:
    return _PREFERENCE.get(row.get("preferred", ""), _PREFERENCE[_NOT_USED])


def _canonical(package: Package, rows: tuple[Row, ...]) -> bytes:
    manifest = package.manifest
    said: list[Any] = [manifest.id, manifest.version, manifest.valid_from, manifest.valid_until]
    said += [package.is_chosen, [dict(row) for row in rows]]
    return json.dumps(said, sort_keys=True).encode()


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
