"""What a box believes of what it hears: only what its registry signed, and only for itself."""

from pathlib import Path

from dosebook_edge.identity.identity import Enrolled
from dosebook_protocol.cose import SignatureError, key_id, verify
from dosebook_protocol.durable import write_durably
from dosebook_protocol.record import BoxConfig, Missing, Receipts
from dosebook_protocol.screen_confirmed import ConfirmedValues, decode_confirmed
from dosebook_protocol.wire import MessageError, decode_config, decode_missing, decode_receipts


class DistrustError(Exception):
    """A message to this box that it must not act on; the text says why."""


def open_receipts(envelope: bytes, enrolled: Enrolled) -> Receipts:
    """Return receipts that the registry signed for this box; raises `DistrustError`."""
    try:
        receipts = decode_receipts(_payload(envelope, enrolled))
    except MessageError as error:
        raise DistrustError(str(error)) from None
    _check_addressee(receipts.box_id, enrolled)
    return receipts


def open_answer(envelope: bytes, enrolled: Enrolled) -> Receipts | Missing:
    """Return what the registry says of records of this box; raises `DistrustError`."""
    try:
        return open_receipts(envelope, enrolled)
    except DistrustError as error:
        try:
            return open_missing(envelope, enrolled)
        except DistrustError:
            raise error from None


def open_missing(envelope: bytes, enrolled: Enrolled) -> Missing:
    """Return what the registry says it lacks of this box; raises `DistrustError`."""
    try:
        missing = decode_missing(_payload(envelope, enrolled))
    except MessageError as error:
        raise DistrustError(str(error)) from None
    _check_addressee(missing.box_id, enrolled)
    return missing


def open_config(envelope: bytes, enrolled: Enrolled) -> BoxConfig:
    """Return a configuration that the registry signed for this box; raises `DistrustError`."""
    try:
        config = decode_config(_payload(envelope, enrolled))
    except MessageError as error:
        raise DistrustError(str(error)) from None
    _check_addressee(config.box_id, enrolled)
    return config


def open_confirmed(envelope: bytes, enrolled: Enrolled) -> ConfirmedValues:
    """Return values that persons confirmed in the registry of this box; raises `DistrustError`."""
    try:
        found = decode_confirmed(_payload(envelope, enrolled))
    except MessageError as error:
        raise DistrustError(str(error)) from None
    _check_addressee(found.box_id, enrolled)
    return found


def keep_config(path: Path, config: BoxConfig) -> bool:
    """Write the desired state unless an equal or later revision is there; whether it was written.

    The revision makes a replayed older configuration harmless.
    """
    if path.exists():
        kept = BoxConfig.model_validate_json(path.read_bytes())
        if kept.revision >= config.revision:
            return False
    write_durably(path, config.model_dump_json(indent=2).encode(), 0o600)
    return True


def _payload(envelope: bytes, enrolled: Enrolled) -> bytes:
    try:
        claimed = key_id(envelope)
        if claimed != enrolled.bundle.registry_key_id:
            raise DistrustError(f"signed as {claimed!r}, not by the registry of this box")
        return verify(envelope, enrolled.registry_key)
    except SignatureError as error:
        raise DistrustError(str(error)) from None


def _check_addressee(box_id: str, enrolled: Enrolled) -> None:
    if box_id != enrolled.bundle.box_id:
        raise DistrustError(f"meant for box {box_id}, this box is {enrolled.bundle.box_id}")
