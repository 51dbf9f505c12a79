"""Coefficient packages as adopted: the library in force, its revision, versions and switches."""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, Select, insert, select, update

from dosebook_central.dosimetry.package_reading import ROWS, PackageError, read_rows
from dosebook_central.dosimetry.package_signing import SignedPackage
from dosebook_central.dosimetry.packages import shipped
from dosebook_central.dosimetry.sets import UNVERIFIED, Choices, Library, Manifest, Package, Row
from dosebook_central.store.dose_models import CoefficientPackage

_PARTS: Final = re.compile(r"\d+|\D+")
_COLUMNS: Final = tuple(CoefficientPackage.__table__.columns)


@dataclass(frozen=True, slots=True)
class Switch:
    """Who switched something, when (ISO, UTC) and why."""

    by: str
    at: str
    why: str


@dataclass(frozen=True, slots=True)
class StoredChoices:
    """What people switched on a package.

    `unverified_sha256` names the unverified rows that a person accepted: rows that a later version
    changes are not accepted with them.
    """

    is_enabled: bool | None = None
    switched: Switch | None = None
    unverified_sha256: str = ""
    accepted: Switch | None = None


@dataclass(frozen=True, slots=True)
class Adopted:
    """One version of a package in this registry; `package` carries the choices in force."""

    package: Package
    choices: StoredChoices
    rows: str
    sha256: str
    signature: bytes
    signer: str
    adopted_at: datetime
    adopted_by: str
    is_latest: bool

    @property
    def unverified_sha256(self) -> str:
        """SHA-256 over the rows that nobody verified."""
        return digest_of_unverified(self.package.rows)


def load_library(connection: Connection) -> Library:
    """Return the packages of this registry with what people switched on them.

    Before the first adoption these are the shipped ones. Raises `PackageError` for rows that are
    not those that were adopted.
    """
    latest = [one.package for one in list_adopted(connection) if one.is_latest]
    return Library(latest) if latest else shipped()


def library_revision(connection: Connection) -> str:
    """Return a text that changes whenever `load_library` may return something else."""
    table = CoefficientPackage
    rows = connection.execute(
        select(table.id, table.version, table.sha256, table.choices).order_by(
            table.id, table.version
        )
    )
    said = json.dumps([list(row) for row in rows], sort_keys=True)
    return sha256(said.encode()).hexdigest()


def list_adopted(connection: Connection) -> list[Adopted]:
    """Return all versions of all packages, by kind and id, the latest version first."""
    return _adopted(connection.execute(select(*_COLUMNS)).mappings())


def versions_of(connection: Connection, package_id: str) -> list[Adopted]:
    """Return the versions of one package, the latest first; none for an unknown id."""
    return _adopted(connection.execute(_of(package_id)).mappings())


def add(
    connection: Connection, signed: SignedPackage, choices: StoredChoices, at: datetime, by: str
) -> None:
    """Put a new version beside those that are there."""
    manifest = signed.package.manifest
    connection.execute(
        insert(CoefficientPackage).values(
            id=manifest.id,
            version=manifest.version,
            kind=manifest.kind,
            manifest=asdict(manifest),
            rows=signed.rows,
            sha256=signed.sha256,
            signature=signed.signature.hex(),
            signer=signed.signer,
            choices=_without_none(asdict(choices)),
            adopted_at=at,
            adopted_by=by,
        )
    )


def set_choices(
    connection: Connection, package_id: str, version: str, choices: StoredChoices
) -> None:
    """Keep what somebody switched on the latest version of a package."""
    connection.execute(
        update(CoefficientPackage)
        .where(CoefficientPackage.id == package_id, CoefficientPackage.version == version)
        .values(choices=_without_none(asdict(choices)))
    )


def digest_of_unverified(rows: Iterable[Row]) -> str:
    """SHA-256 over the unverified rows, whatever their order; empty where there are none."""
    found = sorted(
        json.dumps(dict(row), sort_keys=True) for row in rows if row.get("verified") == UNVERIFIED
    )
    return sha256("\n".join(found).encode()).hexdigest() if found else ""


def version_key(version: str) -> list[tuple[int, str]]:
    """Return what orders versions as people do: 2 before 10, 2022 before 2022.1."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in _PARTS.findall(version)]


def _of(package_id: str) -> Select[Any]:
    return select(*_COLUMNS).where(CoefficientPackage.id == package_id)


def _adopted(rows: Iterable[Any]) -> list[Adopted]:
    found: list[Adopted] = []
    ordered = sorted(rows, key=lambda row: version_key(row["version"]), reverse=True)
    for row in sorted(ordered, key=lambda row: (row["kind"], row["id"])):
        is_latest = not found or found[-1].package.manifest.id != row["id"]
        found.append(_read(row, is_latest=is_latest))
    return found


def _read(row: Any, *, is_latest: bool) -> Adopted:
    manifest = Manifest(**row["manifest"])
    choices = _choices(row["choices"])
    rows = _rows(row["rows"], row["sha256"], manifest.kind, manifest.id)
    accepted = choices.unverified_sha256
    in_force = Choices(
        is_enabled=choices.is_enabled,
        with_unverified=bool(accepted) and accepted == digest_of_unverified(rows),
        switched_at=choices.switched.at if choices.switched else "",
    )
    return Adopted(
        package=Package(manifest, rows, in_force),
        choices=choices,
        rows=row["rows"],
        sha256=row["sha256"],
        signature=bytes.fromhex(row["signature"]),
        signer=row["signer"],
        adopted_at=row["adopted_at"],
        adopted_by=row["adopted_by"],
        is_latest=is_latest,
    )


@lru_cache(maxsize=512)
def _rows(text: str, digest: str, kind: str, package_id: str) -> tuple[Row, ...]:
    data = text.encode()
    if sha256(data).hexdigest() != digest:
        raise PackageError(
            f"the rows of package {package_id} in the database are not those that were adopted: "
            "restore the database from a backup"
        )
    return read_rows(data, kind, f"{package_id}/{ROWS}")


def _choices(stored: dict[str, Any]) -> StoredChoices:
    known = {one.name: stored[one.name] for one in fields(StoredChoices) if one.name in stored}
    for name in ("switched", "accepted"):
        if name in known:
            known[name] = Switch(**known[name])
    return StoredChoices(**known)


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
