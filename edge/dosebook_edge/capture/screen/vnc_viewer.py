"""A viewer of VNC that only looks: vncdotool decodes what a server says, here it is drawn.

vncdotool's protocol is fed by hand: its own clients run Twisted's reactor, and a box has threads.
Only raw pixels are asked for, so that each is as the server holds it (RFC 6143, 7.7.1).
"""

import struct
import warnings
import zlib
from collections.abc import Callable
from typing import Final, NoReturn

import numpy as np
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from twisted.logger import globalLogBeginner
from vncdotool.const import AuthTypes, Encoding
from vncdotool.rfb import PixelFormat, RFBClient, RFBFactory, reverse_bits

from dosebook_edge.capture.screen.grabbing import ScreenLostError
from dosebook_edge.capture.screen.picture import Grey
from dosebook_edge.capture.screen.pixels import Arrangement, ArrangementError, Channel, grey_of

# Twisted keeps what it logs until somebody listens: nobody does, and it would only grow.
globalLogBeginner.beginLoggingTo([], discardBuffer=True, redirectStandardIO=False)

_FORMAT: Final = PixelFormat(redshift=16, greenshift=8, blueshift=0)
_RED, _GREEN, _BLUE = Channel(16, 8), Channel(8, 8), Channel(0, 8)
_PIXEL_BYTES: Final = 4
# With the cursor told apart, no arrow lies over a digit; a new size is told at all.
_ENCODINGS: Final = (Encoding.RAW, Encoding.PSEUDO_CURSOR, Encoding.PSEUDO_DESKTOP_SIZE)
_MOST_PIXELS: Final = 16 * 1024 * 1024
_MORE_BYTES: Final = 1024 * 1024
_KEY_BYTES: Final = 8
_SAID_CHARACTERS: Final = 120
_NOT_RFB: Final = (ValueError, LookupError, ArithmeticError, struct.error, zlib.error)

