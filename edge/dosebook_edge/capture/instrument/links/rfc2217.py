"""Serial lines behind a terminal server that sets them as it is told (RFC 2217), by pyserial."""

import time
from typing import Final

from serial import rfc2217

from dosebook_edge.capture.instrument.links.link import LinkError
from dosebook_edge.capture.instrument.links.serial_line import FAULTS, PortLink, line_settings
from dosebook_edge.capture.instrument.profile.model import Serial

_SLICE_S: Final = 0.1  # changing pyserial's time-out would negotiate the whole line anew


class Rfc2217Link(PortLink):
    """One connection to a terminal server, its line set as the profile says.

    Args:
        host: name or address of the terminal server.
        port: port of this line there.
        settings: line rate and the like.
    """

    def __init__(self, host: str, port: int, settings: Serial) -> None:
        name = f"{host}:{port}"
        line = rfc2217.Serial(None, timeout=_SLICE_S, **line_settings(settings))
        line.port = f"rfc2217://{name}"
        try:
            line.open()
        except FAULTS as error:
            raise LinkError(
                f"the terminal server {name} gives no line ({error}): check its address, "
                "that it speaks RFC 2217, and that nobody else uses the line"
            ) from None
        super().__init__(
            line, f"the connection to the terminal server {name} broke: is it still on?"
        )
        self._line = line

    def read(self, timeout_s: float) -> bytes:
        """What came within some seconds; raises `LinkError`."""
        end = time.monotonic() + timeout_s
        with self._told():
            while not self._line.in_waiting:
                if time.monotonic() >= end:
                    return b""
                if data := self._line.read(1):
                    return bytes(data + self._line.read(self._line.in_waiting))
            return bytes(self._line.read(self._line.in_waiting))
