"""Numbers as instruments write them, to exact decimals and back to nothing else."""

import re
import struct
from decimal import Decimal
from typing import Final, Literal

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")

Type = Literal["u8", "i8", "u16", "i16", "u32", "i32", "f32", "ascii"]
Order = Literal["ABCD", "CDAB", "BADC", "DCBA"]

WIDTH: Final[dict[str, int]] = {
    "u8": 1, "i8": 1, "u16": 2, "i16": 2, "u32": 4, "i32": 4, "f32": 4,
}  # fmt: skip
_FORMAT: Final = {
    "u8": ">B", "i8": ">b", "u16": ">H", "i16": ">h", "u32": ">I", "i32": ">i", "f32": ">f",
}  # fmt: skip


def parse_number(text: str) -> Decimal:
    """A plain decimal number, blanks around it allowed; raises `ValueError` for anything else.

    Overload texts (`OL`, `+0L`), `nan`, `inf`, a decimal comma and blanks inside are no numbers.
    """
    stripped = text.strip(" ")
    if not _NUMBER.fullmatch(stripped):
        raise ValueError(f"{text!r} is not a number")
    return Decimal(stripped)


def has_wrapped(last: Decimal, number: Decimal, wraps_at: Decimal) -> bool:
    """Whether a counter that shows less has passed its largest number, and was not set to zero."""
    return number < last and number + wraps_at - last < wraps_at / 2


def big_endian(data: bytes, order: Order) -> bytes:
    """Put two or four bytes as sent into the order A B C D, most significant first."""
    if order in ("CDAB", "DCBA"):
        data = data[2:] + data[:2]
    if order in ("BADC", "DCBA"):
        data = b"".join(data[i : i + 2][::-1] for i in range(0, len(data), 2))
    return data


def binary_text(data: bytes, kind: Type, order: Order) -> str:
    """Write a binary number as text: a float32 with the fewest digits that mean the same bits."""
    if kind == "ascii":
        return data.decode("latin-1")
    (number,) = struct.unpack(_FORMAT[kind], big_endian(data, order))
    return _shortest(number) if kind == "f32" else str(number)


def _shortest(number: float) -> str:
    """Shortest decimal that is the same float32: 9 digits always are (IEEE 754-2019, 5.12.2)."""
    texts = (f"{number:.{digits}g}" for digits in range(6, 10))
    wanted = struct.pack(">f", number)
    return next((one for one in texts if _same(one, wanted)), str(number))


def _same(text: str, wanted: bytes) -> bool:
    try:
        return struct.pack(">f", float(text)) == wanted
    except OverflowError:  # rounded up beyond the largest float32
        return False
