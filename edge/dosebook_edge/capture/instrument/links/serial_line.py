"""Serial ports and pseudo-terminals, by pyserial; nobody else may have them open."""

import contextlib
import termios
from collections.abc import Iterator, Sequence
from typing import Any, Final

import serial
from serial.tools import list_ports

from dosebook_edge.capture.instrument.links.address import Port, Usb
from dosebook_edge.capture.instrument.links.link import LinkError
from dosebook_edge.capture.instrument.links.ready import is_readable
from dosebook_edge.capture.instrument.profile.model import Serial

WRITE_S: Final = 3.0
_BITS_OF_A_GAP: Final = 25  # two characters and a little
_LEAST_GAP_S: Final = 0.001
_MOST_GAP_S: Final = 0.02
_MOST_BYTES: Final = 512
# pyserial's own error is an OSError; so are those of the control lines, which a pty does not have.
FAULTS: Final = (OSError, termios.error, ValueError)


class PortLink:
    """What every line by pyserial has; how to read differs.

    Args:
        port: the open port.
        broken: what happened, and what to do, when it breaks off.
    """

    def __init__(self, port: serial.SerialBase, broken: str) -> None:
        self._port = port
        self._broken = broken

    def write(self, data: bytes) -> None:
        """Send all of it; raises `LinkError`."""
        with self._told():
            self._port.write(data)

    def close(self) -> None:
        """Give the line back."""
        with contextlib.suppress(*FAULTS):
            self._port.close()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Give every fault of the library as a `LinkError`."""
        try:
            yield
        except FAULTS as error:
            raise LinkError(f"{self._broken} ({error})") from None


class SerialLink(PortLink):
    """One open serial port.

    Args:
        path: name of the port.
        settings: line rate and the like.
    """

    def __init__(self, path: str, settings: Serial) -> None:
        try:
            port = serial.Serial(
                path, timeout=0, write_timeout=WRITE_S, exclusive=True, **line_settings(settings)
            )
        except FAULTS as error:
            raise LinkError(_not_opened(path, error)) from None
        super().__init__(port, f"{path} broke off: is its cable still plugged in?")
        self._serial = port
        self._gap_s = min(_BITS_OF_A_GAP / settings.baudrate + _LEAST_GAP_S, _MOST_GAP_S)

    def read(self, timeout_s: float) -> bytes:
        """What came within some seconds, up to the next gap; raises `LinkError`.

        A port gives each byte alone as it comes; what follows without a gap belongs together.
        """
        with self._told():
            data = self._waiting(timeout_s)
        with contextlib.suppress(*FAULTS):  # told by the next read; what came before counts
            while data and len(data) < _MOST_BYTES and (more := self._waiting(self._gap_s)):
                data += more
        return data

    def close(self) -> None:
        """Give the port back, without waiting for what the instrument does not take."""
        with contextlib.suppress(*FAULTS):
            self._serial.reset_output_buffer()
        super().close()

    def _waiting(self, timeout_s: float) -> bytes:
        if not is_readable(self._serial.fileno(), timeout_s):
            return b""
        return bytes(self._serial.read(self._serial.in_waiting or 1))


def line_settings(settings: Serial) -> dict[str, Any]:
    """The settings of a line as pyserial names them."""
    return {
        "baudrate": settings.baudrate,
        "bytesize": settings.bytesize,
        "parity": settings.parity,
        "stopbits": settings.stopbits,
        "rtscts": settings.rtscts,
    }


def find_port(address: Usb | Port) -> str:
    """The path of a port now; raises `LinkError` where none, or more than one, is meant."""
    if isinstance(address, Port):
        return address.path
    wanted = f"{address.vendor:04x}:{address.product:04x}"
    ports = [one for one in _ports() if (one.vid, one.pid) == (address.vendor, address.product)]
    if address.serial is not None:
        wanted += f":{address.serial}"
        ports = [one for one in ports if one.serial_number == address.serial]
    if not ports:
        there = ", ".join(sorted(usb_name(one) for one in _ports() if one.vid is not None))
        raise LinkError(f"no USB adapter {wanted} is plugged in; there is {there or 'none at all'}")
    if len(ports) > 1:
        raise LinkError(
            f"{len(ports)} USB adapters are {wanted}: add the serial number, one of "
            + ", ".join(sorted(usb_name(one) for one in ports))
            + ", or use the name in /dev/serial/by-path"
        )
    return str(ports[0].device)


def usb_name(port: Any) -> str:
    """The `usb:` address of a port that pyserial lists."""
    serial_number = f":{port.serial_number}" if port.serial_number else ""
    return f"usb:{port.vid:04x}:{port.pid:04x}{serial_number}"


def _ports() -> Sequence[Any]:
    return list_ports.comports()


def _not_opened(path: str, error: Exception) -> str:
    said = str(error)
    if "exclusively lock" in said:
        return f"{path} is in use: another source or program has it open. Close that first"
    if isinstance(error, OSError) and error.errno == 13:
        return f"{path} may not be opened: add the user of the box to the group that owns it"
    if isinstance(error, OSError) and error.errno == 2:
        return f"{path} is not there. See what there is with: dosebook-box instrument probe"
    return f"{path} cannot be opened as a serial line: {said}"
