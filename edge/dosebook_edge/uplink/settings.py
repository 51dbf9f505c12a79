"""What can be set about an uplink, and what it needs of the rest of the box."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dosebook_protocol.record import Receipts


class Waiting(Protocol):
    """A record without a receipt, as the bytes to publish."""

    @property
    def sequence(self) -> int:
        """Its place in the box's ledger."""

    @property
    def record_id(self) -> str:
        """What its receipt will name."""

    @property
    def message(self) -> bytes:
        """Envelope and evidence."""


class LedgerEntry(Protocol):
    """A record of the box, with a receipt or without."""

    @property
    def sequence(self) -> int:
        """Its place in the box's ledger."""

    @property
    def acknowledged_at(self) -> str:
        """When its receipt came; empty while it waits."""

    @property
    def has_payload(self) -> bool:
        """Whether its content is still kept."""


class Outbox(Protocol):
    """The queue that only receipts empty."""

    def unacknowledged(self, after: int, limit: int, max_bytes: int) -> Sequence[Waiting]:
        """Return waiting records beyond a sequence number, in order; at least one if there is."""

    def acknowledge(self, receipts: Receipts) -> int:
        """Note receipts durably; how many of them were news."""

    def entries(self, *, limit: int, before: int | None) -> Sequence[LedgerEntry]:
        """Return what stands below a sequence number, newest first."""

    def replay(self, sequences: Iterable[int]) -> Sequence[int]:
        """Let delivered records wait again; those whose content is still there."""

    def wait_for_new(self, last_sequence: int, timeout: float) -> bool:
        """Wait until there is a record beyond that sequence number; whether there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UplinkSettings:
    """Times in seconds; the defaults suit a hospital network."""

    desired_config: Path
    window_records: int = 256
    window_bytes: int = 8 * 1024 * 1024
    receipt_timeout_s: float = 30.0
    longest_timeout_s: float = 3600.0
    answer_timeout_s: float = 10.0
    keepalive_s: int = 30
    health_every_s: float = 60.0
    backoff_first_s: float = 1.0
    backoff_limit_s: float = 60.0
    refused_first_s: float = 30.0
    refused_limit_s: float = 900.0
    unenrolled_every_s: float = 5.0
