"""The outbox from another process than the running box."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dosebook_edge.config import BoxSettings
from dosebook_edge.identity.files import IdentityFiles
from dosebook_edge.identity.identity import Enrolled
from dosebook_edge.outbox import Outbox, OutboxError, OutboxSettings
from dosebook_edge.outbox.store import DATABASE
from dosebook_edge.uplink.trust import DistrustError, open_receipts
from dosebook_protocol.bundle import BundleError, Kind, Manifest, read_messages, write_bundle
from dosebook_protocol.cose import MAX_ENVELOPE, SignatureError, verify
from dosebook_protocol.record import Record
from dosebook_protocol.wire import decode_record, split_record_message

_AT_ONCE: Final = 100
_AT_ONCE_BYTES: Final = 32_000_000


class _NoSigner:
    """Commands never append."""

    def sign(self, payload: bytes) -> bytes:
        """Refuse."""
        raise OutboxError("only the running box appends records")


def open_outbox(settings: BoxSettings) -> Outbox:
    """Open the outbox of a box; raises `OutboxError` where there is none."""
    folder = settings.box.data_dir
    if not (folder / DATABASE).exists():
        raise OutboxError(
            f"there is no outbox in {folder} yet: it is made when the box first runs. "
            "Run: dosebook-box run"
        )
    return Outbox(folder, settings.box.id, _NoSigner(), OutboxSettings(settings.outbox.max_size))


def opened_record(message: bytes, identity_dir: Path) -> Record:
    """The record in a message, signed by any key that this box has had; raises `OutboxError`."""
    envelope, _ = split_record_message(message)
    for key in IdentityFiles(identity_dir).keys().values():
        with contextlib.suppress(SignatureError):
            return decode_record(verify(envelope, key.public_key()))
    raise OutboxError("the record is not signed by a key of this box: was its identity replaced?")


def export_waiting(outbox: Outbox, box_id: str, path: Path) -> Manifest:
    """Write every waiting record as published to a new bundle; raises `OutboxError`."""
    try:
        return write_bundle(path, Kind.RECORDS, box_id, _waiting(outbox))
    except OSError as error:
        raise OutboxError(f"the records cannot be exported: {error}") from None


def acknowledge_file(outbox: Outbox, enrolled: Enrolled, path: Path) -> tuple[int, int]:
    """Note the receipts of a bundle; how many there are, and how many records stopped waiting.

    Raises `OutboxError`, with nothing noted, where one is not by the registry of this box.
    """
    try:
        found = [
            open_receipts(envelope, enrolled)
            for envelope in read_messages(path, Kind.RECEIPTS, MAX_ENVELOPE)
        ]
    except (BundleError, DistrustError) as error:
        raise OutboxError(f"the receipts cannot be used: {error}") from None
    return sum(len(one.receipts) for one in found), sum(map(outbox.acknowledge, found))


def _waiting(outbox: Outbox) -> Iterator[tuple[int, bytes]]:
    after = 0
    while batch := outbox.unacknowledged(after, _AT_ONCE, _AT_ONCE_BYTES):
        yield from ((one.sequence, one.message) for one in batch)
        after = batch[-1].sequence
