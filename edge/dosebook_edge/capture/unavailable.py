"""A source that this box cannot be: it fails with the reason and leaves the others alone."""

from dosebook_edge.capture.source import CaptureError, SourceStatus
from dosebook_protocol.record import SourceKind


class UnavailableSource:
    """Fulfils `Source` for one whose software is not installed."""

    def __init__(self, name: str, kind: SourceKind, reason: str) -> None:
        self._name = name
        self._kind = kind
        self._reason = reason

    def start(self) -> None:
        """Raise `CaptureError`, always."""
        raise CaptureError(f"source {self._name!r}: {self._reason}")

    def stop(self) -> None:
        """Nothing runs."""

    def health(self) -> SourceStatus:
        """Failed, with the reason."""
        return SourceStatus(self._name, self._kind, "failed", self._reason)
