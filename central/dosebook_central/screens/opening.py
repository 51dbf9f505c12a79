"""Open the evidence of screens, or say in a sentence why it does not open."""

from hashlib import sha256
from typing import Protocol

from dosebook_protocol.screen import MEDIA_TYPE, ScreenError, ScreenEvidence, unpack


class Bytes(Protocol):
    """The part of the evidence store that is read."""

    def get(self, sha256: str) -> bytes:
        """Return the bytes of a hash; raises KeyError or OSError when they are not there."""
        ...


class Screens:
    """Opens the containers of screens, each once for as long as a page is made."""

    def __init__(self, evidence: Bytes) -> None:
        self._evidence = evidence
        self._opened: dict[str, ScreenEvidence | str] = {}

    def open(self, sha256_of: str, media_type: str) -> ScreenEvidence | str:
        """The opened container, or in a sentence why it cannot be opened."""
        if sha256_of not in self._opened:
            self._opened[sha256_of] = self._open(sha256_of, media_type)
        return self._opened[sha256_of]

    def _open(self, sha256_of: str, media_type: str) -> ScreenEvidence | str:
        if media_type != MEDIA_TYPE:
            return "This record has no picture: it was not captured from a screen."
        try:
            data = self._evidence.get(sha256_of)
        except (KeyError, OSError):
            return "The picture is not in the evidence store: restore it from a backup."
        if sha256(data).hexdigest() != sha256_of:
            return "The evidence was changed in the store: its SHA-256 differs. Restore a backup."
        try:
            return unpack(data)
        except ScreenError as error:
            return f"The evidence cannot be opened: {error}. Compare with the box that sent it."
