"""The identity folder.

    box_id                    the id that this box signs as
    keys/<fingerprint>.key    private keys, mode 0600
    keys/<fingerprint>.crt    the certificate of that key, once enrolled
    enrolment.json            the bundle in force; its certificate says which key is

One rename of `enrolment.json` changes key, certificate and trust together, so that a power cut
leaves either the old identity or the new one.
"""

import hashlib
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from dosebook_protocol.durable import write_durably

_FINGERPRINT_DIGITS: Final = 16


class IdentityError(Exception):
    """The identity of this box is missing or wrong; the text says what to do."""


def fingerprint(key: Ed25519PublicKey) -> str:
    """The first 16 hex digits of the SHA-256 of a public key."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:_FINGERPRINT_DIGITS]


class IdentityFiles:
    """Reads and writes the identity folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys = folder / "keys"

    @property
    def enrolment(self) -> Path:
        """The enrolment bundle in force."""
        return self._folder / "enrolment.json"

    @property
    def box_id(self) -> Path:
        """The id that this box signs as."""
        return self._folder / "box_id"

    def key_path(self, name: str) -> Path:
        """Private key of that fingerprint."""
        return self._keys / f"{name}.key"

    def certificate_path(self, name: str) -> Path:
        """Certificate of the key of that fingerprint."""
        return self._keys / f"{name}.crt"

    def make_key(self) -> Ed25519PrivateKey:
        """Make and keep a new private key."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_durably(self.key_path(fingerprint(key.public_key())), pem, 0o600)
        return key

    def keys(self) -> dict[str, Ed25519PrivateKey]:
        """All private keys by fingerprint, oldest first."""
        paths = sorted(self._keys.glob("*.key"), key=lambda path: path.stat().st_mtime_ns)
        return {path.stem: _read_key(path) for path in paths}


def _read_key(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except ValueError as error:
        raise IdentityError(f"{path} is not a private key: {error}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise IdentityError(f"{path} is not an Ed25519 key")
    return key
