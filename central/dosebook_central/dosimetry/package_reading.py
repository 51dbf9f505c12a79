"""Read a coefficient package from its two files; a package is read whole or refused.

`manifest.toml` says what the package is, `rows.csv` holds its rows. Every refusal names the file
and, for a row, the line and the column.
"""

import csv
import io
import re
import tomllib
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from dosebook_central.dosimetry.package_columns import KINDS, VERIFIED_WORDS, Kind
from dosebook_central.dosimetry.sets import Manifest, Package, Row

MANIFEST: Final = "manifest.toml"
ROWS: Final = "rows.csv"
MAX_MANIFEST_BYTES: Final = 64_000
MAX_ROWS_BYTES: Final = 4_000_000
MAX_ROWS: Final = 20_000
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_NUMBER: Final = re.compile(r"^-?\d{1,15}(\.\d{1,15})?([eE]-?\d{1,2})?$")
_ON_BY_ITSELF: Final = frozenset({"in_force", "superseded"})

Line = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00-\x1f\x7f]*$")]
Filled = Annotated[Line, Field(min_length=1)]
Day = Annotated[str, Field(pattern=r"^(\d{4}-\d{2}-\d{2})?$")]


class PackageError(Exception):
    """A coefficient package is refused; the text names the file and says what is wrong with it."""


class _ManifestFile(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.-]{0,30}$")]
    kind: str
    title: Filled
    citation: Filled
    valid_from: Day = ""
    valid_until: Day = ""
    is_default: bool = True
    licence: Line = ""
    notes: Line = ""
    country: Annotated[str, Field(pattern=r"^([A-Z]{2}|NORDIC)?$")] = ""
    status: Literal[
        "in_force",
        "alternative",
        "superseded",
        "proposed",
        "historical",
        "registry_data",
        "unverified",
    ] = "in_force"

    @model_validator(mode="after")
    def _hang_together(self) -> "_ManifestFile":
        if self.kind not in KINDS:
            raise ValueError(f"kind {self.kind!r} is not known: one of {', '.join(sorted(KINDS))}")
        days = [date.fromisoformat(day) for day in (self.valid_from, self.valid_until) if day]
        if len(days) == 2 and days[0] > days[1]:
            raise ValueError("valid_until lies before valid_from")
        if self.is_default and self.status not in _ON_BY_ITSELF:
            raise ValueError(f"a package that is {self.status} cannot be on by itself")
        if self.is_default and self.status == "superseded" and not self.valid_until:
            raise ValueError("a superseded package is on only for its days: valid_until is missing")
        return self


def read_package(manifest: bytes, rows: bytes, name: str) -> Package:
    """Read a package from the bytes of its two files.

    `name` stands before the file names in what is refused. Raises `PackageError`.
    """
    said = _read_manifest(manifest, f"{name}/{MANIFEST}")
    return Package(said, read_rows(rows, said.kind, f"{name}/{ROWS}"))


def _read_manifest(data: bytes, name: str) -> Manifest:
    if len(data) > MAX_MANIFEST_BYTES:
        raise PackageError(f"{name} is larger than {MAX_MANIFEST_BYTES} bytes")
    try:
        said = tomllib.loads(_text(data, name))
    # Deep nesting ends in a RecursionError of the parser, a number of 5000 digits in a ValueError.
    except (ValueError, RecursionError) as error:
        raise PackageError(f"{name} is not TOML: {error}") from None
    try:
        checked = _ManifestFile.model_validate(said)
    except ValidationError as error:
        raise PackageError(f"{name}: {_first(error)}") from None
    return Manifest(**checked.model_dump())


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    sentence = first["msg"].removeprefix("Value error, ")
    return f"{place}: {sentence}" if place else sentence


def read_rows(data: bytes, kind: str, name: str) -> tuple[Row, ...]:
    """Read and check the rows of a package of a kind; raises `PackageError`."""
    if len(data) > MAX_ROWS_BYTES:
        raise PackageError(f"{name} is larger than {MAX_ROWS_BYTES} bytes")
    reader = csv.reader(io.StringIO(_text(data, name), newline=""), strict=True)
    rule = KINDS[kind]
    rows: list[Row] = []
    try:
        header = _header(next(reader, []), rule, kind, name)
        for cells in reader:
            rows.append(_row(header, cells, rule, f"{name} line {reader.line_num}"))
            if len(rows) > MAX_ROWS:
                raise PackageError(f"{name} has more than {MAX_ROWS} rows")
    except csv.Error as error:
        raise PackageError(f"{name} line {reader.line_num} is not CSV: {error}") from None
    if not rows:
        raise PackageError(f"{name} has no rows")
    return tuple(rows)


def _header(cells: list[str], rule: Kind, kind: str, name: str) -> list[str]:
    if missing := [column for column in rule.columns if column not in cells]:
        raise PackageError(f"{name}: column {missing[0]} is missing, a {kind} package needs it")
    if len(set(cells)) != len(cells) or "" in cells:
        raise PackageError(f"{name}: each column needs a name of its own")
    return cells


def _row(header: list[str], cells: list[str], rule: Kind, place: str) -> Row:
    if len(cells) != len(header):
        raise PackageError(f"{place} has {len(cells)} cells, the first line has {len(header)}")
    row = dict(zip(header, cells, strict=True))
    for column in rule.required:
        if not row[column].strip():
            raise PackageError(f"{place}, column {column}: is empty")
    for column in rule.numbers:
        if row[column] and not _NUMBER.match(row[column]):
            raise PackageError(f"{place}, column {column}: {row[column][:40]!r} is not a number")
    if "verified" in row and row["verified"] not in VERIFIED_WORDS:
        raise PackageError(
            f"{place}, column verified: {row['verified'][:40]!r} is none of "
            f"{', '.join(sorted(VERIFIED_WORDS))}"
        )
    return row


def _text(data: bytes, name: str) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise PackageError(f"{name} is not UTF-8 text") from None
    if found := _CONTROL.search(text.replace("\r\n", "\n")):
        line = text.count("\n", 0, found.start()) + 1
        raise PackageError(f"{name} line {line} has a control character")
    return text
