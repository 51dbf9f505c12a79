"""The shape of binary frames that a profile describes."""

from collections.abc import Callable

from dosebook_edge.capture.instrument.profile.checksums import CHECKSUMS
from dosebook_edge.capture.instrument.profile.fields import unescape
from dosebook_edge.capture.instrument.profile.model import Packet
from dosebook_edge.capture.instrument.profile.numbers import WIDTH, binary_text


class PacketShape:
    """Frames with a start, and a size that is fixed, stated in the frame, or shown by its end.

    Args:
        packet: the framing of the profile.
        known: whether a whole frame is one of the profile's telegrams or errors.
    """

    def __init__(self, packet: Packet, known: Callable[[bytes], bool]) -> None:
        self._packet = packet
        self._start = unescape(packet.start or "")
        self._end = unescape(packet.end or "")
        self.fits = known

    def size(self, buffer: bytearray) -> int | None:
        """Bytes of the frame that begins here; 0: none does; None: more are needed."""
        begun = buffer[: len(self._start)]
        if not self._start.startswith(begun):
            return 0
        if len(begun) < len(self._start):
            return None
        size = self._stated(buffer)
        if size is None:
            return None if len(buffer) < self._packet.max_size else 0
        if not self._packet.min_size <= size <= self._packet.max_size:
            return 0
        if len(buffer) >= size and not buffer[:size].endswith(self._end):
            return 0
        return size

    def fault(self, frame: bytes) -> str:
        """Why the block check of a frame is wrong."""
        check = self._packet.checksum
        if check is None:
            return ""
        wanted = CHECKSUMS[check.type](frame[check.start : check.end])
        found = frame[check.at :][: len(wanted)]
        return "" if found == wanted else f"block check {found.hex()}, computed {wanted.hex()}"

    def _stated(self, buffer: bytearray) -> int | None:
        packet = self._packet
        if packet.size is not None:
            return packet.size
        if packet.length is not None:
            field = packet.length
            data = bytes(buffer[field.at : field.at + WIDTH[field.type]])
            if len(data) < WIDTH[field.type]:
                return None
            return max(0, int(binary_text(data, field.type, field.order)) + field.adds)
        found = buffer.find(self._end, len(self._start), packet.max_size)
        return None if found < 0 else found + len(self._end)
