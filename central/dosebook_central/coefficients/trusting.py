"""Whose signature on a coefficient package counts: this registry's and those of publishers."""

import re
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection

from dosebook_central.dosimetry.package_reading import PackageError
from dosebook_central.dosimetry.package_signing import Keyring
from dosebook_central.fleet.ca import REGISTRY_NAME
from dosebook_central.store.queries import publishers

REGISTRY: Final = REGISTRY_NAME
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


def keyring(connection: Connection, own: Ed25519PublicKey) -> Keyring:
    """Return the keys whose signatures count, by the names of their owners."""
    return {REGISTRY: own, **publishers.trusted_keys(connection)}


def trust(connection: Connection, name: str, key: Ed25519PublicKey, at: datetime, by: str) -> None:
    """Accept packages signed by a publisher's key from now on.

    Raises `PackageError` for a name that is taken or is not one, so that nobody's packages pass
    under the name of another.
    """
    if not _NAME.fullmatch(name):
        raise PackageError(f"{name!r} is not a name: small letters, digits and hyphens, up to 41")
    if name == REGISTRY or name in publishers.trusted_keys(connection):
        raise PackageError(f"{name} is the name of another key that is trusted already")
    publishers.trust(connection, name, key, at, by)
