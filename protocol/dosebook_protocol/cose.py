"""COSE_Sign1 with Ed25519 (RFC 9052 §4.2, RFC 9053 §2.2): who said these bytes.

Exactly one form is written and read: tag 18, a protected header of `alg` EdDSA and `kid`, an empty
unprotected header, an embedded payload. The key id stands in the protected header, so that it is
signed too. Why no general COSE library reads this: docs/decisions/0013-cose-in-one-form.md.
"""

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from dosebook_protocol.cbor import MAX_PAYLOAD, CborError, Cursor, byte_string

MAX_KEY_ID: Final = 64
MAX_ENVELOPE: Final = MAX_PAYLOAD + 256

_SIGN1: Final = b"\xd2\x84"  # tag 18, array of 4
_EDDSA_AND_KID: Final = b"\xa2\x01\x27\x04"  # {1: -8, 4: …
_NO_UNPROTECTED: Final = b"\xa0"
_SIGNATURE_SIZE: Final = 64


class SignatureError(ValueError):
    """An envelope that is not one, or whose signature is not by the key it should be by."""


class Signer:
    """Signs payloads with one private key, under one key id."""

    def __init__(self, private_key: Ed25519PrivateKey, key_id: str) -> None:
        if not 1 <= len(key_id.encode()) <= MAX_KEY_ID:
            raise ValueError(f"key id {key_id!r} must have 1 to {MAX_KEY_ID} bytes")
        self.key_id = key_id
        self._key = private_key
        self._protected = byte_string(_EDDSA_AND_KID + byte_string(key_id.encode()))

    @property
    def public_key(self) -> Ed25519PublicKey:
        """The key that verifies what this one signs."""
        return self._key.public_key()

    def sign(self, payload: bytes) -> bytes:
        """Return the envelope of a payload."""
        signature = self._key.sign(_to_be_signed(self._protected, payload))
        return b"".join(
            (_SIGN1, self._protected, _NO_UNPROTECTED, byte_string(payload), byte_string(signature))
        )


def verify(envelope: bytes, public_key: Ed25519PublicKey) -> bytes:
    """Return the payload of an envelope signed by that key; raises `SignatureError`."""
    kid, payload, signature = _open(envelope)
    try:
        public_key.verify(signature, _to_be_signed(_protected_of(kid), payload))
    except InvalidSignature:
        raise SignatureError("the signature is not by this key over these bytes") from None
    return payload


def payload_of(envelope: bytes) -> bytes:
    """Return the payload whoever signed it; raises `SignatureError` for what is no envelope."""
    _, payload, _ = _open(envelope)
    return payload


def key_id(envelope: bytes) -> str:
    """Return the key id that an envelope claims, to find the key; raises `SignatureError`."""
    kid, _, _ = _open(envelope)
    try:
        return kid.decode()
    except UnicodeDecodeError:
        raise SignatureError("the key id of the envelope is not UTF-8") from None


def _open(envelope: bytes) -> tuple[bytes, bytes, bytes]:
    cursor = Cursor(envelope)
    try:
        cursor.expect(_SIGN1, "COSE_Sign1 (tag 18, array of 4)")
        header = Cursor(cursor.byte_string(MAX_KEY_ID + 8, "protected header"))
        header.expect(_EDDSA_AND_KID, "EdDSA algorithm and key id in the protected header")
        kid = header.byte_string(MAX_KEY_ID, "key id")
        header.end()
        cursor.expect(_NO_UNPROTECTED, "empty unprotected header")
        payload = cursor.byte_string(MAX_PAYLOAD, "payload")
        signature = cursor.byte_string(_SIGNATURE_SIZE, "signature")
        cursor.end()
    except CborError as error:
        raise SignatureError(f"not a signed envelope: {error}") from None
    return kid, payload, signature


def _protected_of(kid: bytes) -> bytes:
    return byte_string(_EDDSA_AND_KID + byte_string(kid))


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    # Sig_structure: ["Signature1", protected, external_aad, payload]
    return b"\x84\x6aSignature1" + protected + b"\x40" + byte_string(payload)
