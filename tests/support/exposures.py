"""A simulated line for exposures: bytes in, heard through the real parser, in simulated time."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from dosebook_edge.capture.instrument.exposures.following import Exposures
from dosebook_edge.capture.instrument.exposures.rules import rules_of
from dosebook_edge.capture.instrument.parsing.parser import Parser
from dosebook_edge.capture.instrument.wire.heard import Heard
from tests.support.instruments import PROFILES

BEGAN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class Line:
    """One instrument and the box that follows it; each call moves the time on."""

    def __init__(self, profile="dap-line", *, factor="1", serial="", recall=None, **site):
        self.profile = PROFILES[profile] if isinstance(profile, str) else profile
        self.rules = rules_of(self.profile, factor=Decimal(factor), **site)
        self.serial = serial
        self.memories = {}
        self.recall = recall or self.memories.get
        self.now = 0.0
        self.ended = []
        self.start()

    def start(self):
        """A box that knows only what was made durable."""
        self.parser = Parser(self.profile, factor=self.rules.factor)
        self.exposures = Exposures(self.profile, self.rules, recall=self.recall, serial=self.serial)
        for memory in list(self.memories.values()):
            if memory.open is not None:
                self._note([self.exposures.interrupted(memory)])
        self.hear("opened", b"", self.parser.opened())

    def hear(self, event, data=b"", outcomes=(), detail=""):
        """One thing that is heard."""
        at = BEGAN + timedelta(seconds=self.now)
        one = Heard(at, self.now, event, data, tuple(outcomes), detail)
        self._note(self.exposures.take(one))
        memory = self.exposures.memory()
        if memory is not None and memory.open is None:
            self.save()  # as a box does at once; an exposure that goes on is saved now and then

    def asks(self, data):
        """The box asks."""
        self.hear("sent", data, self.parser.sent(data))

    def says(self, data, *, after=1.0):
        """The instrument sends."""
        self.now += after
        self.hear("received", data, self.parser.feed(data))

    def shows(self, *numbers, after=1.0):
        """A `dap-line` meter shows numbers in cGy·cm², one telegram each."""
        for one in numbers:
            self.says(f"DAP {one} cGycm2\r\n".encode(), after=after)

    def breaks(self):
        """The connection is lost and made again."""
        self.hear("lost", detail="unplugged")
        self.hear("opened", b"", self.parser.opened())

    def passes(self, seconds):
        """Time without a word."""
        self.now += seconds
        self._note(self.exposures.tick(self.now))

    def save(self):
        """Make durable what is known now."""
        memory = self.exposures.memory()
        if memory is not None:
            self.memories[memory.serial] = memory

    def _note(self, ended):
        for one in ended:
            self.ended.append(one)
            self.memories[one.serial] = one.memory

    @property
    def raws(self):
        """Values of the exposures, in the storage unit."""
        return [one.raw for one in self.ended]
