"""What an import tells of each object."""

from dataclasses import dataclass
from typing import Final

from dosebook_protocol.record import ReceiptStatus

SKIPPED: Final = "skipped"
"""Nothing that a registry keeps, such as a letter beside the images of a CD."""
REFUSED: Final = "refused"
"""It could not be read: damaged, encrypted, too large, an export that is not whole."""
UNFINISHED: Final = frozenset({REFUSED, ReceiptStatus.QUARANTINED.value})
"""Somebody has to look: a dose may be in it that the registry does not count."""


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one object of one file."""

    name: str
    outcome: str  # stored | duplicate | no_dose | quarantined | refused | skipped
    reason: str = ""
    record_id: str = ""
