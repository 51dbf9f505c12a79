"""Serial lines behind a terminal server that sets them as it is told (RFC 2217), by pyserial."""

import contextlib
import time
from typing import Final

from serial import rfc2217

from dosebook_edge.capture.instrument.link import LinkError
from dosebook_edge.capture.instrument.links.serial_line import FAULTS, line_settings
from dosebook_edge.capture.instrument.profile import Serial

_SLICE_S: Final = 0.1  # changing pyserial's time-out would negotiate the whole line anew


class Rfc2217Link:
    """One connection to a terminal server, its line set as the profile says.

    Args:
        host: name or address of the terminal server.
        port: port of this line there.
        settings: line rate and the like.
    """

    def __init__(self, host: str, port: int, settings: Serial) -> None:
        self._name = f"{host}:{port}"
        self._port = rfc2217.Serial(None, timeout=_SLICE_S, **line_settings(settings))
        self._port.port = f"rfc2217://{self._name}"
        try:
            self._port.open()
        except FAULTS as error:
            raise LinkError(
                f"the terminal server {self._name} gives no line ({error}): check its address, "
                "that it speaks RFC 2217, and that nobody else uses the line"
            ) from None

    def read(self, timeout_s: float) -> bytes:
        """What came within some seconds; raises `LinkError`."""
        end = time.monotonic() + timeout_s
        try:
            if timeout_s <= 0:
                return bytes(self._port.read(self._port.in_waiting))
            while True:
                data = self._port.read(1)
                if data:
                    return bytes(data + self._port.read(self._port.in_waiting))
                if time.monotonic() >= end:
                    return b""
        except FAULTS as error:
            raise self._broken(error) from None

    def write(self, data: bytes) -> None:
        """Send all of it; raises `LinkError`."""
        try:
            self._port.write(data)
        except FAULTS as error:
            raise self._broken(error) from None

    def close(self) -> None:
        """End the connection."""
        with contextlib.suppress(*FAULTS):
            self._port.close()

    def _broken(self, error: Exception) -> LinkError:
        return LinkError(f"the connection to the terminal server {self._name} broke: {error}")
