"""Switch a coefficient package on or off, and accept its unverified rows; with a reason, always."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from dosebook_central.coefficients.affected import mark_affected
from dosebook_central.dosimetry.package_reading import PackageError
from dosebook_central.store.queries import packages
from dosebook_central.store.queries.packages import Adopted, StoredChoices, Switch

_MAX_WHY: Final = 500


def switch_by(who: str, at: datetime, why: str) -> Switch:
    """Return who switches something now, and why; raises `PackageError` without a reason."""
    reason = why.strip()[:_MAX_WHY]
    if not reason:
        raise PackageError("write in a few words why; others will ask")
    return Switch(who, at.isoformat(timespec="microseconds"), reason)


def set_enabled(
    connection: Connection, package_id: str, switch: Switch, *, is_enabled: bool
) -> Adopted:
    """Switch a package on or off; returns it as it was. Raises `PackageError` for an unknown id."""
    found = latest(connection, package_id)
    _keep(connection, found, replace(found.choices, is_enabled=is_enabled, switched=switch))
    return found


def set_unverified(
    connection: Connection, package_id: str, switch: Switch, *, is_accepted: bool
) -> Adopted:
    """Accept the unverified rows that a package has now, or no longer; returns it as it was.

    Raises `PackageError` for an unknown id and for a package without unverified rows.
    """
    found = latest(connection, package_id)
    if not found.unverified_sha256:
        raise PackageError(f"{package_id} has no unverified rows")
    digest = found.unverified_sha256 if is_accepted else ""
    _keep(connection, found, replace(found.choices, unverified_sha256=digest, accepted=switch))
    return found


def latest(connection: Connection, package_id: str) -> Adopted:
    """Return the version of a package that counts; raises `PackageError` for an unknown id."""
    versions = packages.versions_of(connection, package_id)
    if not versions:
        raise PackageError(
            f"there is no coefficient set {package_id}: see dosebook-registry sets list"
        )
    return versions[0]


def _keep(connection: Connection, found: Adopted, choices: StoredChoices) -> None:
    manifest = found.package.manifest
    packages.set_choices(connection, manifest.id, manifest.version, choices)
    mark_affected(connection, [manifest.kind])
