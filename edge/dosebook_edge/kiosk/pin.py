"""PINs of the persons of a room: kept as scrypt hashes, and tried only so often."""

import base64
import hashlib
import hmac
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from dosebook_edge.kiosk.tries import WrongTries, key_of

_COST: Final = 2**14  # with r = 8: 16 MiB and about 0.1 s on a Pi-class core
_BLOCK: Final = 8
_MEMORY: Final = 64 * 1024 * 1024
_HASH: Final = re.compile(r"scrypt\$(?P<salt>[A-Za-z0-9+/=]{24})\$(?P<key>[A-Za-z0-9+/=]{44})\Z")
_PIN: Final = re.compile(r"\d{4,12}\Z", re.ASCII)
_FREE_TRIES: Final = 3
_FIRST_WAIT_S: Final = 15.0
_LONGEST_WAIT_S: Final = 15 * 60.0
_MOST_DOUBLINGS: Final = 6


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


class Door:
    """Tries PINs one at a time: after three wrong ones of a person each costs a longer wait.

    Counts of wrong ones that were kept from before a restart cost their last wait once more.
    """

    def __init__(
        self,
        pins: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
        tries: WrongTries | None = None,
    ) -> None:
        """`pins` are the hashes of PINs by name."""
        self._pins = dict(pins)
        self._clock = clock
        self._tries = WrongTries() if tries is None else tries
        self._lock = threading.Lock()
        self._again_at: dict[str, float] = {}
        for name in self._pins:
            self._close(name, self._tries[self._key(name)])

    def wait_s(self, name: str) -> float:
        """How long nobody may try as this person; 0 when they may now."""
        return max(0.0, self._again_at.get(name, 0.0) - self._clock())

    def opens(self, name: str, pin: str) -> bool:
        """Whether the PIN is right; one that comes too early is not even looked at."""
        if name not in self._pins:
            return False
        with self._lock:
            if self.wait_s(name) > 0:
                return False
            if is_right(pin, self._pins[name]):
                self._tries.forget(self._key(name))
                return True
            self._close(name, self._tries.add(self._key(name)))
            return False

    def _close(self, name: str, wrong: int) -> None:
        if wrong >= _FREE_TRIES:
            wait = _FIRST_WAIT_S * 2 ** min(wrong - _FREE_TRIES, _MOST_DOUBLINGS)
            self._again_at[name] = self._clock() + min(wait, _LONGEST_WAIT_S)

    def _key(self, name: str) -> str:
        return key_of(name, self._pins[name])
