"""Modbus frames: the question's bytes, and the shape of its answer, on a serial line and in TCP.

MODBUS Application Protocol V1.1b3; MODBUS over Serial Line V1.02; Messaging on TCP/IP V1.0b.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from dosebook_edge.capture.instrument.profile.checksums import modbus_crc16
from dosebook_edge.capture.instrument.profile.model import ModbusQuestion

EXCEPTIONS: Final = {
    1: "illegal function", 2: "illegal data address", 3: "illegal data value",
    4: "device failure", 5: "acknowledged, not ready", 6: "device busy", 8: "memory parity error",
    10: "gateway path unavailable", 11: "gateway target did not respond",
}  # fmt: skip
_ERROR: Final = 0x80
_HEADER: Final = 6  # transaction, protocol 0, length

Mode = Literal["rtu", "tcp"]


@dataclass(frozen=True, slots=True)
class Response:
    """An answer without its envelope; `transaction` is 0 on a serial line."""

    transaction: int
    unit_id: int
    function: int
    exception: int
    data: bytes

    def answers(self, question: ModbusQuestion) -> bool:
        """Whether it can be the answer to a question."""
        return (self.unit_id, self.function) == (question.unit_id, question.function) and (
            bool(self.exception) or len(self.data) == 2 * question.count
        )


def encode(question: ModbusQuestion, mode: Mode, transaction: int = 0) -> bytes:
    """Bytes of a read; `transaction` counts the questions of a TCP connection."""
    pdu = struct.pack(
        ">BBHH", question.unit_id, question.function, question.address, question.count
    )
    if mode == "tcp":
        return struct.pack(">HHH", transaction, 0, len(pdu)) + pdu
    return pdu + modbus_crc16(pdu)


def transaction_of(request: bytes, mode: Mode) -> int:
    """Transaction number of a request."""
    return int.from_bytes(request[:2], "big") if mode == "tcp" else 0


def decode(frame: bytes, mode: Mode) -> Response:
    """Take the envelope off a frame whose shape was checked."""
    transaction = transaction_of(frame, mode)
    pdu = frame[_HEADER:] if mode == "tcp" else frame[:-2]
    if pdu[1] & _ERROR:
        return Response(transaction, pdu[0], pdu[1] & ~_ERROR, pdu[2], b"")
    return Response(transaction, pdu[0], pdu[1], 0, pdu[3:])


class ModbusShape:
    """Answers to some questions: only their units, functions and sizes begin a frame."""

    def __init__(self, questions: Sequence[ModbusQuestion], mode: Mode) -> None:
        self._mode = mode
        self._heads = {(one.unit_id, one.function) for one in questions}
        self._sizes = {2 * one.count for one in questions}

    def size(self, buffer: bytearray) -> int | None:
        """Bytes of the frame that begins here; 0: none does; None: more are needed."""
        if self._mode == "rtu":
            body = self._body(buffer)
            return body + 2 if body else body
        if any(buffer[2:4]):
            return 0
        body = self._body(buffer[_HEADER:])
        if not body:
            return body
        stated = int.from_bytes(buffer[4:_HEADER], "big")
        return _HEADER + body if stated == body else 0

    def fault(self, frame: bytes) -> str:
        """Why the CRC of a serial frame is wrong; a TCP frame has none."""
        if self._mode == "tcp":
            return ""
        found, wanted = frame[-2:], modbus_crc16(frame[:-2])
        return "" if found == wanted else f"CRC {found.hex()}, computed {wanted.hex()}"

    def fits(self, frame: bytes) -> bool:
        """Any whole answer is told: a wrong size of data cannot come this far."""
        return bool(frame)

    def _body(self, pdu: bytearray) -> int | None:
        if pdu and all(pdu[0] != unit_id for unit_id, _ in self._heads):
            return 0
        if len(pdu) < 3:
            return None
        if (pdu[0], pdu[1] & ~_ERROR) not in self._heads:
            return 0
        if pdu[1] & _ERROR:
            return 3
        return 3 + pdu[2] if pdu[2] in self._sizes else 0
