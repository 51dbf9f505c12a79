"""Where an instrument is, read from the text of an address."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from dosebook_edge.capture.instrument.links.link import LinkError

_USB: Final = re.compile(r"usb:([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})(?::(.+))?")
_NET: Final = re.compile(
    r"(tcp|socket|rfc2217|listen)://(\[[0-9A-Fa-f:.]+\]|[^/\s:\[\]]+)(?::([0-9]{1,5}))?"
)
_NUMBERED: Final = re.compile(r"/dev/tty(?:USB|ACM)[0-9]+")


@dataclass(frozen=True, slots=True)
class Usb:
    """A USB adapter, by the ids of its kind and, where two are the same, its serial number."""

    vendor: int
    product: int
    serial: str | None


@dataclass(frozen=True, slots=True)
class Port:
    """A serial port or pseudo-terminal by its path."""

    path: str


@dataclass(frozen=True, slots=True)
class Network:
    """A host and port; `port` is None where the profile has to say it."""

    kind: Literal["tcp", "rfc2217", "listen"]
    host: str
    port: int | None


Address = Usb | Port | Network


def parse_address(text: str) -> Address:
    """The address that a text is; raises `LinkError` with the forms that there are."""
    if match := _USB.fullmatch(text):
        return Usb(int(match[1], 16), int(match[2], 16), match[3])
    if match := _NET.fullmatch(text):
        port = None if match[3] is None else int(match[3])
        if port is not None and not 1 <= port <= 65535:
            raise LinkError(f"{text}: a port is a number from 1 to 65535")
        kind: Literal["tcp", "rfc2217", "listen"] = (
            "rfc2217" if match[1] == "rfc2217" else "listen" if match[1] == "listen" else "tcp"
        )
        return Network(kind, match[2].strip("[]"), port)
    if text.startswith(("/", "./")) and "\0" not in text:
        return Port(text)
    raise LinkError(
        f"{text!r} is no address of an instrument: usb:VENDOR:PRODUCT[:SERIAL] with four "
        "hexadecimal digits each, /dev/serial/by-id/NAME, tcp://HOST:PORT, rfc2217://HOST:PORT "
        "or listen://ADDRESS:PORT. See what is plugged in with: dosebook-box instrument probe"
    )


def doubt(address: Address) -> str:
    """Why an address may lead to another instrument tomorrow; empty where it does not."""
    if isinstance(address, Port) and _NUMBERED.fullmatch(address.path):
        return (
            f"{address.path} is whatever was plugged in in that order: after the next start it "
            "may be another instrument. Use its usb: or by-id address, which "
            "dosebook-box instrument probe shows"
        )
    return ""
