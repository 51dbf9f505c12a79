"""One value that a person confirmed, as the reader of screens and the box's memory know it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One value that a person read from its crop.

    Attributes:
        id: of the decision.
        source, profile: which screens it speaks of.
        path: `SCREEN/dlp[2]`; `shown` is what the reader read, `text` what the person says.
        crop: PNG of the cell.
        by, at: who and when, an ISO 8601 time.
        is_from_registry: whether that was decided there, and a file brought it.
        forgotten_by: who took it out of force; "" while it counts.
    """

    id: str
    source: str
    profile: str
    path: str
    shown: str
    text: str
    crop: bytes
    by: str
    at: str
    is_from_registry: bool = False
    forgotten_by: str = ""
