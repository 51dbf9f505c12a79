"""What an import tells of each object."""

from dataclasses import dataclass
from typing import Final

SKIPPED: Final = "skipped"


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one object of one file."""

    name: str
    outcome: str  # stored | duplicate | no_dose | quarantined | skipped
    reason: str = ""
    record_id: str = ""
