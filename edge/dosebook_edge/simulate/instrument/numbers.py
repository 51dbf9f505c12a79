"""Bytes and numbers as an instrument puts them on its line, and exact units."""

import codecs
import struct
from decimal import Decimal
from typing import Final

_CODES: Final = {
    "u8": "B", "i8": "b", "u16": "H", "i16": "h", "u32": "I", "i32": "i", "f32": "f",
}  # fmt: skip

# Unit → storage unit and factor. They stand here a second time on purpose: what an instrument
# showed is known without the code that reads it.
_UNITS: Final = {
    "Gy.cm2": ("Gy.cm2", "1"),
    "dGy.cm2": ("Gy.cm2", "0.1"),
    "cGy.cm2": ("Gy.cm2", "0.01"),
    "uGy.m2": ("Gy.cm2", "0.01"),
    "mGy.cm2": ("Gy.cm2", "0.001"),
    "R.cm2": ("R.cm2", "1"),
    "Gy": ("mGy", "1000"),
    "uSv": ("uSv", "1"),
    "uSv/h": ("uSv/h", "1"),
    "Bq": ("MBq", "0.000001"),
    "kBq": ("MBq", "0.001"),
    "MBq": ("MBq", "1"),
    "GBq": ("MBq", "1000"),
    "uCi": ("MBq", "0.037"),
    "mCi": ("MBq", "37"),
    "Ci": ("MBq", "37000"),
    "A": ("A", "1"),
    "{count}/min": ("{count}/min", "1"),
    "{count}/s": ("{count}/min", "60"),
    "{n}": ("{n}", "1"),
    "1": ("1", "1"),
}


def stored(value: Decimal, unit: str) -> tuple[Decimal, str]:
    """A number in Dosebook's storage unit, and that unit; raises `KeyError`."""
    target, factor = _UNITS[unit]
    return value * Decimal(factor), target


def between(value: Decimal, unit: str, other: str) -> Decimal:
    """A number in another unit of the same quantity; raises `ValueError` for another quantity."""
    (target, factor), (wanted, divisor) = _UNITS[unit], _UNITS[other]
    if target != wanted:
        raise ValueError(f"{unit} and {other} measure different things")
    return value * Decimal(factor) / Decimal(divisor)


def unescape(text: str) -> bytes:
    r"""Bytes of a text of a profile: `\r \n \t \\ \xNN` mean one byte each."""
    data, _ = codecs.escape_decode(text.encode())
    return bytes(data)


def packed(number: Decimal, kind: str, order: str) -> bytes:
    """A number as an item of a profile lies in a frame; raises `struct.error` for one too large."""
    value = float(number) if kind == "f32" else int(number)
    data = struct.pack(">" + _CODES[kind], value)
    return arranged(data, order) if len(data) == 4 else data[:: -1 if order in _SWAPPED else 1]


_SWAPPED: Final = ("BADC", "DCBA")


def arranged(data: bytes, order: str) -> bytes:
    """Four bytes, most significant first, in the order that four letters spell."""
    return bytes(data["ABCD".index(letter)] for letter in order)
