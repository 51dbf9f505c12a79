"""Sign coefficient packages and verify them: COSE_Sign1, Ed25519, the keys of registries.

What is signed is the manifest in one canonical form, which names the SHA-256 of rows.csv: a changed
row, or a changed word of the manifest, breaks the signature.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from dosebook_central.dosimetry.package_files import SIGNATURE, PackageFiles
from dosebook_central.dosimetry.package_reading import MANIFEST, ROWS, PackageError, read_package
from dosebook_central.dosimetry.sets import Manifest, Package
from dosebook_protocol.cose import SignatureError, Signer, verify

_FORM: Final = "dosebook coefficient package 1"

Keyring = Mapping[str, Ed25519PublicKey]


@dataclass(frozen=True, slots=True)
class SignedPackage:
    """A package that was read whole, with the signature over it and whose key made that."""

    package: Package
    rows: str
    sha256: str
    signature: bytes
    signer: str


def canonical(manifest: Manifest, rows_sha256: str) -> bytes:
    """Return the bytes that are signed: what the manifest says, and the hash of the rows.

    A field at its default is left out, so that a field which a later version of this program knows
    breaks no signature made before.
    """
    said = {
        one.name: value
        for one in fields(manifest)
        if (value := getattr(manifest, one.name)) != one.default
    }
    whole = {"form": _FORM, "manifest": said, "rows_sha256": rows_sha256}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def sign(files: PackageFiles, signer: Signer) -> SignedPackage:
    """Check a package and sign it with one's own key; raises `PackageError`."""
    package = read_package(files.manifest, files.rows, files.name)
    digest = sha256(files.rows).hexdigest()
    signature = signer.sign(canonical(package.manifest, digest))
    return SignedPackage(package, files.rows.decode(), digest, signature, signer.key_id)


def verified(files: PackageFiles, keyring: Keyring) -> SignedPackage:
    """Read a package that one of the keys signed; raises `PackageError` naming the file at fault.

    `keyring`: public keys by the name of their owner.
    """
    package = read_package(files.manifest, files.rows, files.name)
    if not files.signature:
        raise PackageError(
            f"{files.name} has no {SIGNATURE}: a physicist of this registry may sign it with "
            "dosebook-registry sets sign"
        )
    digest = sha256(files.rows).hexdigest()
    signer, payload = _open(files, keyring)
    if payload != canonical(package.manifest, digest):
        at_fault = ROWS if _names_other_rows(payload, digest) else MANIFEST
        raise PackageError(f"{files.name}/{at_fault} was changed after it was signed by {signer}")
    return SignedPackage(package, files.rows.decode(), digest, files.signature, signer)


def read_public_key(path: Path) -> Ed25519PublicKey:
    """Read a publisher's public key, PEM; raises `PackageError`."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise PackageError(f"{path.name} cannot be read: {error.strerror or error}") from None
    except (ValueError, UnsupportedAlgorithm):
        raise PackageError(f"{path.name} is not a public key in PEM") from None
    if not isinstance(key, Ed25519PublicKey):
        raise PackageError(f"{path.name} is not an Ed25519 key")
    return key


def public_key_pem(key: Ed25519PublicKey) -> str:
    """Return a public key as PEM, for another registry to trust."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _open(files: PackageFiles, keyring: Keyring) -> tuple[str, bytes]:
    for name, key in keyring.items():
        try:
            return name, verify(files.signature, key)
        except SignatureError:
            continue
    raise PackageError(
        f"{files.name}/{SIGNATURE} is by none of the keys that this registry trusts "
        f"({', '.join(sorted(keyring)) or 'none'}): see dosebook-registry sets trust"
    )


def _names_other_rows(payload: bytes, digest: str) -> bool:
    try:
        said = json.loads(payload)
    except ValueError:
        return False
    return isinstance(said, dict) and said.get("rows_sha256") != digest
