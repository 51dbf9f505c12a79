"""Coefficient sets as data packages: what they hold, which rows are in force, and their digest.

A package is a manifest and rows of text; formulas turn rows into numbers themselves, through the
typed views beside them (`dosimetry.factors` and others). Only verified rows are in force by
default; a physicist may switch others on, package by package, and that choice is recorded.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeVar, cast

Row = Mapping[str, str]
T = TypeVar("T")

UNVERIFIED: Final = "no"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a package says of itself.

    `kind` is a name in `dosimetry.package_columns.KINDS`. `valid_from` and `valid_until` are ISO
    dates, both days included, or empty. `country` is that of a national DRL. `status` says why a
    package is on or off by itself: in_force, alternative, superseded, proposed, historical,
    unverified.
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
    """What a physicist switched on a package; None means the package's own default."""

    is_enabled: bool | None = None
    with_unverified: bool = False


@dataclass(frozen=True, slots=True)
class Package:
    """A manifest with its rows, as read from CSV, each value the text that stands there."""

    manifest: Manifest
    rows: tuple[Row, ...]
    choices: Choices = field(default_factory=Choices)

    @property
    def is_in_force(self) -> bool:
        """Whether formulas may use it."""
        chosen = self.choices.is_enabled
        return self.manifest.is_default if chosen is None else chosen

    @property
    def rows_in_force(self) -> tuple[Row, ...]:
        """The rows that formulas may use: verified ones, unless a physicist switched others on."""
        if not self.is_in_force:
            return ()
        if self.choices.with_unverified:
            return self.rows
        return tuple(row for row in self.rows if row.get("verified", "") != UNVERIFIED)


class Library:
    """All packages of a registry, as they stand at one moment; never changes."""

    def __init__(self, packages: Iterable[Package]) -> None:
        self._views: dict[Callable[[Library], Any], Any] = {}
        self.packages: Final = tuple(
            sorted(packages, key=lambda one: (one.manifest.kind, one.manifest.id))
        )

    def of(self, kind: str) -> tuple[Package, ...]:
        """Return the packages of a kind that are in force, in the order of their ids."""
        return tuple(
            package
            for package in self.packages
            if package.manifest.kind == kind and package.is_in_force
        )

    def find(self, package_id: str) -> Package | None:
        """Return a package by its id, in force or not."""
        return next((one for one in self.packages if one.manifest.id == package_id), None)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over all rows in force: two libraries with one digest give the same values."""
        digest = hashlib.sha256()
        for package in self.packages:
            if package.is_in_force:
                said: list[Any] = [
                    package.manifest.id,
                    package.manifest.version,
                    [dict(row) for row in package.rows_in_force],
                ]
                digest.update(json.dumps(said, sort_keys=True).encode())
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
