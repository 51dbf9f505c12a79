"""The kinds of text that a profile holds: exact numbers, bytes, units, safe patterns."""

import re
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from dosebook_edge.capture.instrument.profile.measures import quantity_of
from dosebook_protocol.quantities import canonical_unit

_ESCAPE: Final = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|([rnt\\]))")
_PLAIN: Final = {"r": "\r", "n": "\n", "t": "\t", "\\": "\\"}
_ESCAPED: Final = {
    **{byte: f"\\x{byte:02X}" for byte in (*range(0x20), *range(0x7F, 0x100))},
    **{ord(char): f"\\{name}" for name, char in _PLAIN.items()},
}


def unescape(text: str) -> bytes:
    r"""Bytes of a text with `\r \n \t \\ \xNN`; raises `ValueError` for another escape.

    Other characters beyond ASCII are their UTF-8 bytes.
    """
    if "\\" in _ESCAPE.sub("", text):
        raise ValueError(rf"{text!r}: after \ comes r, n, t, \ or x and two hexadecimal digits")
    parts, end = [], 0
    for match in _ESCAPE.finditer(text):
        parts.append(text[end : match.start()].encode())
        parts.append(bytes.fromhex(match[1]) if match[1] else _PLAIN[match[2]].encode())
        end = match.end()
    return b"".join([*parts, text[end:].encode()])


def escape(data: bytes) -> str:
    """Write bytes as printable ASCII that `unescape` reads back."""
    return data.decode("latin-1").translate(_ESCAPED)


def _exact(value: object) -> Decimal:
    if not isinstance(value, str):
        raise ValueError('an exact number is written as text: "0.01"')  # noqa: TRY004 - pydantic's
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{value!r} is not a number") from None
    if not number.is_finite():
        raise ValueError(f"{value!r} is not a finite number")
    return number


def _bytes(text: str) -> str:
    if not unescape(text):
        raise ValueError("at least one byte")
    return text


def _unit(code: str) -> str:
    if canonical_unit(code) != code:
        raise ValueError(f"{code!r} is written {canonical_unit(code)!r} in UCUM")
    quantity_of(code)
    return code


def _pattern(text: str) -> str:
    """Keep to what a line can be matched with in linear time, and that a person can read."""
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is not a regular expression: {error}") from None
    if re.search(r"(?<!\\)\)(?:[*+]|\{)", text):
        raise ValueError(f"{text!r}: a group may not be repeated, as it could take for ever")
    if re.search(r"\(\?[=!<]|\(\?P=|\\[1-9]", text):
        raise ValueError(f"{text!r}: no look-around and no back-reference")
    if len(re.findall(r"(?<!\\)\.[*+]", text)) > 2:
        raise ValueError(f"{text!r}: '.*' at most twice; name the characters that may come")
    return text


_DECIMAL: Final = {"type": "string", "pattern": r"^-?\d+(\.\d+)?([eE][+-]?\d+)?$"}

Exact = Annotated[Decimal, BeforeValidator(_exact), WithJsonSchema(_DECIMAL)]
Bytes = Annotated[str, Field(max_length=256), AfterValidator(_bytes)]
Unit = Annotated[str, AfterValidator(_unit)]
Pattern = Annotated[str, Field(min_length=1, max_length=600), AfterValidator(_pattern)]
Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,40}$")]
ProfileId = Annotated[str, Field(pattern="^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")]
