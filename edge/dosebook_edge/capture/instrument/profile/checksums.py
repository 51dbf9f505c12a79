"""The block checks that instruments use: a closed list, a profile selects one."""

from collections.abc import Callable
from typing import Final, Literal

ChecksumType = Literal["sum8", "sum8-hex", "accurad-crc16", "capintec7", "modbus-crc16"]


def sum8(data: bytes) -> bytes:
    """Sum of all bytes modulo 256, one byte (Bosean FS)."""
    return bytes([sum(data) & 0xFF])


def sum8_hex(data: bytes) -> bytes:
    """Sum of all bytes modulo 256 as two upper-case hexadecimal characters (Thermo FHT 6020)."""
    return f"{sum(data) & 0xFF:02X}".encode()


def capintec7(data: bytes) -> bytes:
    """Sum of all bytes, lower seven bits, plus 21 hex, one byte (Capintec CRC-35R)."""
    return bytes([((sum(data) & 0x7F) + 0x21) & 0xFF])


def accurad_crc16(data: bytes) -> bytes:
    """CRC of Mirion AccuRad frames, low byte first.

    Start FFFF, polynomial AC5E shifted right, and a register that has become 0 is set to 1 before
    its eight shifts (DOC012721EN section 10.1).
    """
    register = 0xFFFF
    for byte in data:
        register ^= byte
        if register == 0:
            register = 1
        register = _shifted(register, 0xAC5E)
    return register.to_bytes(2, "little")


def modbus_crc16(data: bytes) -> bytes:
    """CRC of a Modbus RTU frame, low byte first (MODBUS over Serial Line V1.02, 6.2.2)."""
    register = 0xFFFF
    for byte in data:
        register = _shifted(register ^ byte, 0xA001)
    return register.to_bytes(2, "little")


def _shifted(register: int, polynomial: int) -> int:
    for _ in range(8):
        carry = register & 1
        register >>= 1
        if carry:
            register ^= polynomial
    return register


CHECKSUMS: Final[dict[ChecksumType, Callable[[bytes], bytes]]] = {
    "sum8": sum8,
    "sum8-hex": sum8_hex,
    "accurad-crc16": accurad_crc16,
    "capintec7": capintec7,
    "modbus-crc16": modbus_crc16,
}
