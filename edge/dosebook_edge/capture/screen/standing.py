"""What a source that reads screens says about itself."""

from dataclasses import dataclass
from datetime import datetime

from dosebook_edge.capture.source import SourceStatus, State
from dosebook_protocol.record import SourceKind


@dataclass(slots=True)
class Standing:
    """State of one source; its thread writes it, anybody reads it."""

    name: str
    state: State = "stopped"
    detail: str = ""
    refused: int = 0
    last_record_at: datetime | None = None

    def say(self, state: State, detail: str) -> None:
        """Change state and detail."""
        self.state, self.detail = state, detail

    def status(self) -> SourceStatus:
        """State now."""
        return SourceStatus(
            name=self.name,
            kind=SourceKind.SCREEN,
            state=self.state,
            detail=self.detail,
            last_record_at=self.last_record_at,
            refused=self.refused,
        )
