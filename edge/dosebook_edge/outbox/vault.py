"""Encryption of the outbox's content at rest: AES-256-GCM under a key that never leaves the box."""

import hashlib
import hmac
import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dosebook_edge.outbox.model import OutboxKeyError
from dosebook_protocol.durable import write_durably

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class Vault:
    """Seals and opens payloads, each bound to its place, and makes keyed hashes of identifiers."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(_subkey(key, b"payload"))
        self._hash_key = _subkey(key, b"sop-instance-uid")
        self.fingerprint = _subkey(key, b"fingerprint").hex()[:32]

    @classmethod
    def open(cls, path: Path, *, create: bool) -> "Vault":
        """Read the key file, or make it (0600); raises `OutboxKeyError`."""
        try:
            return cls(_read_key(path))
        except FileNotFoundError:
            if not create:
                raise OutboxKeyError(
                    f"{path} is missing, and what waits in the outbox cannot be read without it. "
                    f"Restore the key file from the box's backup."
                ) from None
        # Durable before anything is sealed with it.
        write_durably(path, os.urandom(_KEY_BYTES), 0o600)
        return cls(_read_key(path))

    def seal(self, place: str, payload: bytes) -> bytes:
        """Encrypt a payload for one place (`sequence|record_id`, or a table's key)."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, payload, place.encode())

    def unseal(self, place: str, sealed: bytes) -> bytes:
        """Decrypt what was sealed for that place; raises `OutboxKeyError` if it was not."""
        try:
            return self._cipher.decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode()
            )
        except InvalidTag:
            raise OutboxKeyError(
                f"the payload at {place} was not sealed there by this box's key: it was altered, "
                "or the key file is another box's"
            ) from None

    def identifier_hash(self, identifier: str) -> str:
        """Keyed hash of an identifier, so that it can be looked up but not read."""
        return hmac.digest(self._hash_key, identifier.encode(), "sha256").hex()


def _subkey(key: bytes, purpose: bytes) -> bytes:
    return hmac.new(key, b"dosebook outbox 1 " + purpose, hashlib.sha256).digest()


def _read_key(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise OutboxKeyError(f"{path} has {len(key)} bytes, a key has {_KEY_BYTES}")
    return key
