"""How many wrong PINs were typed for each person, kept so that a restart forgives none.

The file counts and knows no time: the clock of a box may be wrong, and its power is easily cut.
"""

import json
import logging
from hashlib import sha256
from pathlib import Path
from typing import Final

from dosebook_protocol.durable import write_durably
from dosebook_protocol.logs import log

TRIES: Final = "kiosk-tries.json"

_logger = logging.getLogger(__name__)


class WrongTries:
    """Counts by a key; in memory alone where there is no file, or the file cannot be used."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._counts = {} if path is None else _read(path)

    def __getitem__(self, key: str) -> int:
        return self._counts.get(key, 0)

    def add(self, key: str) -> int:
        """Count one more; on disk when this returns the count."""
        self._counts[key] = self[key] + 1
        self._write()
        return self._counts[key]

    def forget(self, key: str) -> None:
        """Begin anew, as after a right PIN."""
        if self._counts.pop(key, 0):
            self._write()

    def _write(self) -> None:
        if self._path is None:
            return
        try:
            write_durably(self._path, json.dumps(self._counts).encode(), 0o600)
        except OSError as error:
            log(_logger, logging.ERROR, "kiosk_tries_not_kept", reason=str(error.strerror))


def key_of(name: str, kept: str) -> str:
    """The key of a person with the PIN of this hash: no name in the file, a new PIN begins anew."""
    return sha256(f"{name}\0{kept}".encode()).hexdigest()


def _read(path: Path) -> dict[str, int]:
    try:
        found = json.loads(path.read_bytes())
        return {str(key): int(count) for key, count in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        log(_logger, logging.ERROR, "kiosk_tries_lost", reason=type(error).__name__)
        return {}
