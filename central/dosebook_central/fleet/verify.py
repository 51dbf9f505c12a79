"""Whose word counts: the keys of a box, and its signature checked against them."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from dosebook_central.store.models import Box
from dosebook_protocol.cose import SignatureError, key_id, verify

ACTIVE = "active"
REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class KnownBox:
    """A box as far as signatures go; `keys` is newest first."""

    id: str
    is_revoked: bool
    keys: tuple[Ed25519PublicKey, ...]


def known_box(row: Box) -> KnownBox:
    """Load the keys of a box; one that was renewed keeps its earlier ones."""
    raw = (row.public_key, *map(bytes.fromhex, row.superseded_keys))
    keys = tuple(map(Ed25519PublicKey.from_public_bytes, raw))
    return KnownBox(row.id, row.status == REVOKED, keys)


def open_envelope(box: KnownBox, envelope: bytes) -> bytes:
    """Return the payload that this box signed; raises `SignatureError` with a readable reason."""
    claimed = key_id(envelope)
    if claimed != box.id:
        raise SignatureError(f"signed as {claimed!r}, but it came from box {box.id}")
    if box.is_revoked:
        raise SignatureError(f"box {box.id} is revoked")
    for key in box.keys:
        try:
            return verify(envelope, key)
        except SignatureError as error:
            reason = error
    raise SignatureError(f"box {box.id}: {reason}")
