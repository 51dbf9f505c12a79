"""What a monitor says of itself, as a console reads it from the cable: its EDID."""

from dataclasses import dataclass
from typing import Final

_HEAD: Final = bytes((0, 255, 255, 255, 255, 255, 255, 0))
BLOCK: Final = 128
_DESCRIPTORS: Final = (54, 72, 90, 108)
_DESCRIPTOR_BYTES: Final = 18
_NAME: Final = bytes((0, 0, 0, 0xFC, 0))
_MAKER: Final = 8


@dataclass(frozen=True, slots=True)
class Edid:
    """Name of a monitor and the size that it asks for, in pixels; 0 where it asks for none."""

    name: str
    width: int
    height: int


def edid_of(data: bytes) -> Edid | None:
    """Read the first block of an EDID; None where it is none, or damaged.

    VESA Enhanced EDID 1.4, section 3: the first descriptor is the preferred timing (3.10.2),
    that of tag FCh the name (3.10.3.4). A monitor without a name has the letters of its maker.
    """
    block = data[:BLOCK]
    if len(block) < BLOCK or not block.startswith(_HEAD) or sum(block) % 256:
        return None
    parts = [block[at : at + _DESCRIPTOR_BYTES] for at in _DESCRIPTORS]
    names = [part[len(_NAME) :] for part in parts if part.startswith(_NAME)]
    name = names[0].split(b"\n")[0].decode("ascii", "replace").strip() if names else ""
    first = parts[0]
    if not first[0] and not first[1]:  # no pixel clock: it is no timing
        return Edid(_shown(name) or _maker(block), 0, 0)
    width = first[2] | (first[4] & 0xF0) << 4
    height = first[5] | (first[7] & 0xF0) << 4
    return Edid(_shown(name) or _maker(block), width, height * (2 if first[17] & 0x80 else 1))


def _maker(block: bytes) -> str:
    """Three letters of five bits."""
    packed = int.from_bytes(block[_MAKER : _MAKER + 2], "big")
    letters = (packed >> shift & 0x1F for shift in (10, 5, 0))
    return "".join(chr(ord("A") - 1 + one) for one in letters if 1 <= one <= 26)


def _shown(name: str) -> str:
    return "".join(one for one in name if one.isprintable())
