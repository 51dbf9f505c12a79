"""From a stream of bytes in any pieces to frames; what is no frame is told, never lost."""

from collections.abc import Iterator
from typing import Final, Protocol

from dosebook_edge.capture.instrument.reading import Frame, Notice

GARBAGE_BLOCK: Final = 1024


class Shape(Protocol):
    """How a frame looks that begins at the first byte of a buffer."""

    def size(self, buffer: bytearray) -> int | None:
        """Bytes of the frame; 0: none begins here; None: more bytes are needed to tell."""
        ...

    def fault(self, frame: bytes) -> str:
        """Why a frame of that size is damaged; empty where it is whole."""
        ...

    def fits(self, frame: bytes) -> bool:
        """Whether a whole frame says something that is known."""
        ...


class Framer(Protocol):
    """Cuts a stream; gives the same frames and notices however the bytes are chunked."""

    listening: bool

    def feed(self, data: bytes) -> Iterator[Frame | Notice]:
        """Take bytes in; the consumer may change `listening` between two frames."""
        ...

    def flush(self) -> Iterator[Notice]:
        """Give up what is not whole: the connection ended, or something else was asked."""
        ...


class LineFramer:
    """Lines that end with any of some characters; empty ones are left out."""

    def __init__(self, ends: bytes, max_size: int) -> None:
        self.listening = True
        self._ends = ends
        self._max_size = max_size
        self._line = bytearray()
        self._overflow = 0
        self._offset = 0

    def feed(self, data: bytes) -> Iterator[Frame | Notice]:
        """Take bytes in; a line longer than allowed is one notice with its beginning."""
        for byte in data:
            self._offset += 1
            if byte in self._ends:
                yield from self._finished()
            elif len(self._line) < self._max_size:
                self._line.append(byte)
            else:
                self._overflow += 1

    def flush(self) -> Iterator[Notice]:
        """Give up an unfinished line."""
        if self._line:
            yield Notice(
                "incomplete",
                "the line was not finished",
                self._offset - len(self._line) - self._overflow,
                self._taken(),
            )

    def _finished(self) -> Iterator[Frame | Notice]:
        if not self._line:
            return
        size = len(self._line) + self._overflow
        start = self._offset - 1 - size
        overflow = self._overflow
        raw = self._taken()
        if overflow:
            text = f"a line of {size} bytes, {self._max_size} are allowed"
            yield Notice("too-long", text, start, raw)
        else:
            yield Frame(start, raw)

    def _taken(self) -> bytes:
        raw = bytes(self._line)
        self._line.clear()
        self._overflow = 0
        return raw


class ScanFramer:
    """Frames of one shape among other bytes: looks at each byte whether a frame begins there.

    Args:
        shape: how a frame looks.
        between: bytes that may stand between frames; they alone are no garbage.
    """

    def __init__(self, shape: Shape, between: bytes = b"") -> None:
        self.listening = True
        self._shape = shape
        self._between = between
        self._buffer = bytearray()
        self._garbage = bytearray()
        self._offset = 0  # of the buffer's first byte

    def feed(self, data: bytes) -> Iterator[Frame | Notice]:
        """Take bytes in; damaged and foreign bytes are skipped until a frame begins."""
        self._buffer += data
        while self._buffer:
            size = self._shape.size(self._buffer) if self.listening else 0
            if size is None or size > len(self._buffer):
                return
            if size == 0:
                yield from self._skip()
                continue
            frame = bytes(self._buffer[:size])
            fault = self._shape.fault(frame)
            if not fault and self._shape.fits(frame):
                yield from self._told_garbage()
                start = self._offset
                self._drop(size)
                yield Frame(start, frame)
                continue
            if fault:
                yield from self._told_garbage()
                yield Notice("checksum", fault, self._offset, frame)
            yield from self._skip()

    def flush(self) -> Iterator[Notice]:
        """Give up an unfinished frame and the garbage before it."""
        yield from self._told_garbage()
        if self._buffer:
            raw = bytes(self._buffer)
            yield Notice("incomplete", "the frame was not finished", self._offset, raw)
            self._drop(len(raw))

    def _skip(self) -> Iterator[Notice]:
        self._garbage.append(self._buffer[0])
        self._drop(1)
        if len(self._garbage) == GARBAGE_BLOCK:
            yield from self._told_garbage()

    def _told_garbage(self) -> Iterator[Notice]:
        if self._garbage:
            raw = bytes(self._garbage)
            self._garbage.clear()
            if raw.strip(self._between):
                yield Notice("garbage", "nothing known begins here", self._offset - len(raw), raw)

    def _drop(self, size: int) -> None:
        del self._buffer[:size]
        self._offset += size
