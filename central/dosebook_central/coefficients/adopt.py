"""Adopt coefficient packages: those of the program at each start, others when somebody adds them.

A new version stands beside the old ones and takes their choices over; nothing is replaced.
"""

import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine

from dosebook_central.audit.log import Act, perform
from dosebook_central.coefficients.affected import mark_affected
from dosebook_central.coefficients.trusting import REGISTRY
from dosebook_central.dosimetry.package_files import read_files
from dosebook_central.dosimetry.package_reading import PackageError
from dosebook_central.dosimetry.package_signing import (
    Keyring,
    SignedPackage,
    canonical,
    sign,
    verified,
)
from dosebook_central.dosimetry.packages import shipped_files
from dosebook_central.store.queries import packages
from dosebook_central.store.queries.packages import Adopted, StoredChoices, version_key
from dosebook_protocol.cose import Signer
from dosebook_protocol.logs import log

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Adoption:
    """What an adoption of the shipped packages did: `id version` of each."""

    added: tuple[str, ...]
    differing: tuple[str, ...]  # known under this version with other content: the known one stays


def adopt_shipped(engine: Engine, signer: Signer, at: datetime) -> Adoption:
    """Adopt the packages of this program that the registry does not have, signed by its own key.

    A second call changes nothing.
    """
    offered = [sign(files, signer) for files in shipped_files()]
    with engine.connect() as connection:
        known = _by_id(connection)
    differing = tuple(_name(one) for one in offered if _differs(one, known))
    for name in differing:
        log(_log, logging.WARNING, "coefficient_set_differs", set=name)
    if not any(_is_new(one, known) for one in offered):
        return Adoption((), differing)
    added = perform(
        engine,
        lambda connection: _adopt(connection, offered, at),
        lambda added: Act(REGISTRY, "set.adopt", "coefficient_set", "", {"sets": list(added)}),
    )
    return Adoption(added, differing)


def add_from(connection: Connection, path: Path, keyring: Keyring, at: datetime, by: str) -> str:
    """Add a signed package from a folder or a ZIP; returns its id and version.

    Raises `PackageError` for a package that is wrong, not signed by a trusted key, known already,
    older than the one in use, or whose name belongs to another publisher.
    """
    signed = verified(read_files(path), keyring)
    manifest = signed.package.manifest
    versions = packages.versions_of(connection, manifest.id)
    if any(one.package.manifest.version == manifest.version for one in versions):
        raise PackageError(
            f"{_name(signed)} is adopted already: a changed package needs a new version"
        )
    if versions:
        _check_succession(signed, versions[0])
    _put(connection, signed, versions, at, by)
    mark_affected(connection, [manifest.kind])
    return _name(signed)


def _check_succession(signed: SignedPackage, latest: Adopted) -> None:
    version = latest.package.manifest.version
    if version_key(signed.package.manifest.version) < version_key(version):
        raise PackageError(f"{_name(signed)} is older than version {version}, which is in use")
    if signed.signer not in {latest.signer, REGISTRY}:
        raise PackageError(
            f"{_name(signed)} is signed by {signed.signer}, but this name belongs to "
            f"{latest.signer}: ask for a package under a name of its own"
        )
    if signed.package.manifest.kind != latest.package.manifest.kind:
        raise PackageError(f"{_name(signed)} is of another kind than version {version}")


def _adopt(connection: Connection, offered: list[SignedPackage], at: datetime) -> tuple[str, ...]:
    known = _by_id(connection)
    added = [one for one in offered if _is_new(one, known)]
    for one in added:
        _put(connection, one, known[one.package.manifest.id], at, REGISTRY)
    mark_affected(connection, [one.package.manifest.kind for one in added])
    return tuple(_name(one) for one in added)


def _put(
    connection: Connection,
    signed: SignedPackage,
    versions: list[Adopted],
    at: datetime,
    by: str,
) -> None:
    choices = versions[0].choices if versions else StoredChoices()
    packages.add(connection, signed, choices, at, by)


def _by_id(connection: Connection) -> dict[str, list[Adopted]]:
    found: dict[str, list[Adopted]] = defaultdict(list)
    for one in packages.list_adopted(connection):
        found[one.package.manifest.id].append(one)
    return found


def _is_new(offered: SignedPackage, known: dict[str, list[Adopted]]) -> bool:
    """Whether the registry has neither this version nor a later one."""
    manifest = offered.package.manifest
    versions = known.get(manifest.id, [])
    return not versions or version_key(manifest.version) > version_key(
        versions[0].package.manifest.version
    )


def _differs(offered: SignedPackage, known: dict[str, list[Adopted]]) -> bool:
    manifest = offered.package.manifest
    return any(
        canonical(one.package.manifest, one.sha256) != canonical(manifest, offered.sha256)
        for one in known.get(manifest.id, [])
        if one.package.manifest.version == manifest.version
    )


def _name(signed: SignedPackage) -> str:
    return f"{signed.package.manifest.id} {signed.package.manifest.version}"