with warnings.catch_warnings():
    # A later vncdotool draws through another hook; this one is pinned.
    warnings.simplefilter("ignore", FutureWarning)

    class Viewer(RFBClient):  # type: ignore[misc]  # vncdotool ships no types
        """Asks a server for its screen and draws what it sends.

        `grey` is the picture now, of shape (height, width), another array after each change; None
        before the first. `is_answered` tells that what was asked for last has come.
        """

        def __init__(self, send: Callable[[bytes], object], password: str | None) -> None:
            super().__init__()
            kinds = {AuthTypes.NONE, AuthTypes.VNC_AUTHENTICATION}
            self.SUPPORTED_AUTHS = kinds if password else {AuthTypes.NONE}
            # Shared: nobody who looks at this screen loses the connection for it.
            self.factory = RFBFactory(password, shared=True)
            self.grey: Grey | None = None
            self.is_answered = False
            self._canvas: Grey = np.zeros((0, 0), np.uint8)
            self._is_changed = self._is_corner_there = self._is_drawn = False
            self.makeConnection(_Transport(send))

        @property
        def most_bytes(self) -> int:
            """More than this is no answer: twice the screen, and room for words."""
            return 2 * _PIXEL_BYTES * self._canvas.size + _MORE_BYTES

        def feed(self, data: bytes) -> None:
            """Take what the server sent; raises `ScreenLostError`."""
            try:
                self.dataReceived(data)
            except _NOT_RFB as error:
                raise ScreenLostError(f"what it sends is not RFB: {error!r}") from None

        def ask(self) -> None:
            """Ask for what changed, and for the corner: a screen that rests answers as well."""
            self.is_answered = self._is_corner_there = False
            self._request()

        def _request(self) -> None:
            height, width = self._canvas.shape
            if self.grey is None:
                self.framebufferUpdateRequest(0, 0, width, height)
            else:
                self.framebufferUpdateRequest(0, 0, width, height, incremental=True)
                self.framebufferUpdateRequest(0, 0, 1, 1)

        def vncConnectionMade(self) -> None:
            """Ask for the whole screen, whose size is known now."""
            if not 0 < self.width * self.height <= _MOST_PIXELS:
                raise ScreenLostError(f"{self.width} x {self.height} is no size of a screen")
            self._canvas = np.zeros((self.height, self.width), np.uint8)
            self.setPixelFormat(_FORMAT)
            self.setEncodings(_ENCODINGS)
            self._request()

        def _handleRectangle(self, block: bytes) -> None:
            """Take what was asked for: vncdotool unpacks all that it knows, of any size."""
            encoding = struct.unpack_from("!i", block, 8)[0]
            if encoding not in _ENCODINGS:
                self.vncProtocolError(f"it sends encoding {encoding}, which nobody asked for")
            super()._handleRectangle(block)

        def updateRectangle(self, x: int, y: int, width: int, height: int, data: bytes) -> None:
            """Draw pixels in the format that was asked for."""
            if not data:
                return
            how = Arrangement(width, height, 32, width * _PIXEL_BYTES, _RED, _GREEN, _BLUE)
            part = self._canvas[y : y + height, x : x + width]
            if part.shape != (height, width):
                raise ArrangementError("pixels outside of the screen")
            new = grey_of(data, how)
            self._is_changed = self._is_changed or not np.array_equal(part, new)
            self._is_corner_there = self._is_corner_there or (x, y) == (0, 0)
            self._is_drawn = True
            part[:] = new

        def commitUpdate(self, rectangles: object = None) -> None:
            """One update is drawn: an answer, a part of it, or a cursor that took its place."""
            is_drawn, self._is_drawn = self._is_drawn, False
            if not self._is_corner_there and (self.grey is None or not is_drawn):
                self._request()
                return
            if self._is_changed or self.grey is None:
                self.grey = self._canvas.copy()
                self._is_changed = False
            self.is_answered = self.is_answered or self._is_corner_there

        def updateDesktopSize(self, width: int, height: int) -> None:
            """Another size is another connection: pictures of both would mix."""
            was_high, was_wide = self._canvas.shape
            if (width, height) != (was_wide, was_high):
                raise ScreenLostError(
                    f"the screen changed from {was_wide} x {was_high} to {width} x {height}; it is "
                    "opened anew"
                )

        def vncRequestPassword(self) -> None:
            """Send the password, where there is one."""
            if self.factory.password is None:
                raise ScreenLostError("it asks for a password: set password_file")
            self.sendPassword(self.factory.password)

        def sendPassword(self, password: str) -> None:
            """Answer the challenge (RFC 6143, 7.2.2): DES, whose place in cryptography is new."""
            key = reverse_bits(password.encode("ascii")[:_KEY_BYTES].ljust(_KEY_BYTES, b"\0"))
            encryptor = Cipher(TripleDES(key * 3), modes.ECB()).encryptor()  # noqa: S305 - of one block
            self.transport.write(encryptor.update(self._challenge) + encryptor.finalize())

        def vncAuthFailed(self, reason: object) -> NoReturn:
            """Say what the server says."""
            raise ScreenLostError(
                f"it refuses the password of password_file, and says: {_said(reason)}"
            )

        def vncProtocolError(self, reason: str) -> NoReturn:
            """Say what cannot be handled, and what can."""
            raise ScreenLostError(
                f"{_said(reason)}. A box takes raw pixels, after VNC authentication (type 2) where "
                "password_file is set, or none (type 1)"
            )

        def keyEvent(self, key: object, down: bool = True) -> NoReturn:
            """Never: a box only looks."""
            raise ViewOnlyError

        def pointerEvent(self, x: int, y: int, buttonmask: int = 0) -> NoReturn:
            """Never: a box only looks."""
            raise ViewOnlyError

        def clientCutText(self, message: str) -> NoReturn:
            """Never: a box only looks."""
            raise ViewOnlyError


class ViewOnlyError(Exception):
    """Something would have pressed a key or moved a pointer at a console."""


class _Transport:
    """The way out of a viewer, as a protocol of Twisted wants it."""

    def __init__(self, send: Callable[[bytes], object]) -> None:
        self.write = send

    def loseConnection(self) -> NoReturn:
        """The protocol gives up, for a reason that it keeps to itself."""
        raise ScreenLostError("it broke off before it showed its screen")


def _said(reason: object) -> str:
    """Words of a server, made fit for a line of the status."""
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    return "".join(one if one.isprintable() else " " for one in text[:_SAID_CHARACTERS]).strip()
