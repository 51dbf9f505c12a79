"""Who stands at the screen: one person at a time, until they leave or nobody touches it."""

import hmac
import secrets
import threading
import time
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field

from dosebook_edge.kiosk.pin import Door
from dosebook_edge.kiosk.tries import WrongTries


@dataclass(slots=True)
class Session:
    """One person at the screen; `done` is what they decided here, the latest last."""

    id: str
    token: str
    name: str
    touched_at: float
    may_draw: bool = False
    done: list[tuple[str, str]] = field(default_factory=list)
    told: str = ""

    def tell(self) -> str:
        """What is said once, on the next page."""
        told, self.told = self.told, ""
        return told


class Desk:
    """Signs persons in and out. Whoever signs in ends the session that was there."""

    def __init__(
        self,
        pins: Mapping[str, str],
        idle_s: float,
        clock: Callable[[], float] = time.monotonic,
        may_draw: Container[str] = (),
        tries: WrongTries | None = None,
    ) -> None:
        """`pins` are the hashes of PINs by name; `may_draw` are those who may draw profiles.

        `tries` counts the wrong ones.
        """
        self.names = tuple(pins)
        self.idle_s = idle_s
        self._may_draw = may_draw
        self._clock = clock
        self._door = Door(pins, clock, tries)
        self._lock = threading.Lock()
        self._session: Session | None = None

    def sign_in(self, name: str, pin: str) -> Session | None:
        """A session where name and PIN are right; it takes about 0.1 s, right or wrong."""
        if not self._door.opens(name, pin):
            return None
        made = Session(
            id=secrets.token_urlsafe(24),
            token=secrets.token_urlsafe(24),
            name=name,
            touched_at=self._clock(),
            may_draw=name in self._may_draw,
        )
        with self._lock:
            self._session = made
        return made

    def wait_s(self, name: str) -> float:
        """How long nobody may try as this person."""
        return self._door.wait_s(name)

    def current(self, session_id: str) -> Session | None:
        """The session of that id, touched now; None where it ended or never was."""
        with self._lock:
            one, now = self._session, self._clock()
            if one is None or not hmac.compare_digest(one.id.encode(), session_id.encode()):
                return None
            if now - one.touched_at > self.idle_s:
                self._session = None
                return None
            one.touched_at = now
            return one

    def sign_out(self) -> None:
        """End the session."""
        with self._lock:
            self._session = None


def holds(session: Session, token: str) -> bool:
    """Whether a form was made for this session."""
    return hmac.compare_digest(session.token.encode(), token.encode())
