"""Private keys on disk: PEM, readable by their owner only, written at once or not at all."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from dosebook_protocol.durable import write_durably

PrivateKey = ec.EllipticCurvePrivateKey | Ed25519PrivateKey


class FleetError(Exception):
    """Something about boxes, keys or certificates is wrong; the text says what to do."""


def write_key(path: Path, key: PrivateKey) -> None:
    """Write a private key, mode 0600."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_durably(path, pem, 0o600)


def read_authority_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Read the private key of a certificate authority; raises `FleetError`."""
    key = _read(path)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise FleetError(f"{path} is not an elliptic-curve key")
    return key


def read_signing_key(path: Path) -> Ed25519PrivateKey:
    """Read a private key that signs messages; raises `FleetError`."""
    key = _read(path)
    if not isinstance(key, Ed25519PrivateKey):
        raise FleetError(f"{path} is not an Ed25519 key")
    return key


def _read(path: Path) -> object:
    try:
        return load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError:
        raise FleetError(f"{path} is missing: create it with dosebook-registry init") from None
    except ValueError as error:
        raise FleetError(f"{path} is not a private key: {error}") from None
