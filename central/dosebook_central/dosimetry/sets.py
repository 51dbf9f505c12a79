"""Coefficient sets as data packages: what they hold, which rows are in force, and their digest.

A package is a manifest and rows of text; formulas turn rows into numbers themselves, through the
typed views beside them (`dosimetry.factors` and others). Only verified rows are in force by
default; a physicist may switch others on, package by package, and that choice is recorded.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

Row = Mapping[str, str]

UNVERIFIED: Final = "no"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a package says of itself; `valid_from` and `valid_until` are ISO dates or empty.

    `kind`: effective-dose-ct, effective-dose-dap, effective-dose-agd, effective-dose-nm,
    typical-dose, size-specific, organ-dose-ct, drl, alert, procedures, procedure-drl, anatomy,
    tissue-weights, agents.
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
