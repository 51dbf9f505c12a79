"""Golden messages of version 1: what each side must accept and how it reads, what it must refuse.

`v1/accept/<name>.cbor` with the message, less its defaults, in `<name>.json`;
`v1/reject/<name>.cbor` with the kind and a part of the reason in `<name>.json`. Box messages are
signed by `BOX_KEY`, registry messages by `REGISTRY_KEY`: test keys, of no use anywhere else. They
change only with the version of the protocol; `make.py` beside them made them.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dosebook_protocol.cose import verify
from dosebook_protocol.record import Message
from dosebook_protocol.screen_decision import decode_decision
from dosebook_protocol.wire import (
    check_evidence,
    decode_config,
    decode_health,
    decode_missing,
    decode_receipts,
    decode_record,
    split_record_message,
)

FOLDER: Final = Path(__file__).parent / "v1"
BOX_ID: Final = "ct-1"
REGISTRY_ID: Final = "registry"
BOX_KEY: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
REGISTRY_KEY: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))

KINDS: Final = ("record", "receipts", "missing", "health", "config", "screen-decision")


@dataclass(frozen=True, slots=True)
class Vector:
    """One golden message; `expected` is its JSON, or a part of the reason why it is refused."""

    name: str
    kind: str
    data: bytes
    expected: Any


def accepted() -> Iterator[Vector]:
    """Messages that must be accepted."""
    return _read("accept", "message")


def rejected() -> Iterator[Vector]:
    """Messages that must be refused."""
    return _read("reject", "reason")


def open_vector(kind: str, data: bytes) -> Message:
    """Verify and decode a message as its receiver does; raises as that does."""
    if kind in {"record", "screen-decision"}:
        envelope, evidence = split_record_message(data)
        record = decode_record(verify(envelope, BOX_KEY.public_key()))
        check_evidence(record, evidence)
        return record if kind == "record" else decode_decision(evidence)
    if kind == "health":
        return decode_health(verify(data, BOX_KEY.public_key()))
    payload = verify(data, REGISTRY_KEY.public_key())
    of_the_registry: dict[str, Callable[[bytes], Message]] = {
        "receipts": decode_receipts,
        "missing": decode_missing,
        "config": decode_config,
    }
    return of_the_registry[kind](payload)


def _read(folder: str, key: str) -> Iterator[Vector]:
    for path in sorted((FOLDER / folder).glob("*.cbor")):
        told = json.loads(path.with_suffix(".json").read_text())
        yield Vector(path.stem, told["kind"], path.read_bytes(), told[key])
