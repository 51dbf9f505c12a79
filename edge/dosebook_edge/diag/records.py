"""The outbox from another process than the running box."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Final

from dosebook_edge.config import BoxSettings
from dosebook_edge.folder import IDENTITY
from dosebook_edge.identity.files import IdentityError
from dosebook_edge.identity.identity import Enrolled, Identity
from dosebook_edge.outbox import Outbox, OutboxError, OutboxSettings, Signer
from dosebook_edge.outbox.store import DATABASE
from dosebook_edge.uplink.trust import DistrustError, open_receipts
from dosebook_protocol.bundle import BundleError, Kind, Manifest, read_messages, write_bundle
from dosebook_protocol.cose import MAX_ENVELOPE

_AT_ONCE: Final = 100
_AT_ONCE_BYTES: Final = 32_000_000


class _Identity:
    """Signs with the box's identity, which only an export needs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def sign(self, payload: bytes) -> bytes:
        """Return the envelope of a payload; raises `OutboxError`."""
        return self._signer.sign(payload)

    @cached_property
    def _signer(self) -> Signer:
        try:
            return Identity.load(self._folder).signer
        except IdentityError as error:
            raise OutboxError(f"the records cannot be signed: {error}") from None


def open_outbox(settings: BoxSettings) -> Outbox:
    """Open the outbox of a box; raises `OutboxError` where there is none."""
    folder = settings.box.data_dir
    if not (folder / DATABASE).exists():
        raise OutboxError(
            f"there is no outbox in {folder} yet: it is made when the box first runs. "
            "Run: dosebook-box run"
        )
    signer = _Identity(folder / IDENTITY)
    return Outbox(folder, settings.box.id, signer, OutboxSettings(settings.outbox.max_size))


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
