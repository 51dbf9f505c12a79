"""An instrument at the far end of a line, for boxes in tests: it answers and counts, at once."""

import threading
from collections import deque

from dosebook_edge.capture.instrument.links.link import LinkError
from tests.support.instruments import PROFILES


def quick(name, idle_s=0.5, **exposing):
    """A shipped profile that is polled often and whose exposures end soon."""
    profile = PROFILES[name]
    fast = {"settle_s": 0.0, "every_s": 0.05, "every_active_s": 0.05, "answer_within_s": 1.0}
    known = type(profile.timing).model_fields
    timing = profile.timing.model_copy(update={k: v for k, v in fast.items() if k in known})
    exposure = profile.exposure.model_copy(update={"idle_s": idle_s, **exposing})
    return profile.model_copy(update={"timing": timing, "exposure": exposure})


class Diamentor:
    """A DIAMENTOR in cGy·cm²: fulfils `Opener` and `Link`. `shown` is in hundredths."""

    def __init__(self, shown=1250, serial="345678"):
        self.shown = shown
        self.serial = serial
        self.is_plugged = True
        self.asked = 0  # measurements that were answered
        self._answers = deque()
        self._ready = threading.Condition()

    def __call__(self):
        if not self.is_plugged:
            raise LinkError("there is no such port: is the adapter plugged in?")
        self._answers.clear()
        return self

    def read(self, timeout_s):
        """What was answered."""
        with self._ready:
            self._ready.wait_for(lambda: self._answers or not self.is_plugged, timeout_s)
            if not self.is_plugged:
                raise LinkError("the adapter was unplugged")
            return self._answers.popleft() if self._answers else b""

    def write(self, data):
        """A question."""
        answer = {
            b"U\r\n": "U1",
            b"SER\r\n": f"SER{self.serial}",
            b"PTW\r\n": "CRS 1.2.4",
            b"CRC\r\n": "CRC0,0",
            b"M\r\n": f"M{self.shown / 100:07.2f},0000.00,001,05,0000.00,0000.00,000,00,00000",
        }[data]
        with self._ready:
            self.asked += data == b"M\r\n"
            self._answers.append(f"{answer}\r\n".encode())
            self._ready.notify_all()

    def close(self):
        """Nothing is held."""
