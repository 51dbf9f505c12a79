"""Which ports there are, and which known instrument answers on one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from serial.tools import list_ports

from dosebook_edge.capture.instrument.links.link import Link, LinkError
from dosebook_edge.capture.instrument.links.serial_line import usb_name
from dosebook_edge.capture.instrument.parsing.parser import Parser
from dosebook_edge.capture.instrument.parsing.questions import Questions
from dosebook_edge.capture.instrument.profile.model import Polling, Profile
from dosebook_edge.capture.instrument.reading import Answer

_BY_ID: Final = Path("/dev/serial/by-id")
_LISTEN_S: Final = 5.0
_MOST_PIECES: Final = 200


@dataclass(frozen=True, slots=True)
class FoundPort:
    """A serial port of this machine; `address` lasts, `device` may be another tomorrow."""

    address: str
    device: str
    description: str


@dataclass(frozen=True, slots=True)
class Tried:
    """What an unknown instrument said to one profile's way of asking."""

    profile: str
    sent: bytes
    received: bytes
    is_match: bool
    facts: dict[str, str]
    trouble: str = ""


def found_ports() -> list[FoundPort]:
    """The serial ports of this machine, USB adapters first."""
    names = _lasting_names()
    ports = [
        FoundPort(_address(one, names), one.device, one.description or "")
        for one in list_ports.comports()
    ]
    return sorted(ports, key=lambda one: (not one.address.startswith("usb:"), one.address))


def is_safe(profile: Profile) -> bool:
    """Whether an unknown instrument may be tried with a profile: listening, or identification."""
    timing = profile.timing
    return not isinstance(timing, Polling) or timing.identify is not None


def tried(profile: Profile, open_link: Callable[[], Link]) -> Tried:
    """Put the identifying question of a profile, or listen, on a line of its settings."""
    try:
        link = open_link()
    except LinkError as error:
        return Tried(profile.id, b"", b"", is_match=False, facts={}, trouble=str(error))
    try:
        return _conversed(profile, link)
    except LinkError as error:
        return Tried(profile.id, b"", b"", is_match=False, facts={}, trouble=str(error))
    finally:
        link.close()


def _conversed(profile: Profile, link: Link) -> Tried:
    parser = Parser(profile)
    timing = profile.timing
    sent = b""
    wait_s = _LISTEN_S
    if isinstance(timing, Polling) and timing.identify is not None:
        list(_received(link, timing.settle_s))
        sent = Questions(profile).put(timing.identify)
        link.write(sent)
        parser.sent(sent)
        wait_s = timing.answer_within_s
    received = b""
    for data in _received(link, wait_s):
        received += data
        for one in parser.feed(data):
            if isinstance(one, Answer):
                return Tried(profile.id, sent, received, is_match=True, facts=dict(one.facts))
    return Tried(profile.id, sent, received, is_match=False, facts={})


def _received(link: Link, wait_s: float) -> Iterator[bytes]:
    """What comes until nothing has for some seconds; of endless noise only the beginning."""
    for _ in range(_MOST_PIECES):
        data = link.read(wait_s)
        if not data:
            return
        yield data


def _lasting_names() -> dict[str, str]:
    if not _BY_ID.is_dir():
        return {}
    return {str(one.resolve()): str(one) for one in sorted(_BY_ID.iterdir())}


def _address(port: Any, names: dict[str, str]) -> str:
    if port.vid is not None:
        return usb_name(port)
    return names.get(str(port.device), str(port.device))
