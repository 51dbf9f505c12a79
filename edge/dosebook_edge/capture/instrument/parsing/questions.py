"""The bytes of each question, as they go out on one connection."""

from dosebook_edge.capture.instrument.parsing import modbus
from dosebook_edge.capture.instrument.parsing.codec import questions_of
from dosebook_edge.capture.instrument.profile.model import ModbusProfile, Profile


class Questions:
    """Gives a question's bytes; each of a Modbus TCP connection gets a number of its own."""

    def __init__(self, profile: Profile) -> None:
        self._bytes = questions_of(profile)
        self._modbus = (
            {one.name: one for one in profile.question}
            if isinstance(profile, ModbusProfile) and profile.framing.mode == "tcp"
            else {}
        )
        self._transaction = 0

    def put(self, name: str) -> bytes:
        """The bytes to send now."""
        if name not in self._modbus:
            return self._bytes[name]
        self._transaction = (self._transaction + 1) % 0x10000
        return modbus.encode(self._modbus[name], "tcp", self._transaction)
