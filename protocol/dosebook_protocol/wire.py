"""Messages to bytes and back: the only way in and out of the wire for both sides.

Numbers with a unit travel as decimal text, moments as RFC 3339 text, defaults are left out. A
decoded message was validated field by field; anything else is a `MessageError` with the reason.
"""

import hashlib
from typing import Final, TypeVar

from pydantic import ValidationError
from pydantic_core import from_json

from dosebook_protocol.cbor import CborError, Cursor, byte_string, decode_to_json, encode
from dosebook_protocol.cose import MAX_ENVELOPE
from dosebook_protocol.record import BoxConfig, Health, Message, Missing, Receipts, Record

VERSION: Final = 1
MAX_EVIDENCE: Final = 16 * 1024 * 1024
MAX_MESSAGE: Final = MAX_ENVELOPE + MAX_EVIDENCE + 16
_BEGINNING: Final = f'{{"version":{VERSION},'.encode()
_PAIR: Final = b"\x82"
_SHOWN_ERRORS: Final = 3

M = TypeVar("M", bound=Message)


class MessageError(ValueError):
    """Bytes that are not a valid message of version 1; the text says why."""


def encode_message(message: Message) -> bytes:
    """Encode any message; the version always stands first."""
    tree = message.model_dump(mode="json", exclude_defaults=True)
    return encode({"version": VERSION} | tree)


def decode_message(model: type[M], payload: bytes) -> M:
    """Decode and validate a message of one kind; raises `MessageError`."""
    try:
        text = decode_to_json(payload)
    except CborError as error:
        raise MessageError(f"{model.__name__}: {error}") from None
    # `encode_message` puts the version first; another one is told before its fields confuse.
    if not text.startswith(_BEGINNING):
        raise MessageError(
            f"{model.__name__}: does not begin with version {VERSION}, the one understood here"
        )
    try:
        return model.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise MessageError(f"{model.__name__}: {_reasons(error)}") from None


def _reasons(error: ValidationError) -> str:
    """What is wrong and where, never with the value: it may be about a patient."""
    errors = error.errors(include_input=False, include_url=False, include_context=False)
    shown = [
        f"{'.'.join(map(str, one['loc'])) or 'message'}: {one['msg']}"
        for one in errors[:_SHOWN_ERRORS]
    ]
    more = len(errors) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more > 0 else "")


def encode_record(record: Record) -> bytes:
    """Encode a record, ready to be signed."""
    return encode_message(record)


def record_to_json(record: Record) -> bytes:
    """Write a record in the form that a box keeps it in, a quarter of the work of encoding it."""
    return record.model_dump_json(exclude_defaults=True).encode()


def encode_kept_record(text: bytes, sequence: int) -> bytes:
    """Encode what `record_to_json` wrote, under a number: as `encode_record` of that record."""
    tree = from_json(text)
    tree["sequence"] = sequence
    return encode({"version": VERSION} | tree)


def decode_record(payload: bytes) -> Record:
    """Decode a record; raises `MessageError`."""
    return decode_message(Record, payload)


def encode_record_message(envelope: bytes, evidence: bytes) -> bytes:
    """Join a signed record and its evidence to what is published; raises `MessageError`."""
    for name, size, limit in (
        ("envelope", len(envelope), MAX_ENVELOPE),
        ("evidence", len(evidence), MAX_EVIDENCE),
    ):
        if size > limit:
            raise MessageError(f"record message: {name} has {size} bytes, the limit is {limit}")
    return b"".join((_PAIR, byte_string(envelope), byte_string(evidence)))


def split_record_message(message: bytes) -> tuple[bytes, bytes]:
    """Return the envelope and the evidence of a record message; raises `MessageError`."""
    cursor = Cursor(message)
    try:
        cursor.expect(_PAIR, "array of envelope and evidence")
        envelope = cursor.byte_string(MAX_ENVELOPE, "envelope")
        evidence = cursor.byte_string(MAX_EVIDENCE, "evidence")
        cursor.end()
    except CborError as error:
        raise MessageError(f"record message: {error}") from None
    return envelope, evidence


def check_evidence(record: Record, evidence: bytes) -> None:
    """Check that the evidence is the one that the record was signed with; raises `MessageError`."""
    if len(evidence) != record.evidence.size:
        raise MessageError(
            f"evidence has {len(evidence)} bytes, the record states {record.evidence.size}"
        )
    if hashlib.sha256(evidence).hexdigest() != record.evidence.sha256:
        raise MessageError("evidence is not the one that the record states (SHA-256 differs)")


def decode_receipts(payload: bytes) -> Receipts:
    """Decode receipts; raises `MessageError`."""
    return decode_message(Receipts, payload)


def decode_missing(payload: bytes) -> Missing:
    """Decode what the registry lacks of a box; raises `MessageError`."""
    return decode_message(Missing, payload)


def encode_health(health: Health) -> bytes:
    """Encode a box's word on itself, ready to be signed."""
    return encode_message(health)


def decode_health(payload: bytes) -> Health:
    """Decode a box's word on itself; raises `MessageError`."""
    return decode_message(Health, payload)


def encode_config(config: BoxConfig) -> bytes:
    """Encode a box's desired configuration, ready to be signed."""
    return encode_message(config)


def decode_config(payload: bytes) -> BoxConfig:
    """Decode a box's desired configuration; raises `MessageError`."""
    return decode_message(BoxConfig, payload)
