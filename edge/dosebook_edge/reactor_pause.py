"""A sure hand-over between pynetdicom's reactor and a thread that wants to send.

A thread that sends on an association asks the reactor to pause, so that it does not take the answer
for itself. pynetdicom reads a flag for that, which is still up for a moment after the reactor has
gone on, and which a request that it serves in a third thread raises and lowers too. Whoever asks in
such a moment loses the answer ("received unexpected … service message"), is handed the peer's next
request instead, or waits for ever. Here "paused" is said when it is true, and as long as it is.
"""

import threading
from typing import Any, Final

from pynetdicom import evt

_SLICE_S: Final = 0.01
"""How late a sender may notice that the association has ended, or the flag is put right."""


class _Checkpoint:
    """An event of which `clear` comes back once the reactor stands still at it."""

    def __init__(self, association: Any) -> None:
        self._association = association
        self._turn = threading.Condition()
        self._is_open = True
        self._is_someone_waiting = False

    def is_set(self) -> bool:
        return self._is_open

    def set(self) -> None:
        with self._turn:
            self._is_open = True
            self._turn.notify_all()

    def clear(self) -> None:
        with self._turn:
            self._is_open = False
            if threading.current_thread() is self._association:
                return
            while not (self._is_someone_waiting or self._association._kill):
                self._turn.wait(_SLICE_S)

    def wait(self) -> None:
        with self._turn:
            self._is_someone_waiting = True
            self._turn.notify_all()
            while not self._is_open:
                self._association._is_paused = True
                self._turn.wait(_SLICE_S)
            self._is_someone_waiting = False


def pause_surely(event: evt.Event) -> None:
    """Handler of EVT_CONN_OPEN, on either side: before the reactor of the association starts."""
    association: Any = event.assoc
    association._reactor_checkpoint = _Checkpoint(association)
