"""The contract of a source: one configured way of capture on a box."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from dosebook_protocol.record import SourceKind

State = Literal["listening", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """What a source says about itself."""

    name: str
    kind: SourceKind
    state: State
    detail: str = ""
    last_record_at: datetime | None = None
    refused: int = 0
    port: int = 0


class Source(Protocol):
    """Captures evidence and appends it to the outbox, from `start` to `stop`."""

    def start(self) -> None:
        """Begin to capture; raises `CaptureError` with the cure where it cannot."""
        ...

    def stop(self) -> None:
        """End capture; what was accepted is in the outbox when this returns."""
        ...

    def health(self) -> SourceStatus:
        """State now; never blocks."""
        ...


class CaptureError(Exception):
    """A source cannot start; the text says what to change."""

    code = "DOSEBOOK-SOURCE-FAILED"
