"""The line to an instrument: bytes out and in, whatever carries them.

An address says where the instrument is:

    usb:VVVV:PPPP[:SERIAL]     a USB adapter by its ids, wherever it is plugged in
    /dev/serial/by-id/NAME     a serial port by the name that udev gives it; any other path
    tcp://HOST:PORT            a TCP port, also of a terminal server; socket:// is the same
    rfc2217://HOST:PORT        a terminal server that sets the line as the profile says
    listen://ADDRESS:PORT      the instrument connects to the box
"""

from typing import Protocol


class LinkError(Exception):
    """The line cannot be opened, or broke; the text says what happened and what to do."""


class NobodyYetError(LinkError):
    """The instrument that connects by itself has not done so yet; ask again soon."""


class Link(Protocol):
    """One open connection to one instrument; used by one thread."""

    def read(self, timeout_s: float) -> bytes:
        """What came, as soon as anything came; empty after `timeout_s` s without a byte.

        Raises:
            LinkError: the line broke. That the other end is silent or gone may not show.
        """
        ...

    def write(self, data: bytes) -> None:
        """Send all of it, within a few seconds; raises `LinkError`."""
        ...

    def close(self) -> None:
        """Give the line back; never raises."""
        ...


class Opener(Protocol):
    """Opens the line to one instrument, again and again; a listening port stays open between."""

    def __call__(self) -> Link:
        """A new connection; takes a few seconds at most. Raises `LinkError`."""
        ...

    def close(self) -> None:
        """Listen no longer; never raises."""
        ...
