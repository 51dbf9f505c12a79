"""Shows pictures on an X display: the few requests of the X11 protocol that this takes.

A console draws on its own X server; a test has Xvfb. No toolkit is needed for either.
"""

import os
import re
import socket
import struct
from types import TracebackType
from typing import Final, Self

from PIL import Image

_DISPLAY: Final = re.compile(r":(\d+)(\.0)?\Z")
_TRUE_COLOUR_DEPTHS: Final = (24, 32)
_REQUEST_BYTES: Final = 200_000
_WAIT_S: Final = 10.0

# Opcodes of the core protocol.
_CREATE_WINDOW: Final = 1
_MAP_WINDOW: Final = 8
_GET_INPUT_FOCUS: Final = 43
_CREATE_GC: Final = 55
_PUT_IMAGE: Final = 72
_OVERRIDE_REDIRECT: Final = 0x0200
_Z_PIXMAP: Final = 2


class DisplayError(Exception):
    """The display cannot be drawn on; the text says why."""


class XDisplay:
    """A window over the whole of a local display, from `open` to `close`."""

    def __init__(self, name: str = "") -> None:
        wanted = name or os.environ.get("DISPLAY", "")
        match = _DISPLAY.match(wanted)
        if match is None:
            raise DisplayError(f"{wanted!r} is no local display, as :99")
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.settimeout(_WAIT_S)
        try:
            self._connection.connect(f"/tmp/.X11-unix/X{match[1]}")  # noqa: S108 - X puts it there
            self._set_up()
        except OSError as error:
            self._connection.close()
            raise DisplayError(f"the display {wanted} does not answer: {error}") from None
        except DisplayError:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the window with its connection."""
        self._connection.close()

    def show(self, picture: Image.Image) -> None:
        """Draw a picture at the upper left corner, and return once the server has drawn it."""
        shown = picture.crop((0, 0, min(picture.width, self.size[0]), picture.height))
        pixels = shown.convert("RGBA").tobytes("raw", "BGRA")
        line = shown.width * 4
        at_once = max(1, _REQUEST_BYTES // line)
        for top in range(0, min(shown.height, self.size[1]), at_once):
            rows = min(at_once, shown.height - top)
            place = (self._window, self._gc, shown.width, rows, 0, top, 0, self._depth)
            head = struct.pack("<IIHHhhBBxx", *place)
            self._send(_PUT_IMAGE, _Z_PIXMAP, head + pixels[top * line : (top + rows) * line])
        self._wait()

    def _set_up(self) -> None:
        self._connection.sendall(struct.pack("<BxHHHHxx", ord("l"), 11, 0, 0, 0))
        accepted, reason_length, _, _, words = struct.unpack("<BBHHH", self._take(8))
        rest = self._take(words * 4)
        if accepted != 1:
            reason = rest[:reason_length].decode("ascii", "replace").strip()
            raise DisplayError(f"the display refuses the connection: {reason}")
        base, _, _, vendor, _, _, formats = struct.unpack("<4xIIIHHBB", rest[:22])
        at = 32 + (vendor + 3) // 4 * 4 + formats * 8
        root, _, _, _, _, wide, high = struct.unpack("<IIIIIHH", rest[at : at + 24])
        self._depth = rest[at + 38]
        if self._depth not in _TRUE_COLOUR_DEPTHS:
            raise DisplayError(f"the display has {self._depth} bits a pixel, 24 are needed")
        self.size = (wide, high)
        self._window, self._gc = base, base + 1
        window = struct.pack("<IIhhHHHHI", self._window, root, 0, 0, wide, high, 0, 0, 0)
        values = struct.pack("<II", _OVERRIDE_REDIRECT, 1)
        self._send(_CREATE_WINDOW, 0, window + values)
        self._send(_MAP_WINDOW, 0, struct.pack("<I", self._window))
        self._send(_CREATE_GC, 0, struct.pack("<III", self._gc, self._window, 0))
        self._wait()

    def _send(self, opcode: int, detail: int, body: bytes) -> None:
        words = 1 + len(body) // 4
        self._connection.sendall(struct.pack("<BBH", opcode, detail, words) + body)

    def _wait(self) -> None:
        """Ask for something and take what comes, until that is answered."""
        self._send(_GET_INPUT_FOCUS, 0, b"")
        while True:
            said = self._take(32)
            if said[0] == 0:
                raise DisplayError(f"the display refuses a request: error {said[1]}")
            if said[0] == 1:
                return

    def _take(self, count: int) -> bytes:
        taken = b""
        while len(taken) < count:
            piece = self._connection.recv(count - len(taken))
            if not piece:
                raise DisplayError("the display closed the connection")
            taken += piece
        return taken
