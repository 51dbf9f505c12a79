"""The states of the uplink, what leads from one to the next, and how long it waits; pure."""

import random
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where the uplink stands; health and `dosebook-box status` show these words."""

    STOPPED = "stopped"
    IDLE = "idle"
    """Nothing to connect with: the box is not enrolled."""
    RESOLVING = "resolving"
    CONNECTING = "connecting"
    """TCP and TLS."""
    HANDSHAKING = "handshaking"
    """MQTT CONNECT is sent."""
    SUBSCRIBING = "subscribing"
    READY = "ready"
    BACKOFF = "backoff"
    """The network or the broker failed; tried again soon."""
    REFUSED = "refused"
    """The broker or the box does not accept the other; tried again seldom, a person must look."""


class Event(StrEnum):
    """What happens to an uplink."""

    START = "start"
    ENROLLED = "enrolled"
    RESOLVED = "resolved"
    OPENED = "opened"
    ACCEPTED = "accepted"
    SUBSCRIBED = "subscribed"
    OTHER_VERSION = "other version"
    FAILED = "failed"
    DENIED = "denied"
    RETRY = "retry"
    STOP = "stop"


class TransitionError(RuntimeError):
    """An event that cannot happen in that state: a mistake in the uplink itself."""


_ON_THE_WAY: Final = (
    State.RESOLVING,
    State.CONNECTING,
    State.HANDSHAKING,
    State.SUBSCRIBING,
    State.READY,
)
_NEXT: Final[dict[tuple[State, Event], State]] = {
    (State.STOPPED, Event.START): State.IDLE,
    (State.IDLE, Event.ENROLLED): State.RESOLVING,
    (State.RESOLVING, Event.RESOLVED): State.CONNECTING,
    (State.CONNECTING, Event.OPENED): State.HANDSHAKING,
    (State.HANDSHAKING, Event.ACCEPTED): State.SUBSCRIBING,
    (State.HANDSHAKING, Event.OTHER_VERSION): State.IDLE,
    (State.SUBSCRIBING, Event.SUBSCRIBED): State.READY,
    (State.BACKOFF, Event.RETRY): State.IDLE,
    (State.REFUSED, Event.RETRY): State.IDLE,
    **{(state, Event.FAILED): State.BACKOFF for state in _ON_THE_WAY},
    **{(state, Event.DENIED): State.REFUSED for state in _ON_THE_WAY},
    **{(state, Event.STOP): State.STOPPED for state in State},
}


def next_state(state: State, event: Event) -> State:
    """Where an event leads; raises `TransitionError` where it cannot happen."""
    try:
        return _NEXT[state, event]
    except KeyError:
        raise TransitionError(f"uplink: {event} cannot happen while {state}") from None


@dataclass(slots=True)
class Backoff:
    """Waits that double up to a limit, each drawn from the upper half, so that boxes spread."""

    first_s: float
    limit_s: float
    chance: random.Random = field(default_factory=random.Random)
    _failures: int = 0

    def next_wait(self) -> float:
        """Seconds to wait after one more failure."""
        # 2**30 is beyond any limit; without it the power grows for ever on a box off the network.
        whole = min(self.limit_s, self.first_s * float(1 << min(self._failures, 30)))
        self._failures += 1
        return whole * (0.5 + self.chance.random() / 2)

    def reset(self) -> None:
        """Begin with the shortest wait again."""
        self._failures = 0
