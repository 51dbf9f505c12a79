"""The outbox from another process than the running box."""

import contextlib
import json
import zipfile
from pathlib import Path
from typing import Final

from dosebook_edge.config import BoxSettings
from dosebook_edge.identity.files import IdentityFiles
from dosebook_edge.outbox import Outbox, OutboxError, OutboxSettings
from dosebook_edge.outbox.store import DATABASE
from dosebook_protocol.cose import SignatureError, verify
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


def export_waiting(outbox: Outbox, path: Path) -> int:
    """Write every waiting record as published to a new ZIP file; returns how many."""
    count, after = 0, 0
    with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED) as archive:
        while batch := outbox.unacknowledged(after, _AT_ONCE, _AT_ONCE_BYTES):
            for one in batch:
                archive.writestr(f"records/{one.sequence:010d}.cbor", one.message)
            count += len(batch)
            after = batch[-1].sequence
        manifest = {"format": "dosebook-records", "version": 1, "records": count}
        archive.writestr("manifest.json", json.dumps(manifest))
    return count
