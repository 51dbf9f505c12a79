"""One picture of a watched screen for whoever asks: a device may be open only once."""

import threading
from collections.abc import Callable

from dosebook_edge.capture.screen.picture import Picture


class Lookout:
    """The watching thread offers what it sees; nothing is kept unless somebody waits for it."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._waiting = 0
        self._picture: Picture | None = None

    def offer(self, make: Callable[[], Picture]) -> None:
        """Hand over what is seen now, where it is asked for."""
        with self._news:
            if self._waiting:
                self._picture = make()
                self._news.notify_all()

    def ask(self, timeout_s: float) -> Picture | None:
        """The next picture, None where none came in time."""
        with self._news:
            self._waiting += 1
            self._picture = None
            try:
                self._news.wait_for(lambda: self._picture is not None, timeout_s)
                return self._picture
            finally:
                self._waiting -= 1
                if not self._waiting:
                    self._picture = None
