"""Block checks, computed as an instrument would: written a second time, apart from capture's."""

from collections.abc import Callable
from typing import Final


def _sum8(data: bytes) -> bytes:
    return (sum(data) % 256).to_bytes(1, "big")


def _sum8_hex(data: bytes) -> bytes:
    return b"%02X" % (sum(data) % 256)


def _capintec7(data: bytes) -> bytes:
    return (sum(data) % 128 + 33).to_bytes(1, "big")


def _table(polynomial: int) -> list[int]:
    """Remainders of all bytes, for a CRC of 16 bits that shifts right."""
    rows = []
    for byte in range(256):
        remainder = byte
        for _ in range(8):
            remainder = (remainder >> 1) ^ (polynomial if remainder % 2 else 0)
        rows.append(remainder)
    return rows


_MODBUS: Final = _table(0xA001)
_ACCURAD: Final = _table(0xAC5E)


def _modbus(data: bytes) -> bytes:
    register = 0xFFFF
    for byte in data:
        register = (register >> 8) ^ _MODBUS[(register ^ byte) & 0xFF]
    return register.to_bytes(2, "little")


def _accurad(data: bytes) -> bytes:
    """Mirion AccuRad: a register that a byte has made 0 becomes 1 before it is shifted."""
    register = 0xFFFF
    for byte in data:
        mixed = (register ^ byte) or 1
        register = (mixed >> 8) ^ _ACCURAD[mixed & 0xFF]
    return register.to_bytes(2, "little")


CHECKS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "sum8": _sum8,
    "sum8-hex": _sum8_hex,
    "capintec7": _capintec7,
    "modbus-crc16": _modbus,
    "accurad-crc16": _accurad,
}
"""By the name that a profile gives."""
