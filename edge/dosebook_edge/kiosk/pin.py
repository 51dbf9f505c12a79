"""PINs of the persons of a room: kept as scrypt hashes, and tried only so often."""

import base64
import hashlib
import hmac
import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_COST: Final = 2**14  # with r = 8: 16 MiB and about 0.1 s on a Pi-class core
_BLOCK: Final = 8
_MEMORY: Final = 64 * 1024 * 1024
_HASH: Final = re.compile(r"scrypt\$(?P<salt>[A-Za-z0-9+/=]{24})\$(?P<key>[A-Za-z0-9+/=]{44})\Z")
_PIN: Final = re.compile(r"\d{4,12}\Z", re.ASCII)
_FREE_TRIES: Final = 3
_FIRST_WAIT_S: Final = 15.0
_LONGEST_WAIT_S: Final = 15 * 60.0


class PinError(ValueError):
    """A text that can be no PIN; the text says what can."""


def hash_of(pin: str) -> str:
    """What the configuration keeps of a PIN; raises `PinError`."""
    if _PIN.match(pin) is None:
        raise PinError("a PIN has 4 to 12 digits")
    salt = os.urandom(16)
    return "$".join(("scrypt", _text(salt), _text(_key(pin, salt))))


def is_hash(text: str) -> bool:
    """Whether `hash_of` may have written this."""
    return _HASH.match(text) is not None


def is_right(pin: str, kept: str) -> bool:
    """Whether a PIN is the one of a hash."""
    found = _HASH.match(kept)
    if found is None or _PIN.match(pin) is None:
        return False
    key = _key(pin, base64.b64decode(found["salt"]))
    return hmac.compare_digest(key, base64.b64decode(found["key"]))


def _key(pin: str, salt: bytes) -> bytes:
    return hashlib.scrypt(pin.encode(), salt=salt, n=_COST, r=_BLOCK, p=1, maxmem=_MEMORY, dklen=32)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


@dataclass(slots=True)
class _Tries:
    wrong: int = 0
    again_at: float = 0.0


class Door:
    """Tries PINs one at a time: after three wrong ones of a person each costs a longer wait."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tries: dict[str, _Tries] = {}

    def wait_s(self, name: str) -> float:
        """How long nobody may try as this person; 0 when they may now."""
        tries = self._tries.get(name, _Tries())
        return max(0.0, tries.again_at - self._clock())

    def opens(self, name: str, pin: str, kept: str) -> bool:
        """Whether the PIN is right; one that comes too early is not even looked at."""
        with self._lock:
            if self.wait_s(name) > 0:
                return False
            if is_right(pin, kept):
                self._tries.pop(name, None)
                return True
            tries = self._tries.setdefault(name, _Tries())
            tries.wrong += 1
            if tries.wrong >= _FREE_TRIES:
                wait = _FIRST_WAIT_S * 2 ** (tries.wrong - _FREE_TRIES)
                tries.again_at = self._clock() + min(wait, _LONGEST_WAIT_S)
            return False
