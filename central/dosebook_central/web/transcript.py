r"""What went over an instrument's wire, line by line, with the place that a value was read from.

The text form is the box's: `[TIME] > TEXT` is sent to the instrument, `<` comes from it, `>x` and
`<x` are the same in hexadecimal digits, TEXT holds `\r \n \t \\ \xNN`, and `opened` is a new
connection. A line that is none of these is shown as it stands: evidence is never left out.
"""

import re
from dataclasses import dataclass, replace
from typing import Final, Literal

from dosebook_protocol.reading import Reading

MEDIA_TYPE: Final = "text/vnd.dosebook.transcript"
_COUNTER: Final = ("counter_before", "counter_after")  # items of a reading
_SHOWN_BEFORE: Final = 30
_SHOWN_AFTER: Final = 10
_LINE: Final = re.compile(r"(?:(?P<time>[0-9][0-9T:.Z+-]*) +)?(?P<way>[<>]x?)(?: (?P<rest>.*))?")
_OPENED: Final = re.compile(r"(?:(?P<time>[0-9][0-9T:.Z+-]*) +)?opened")
_ESCAPE: Final = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.))")
_PLAIN: Final = {"r": b"\r", "n": b"\n", "t": b"\t", "\\": b"\\"}
_NAMES: Final = {data[0]: f"\\{name}" for name, data in _PLAIN.items()}

Way = Literal["sent", "received", "opened", "note"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line: when, which way, and its bytes as text and in hexadecimal digits."""

    number: int
    time: str
    way: Way
    text: str
    digits: str = ""
    mark: str = ""  # what of the value was read here


@dataclass(frozen=True, slots=True)
class Transcript:
    """The lines around the one that a value was read from, and how many more there are."""

    lines: tuple[Line, ...]
    before: int
    after: int
    has_source: bool


def is_transcript(media_type: str) -> bool:
    """Whether evidence of this type is a transcript."""
    return media_type.partition(";")[0].strip() == MEDIA_TYPE


def transcript_of(content: bytes, reading: Reading | None, original: str) -> Transcript:
    """Show what a number was read from; of a counter's difference, both its readings."""
    said = {item.name: item.text for item in reading.items} if reading else {}
    before, after = (said.get(name, "").partition(" ")[0] for name in _COUNTER)
    return read_transcript(content, after or original, before)


def read_transcript(content: bytes, value: str, before: str = "") -> Transcript:
    """Show a transcript around the line that a value was read from.

    That is the last one from the instrument in which `value` stands; `before` is what a counter
    said before. Where none has it as text, as in binary protocols, the end is shown unmarked.
    """
    texts = content.decode("utf-8", "replace").splitlines()
    lines = [_line(number, text) for number, text in enumerate(texts, 1) if text.strip()]
    source = _last(lines, value)
    base = _last(lines[:source], before) if source is not None else None
    marks = {} if source is None else {source: "counter after" if before else "the value"}
    if base is not None:
        marks[base] = "counter before"
    place = len(lines) - 1 if source is None else source
    first, end = max(0, place - _SHOWN_BEFORE), min(len(lines), place + _SHOWN_AFTER + 1)
    shown = tuple(
        replace(one, mark=marks.get(at, "")) for at, one in enumerate(lines[first:end], first)
    )
    return Transcript(shown, first, len(lines) - end, source is not None)


def _last(lines: list[Line], original: str) -> int | None:
    """The last line of the instrument with this number, not as a part of a longer one.

    A comma after it may be a decimal one or part two fields: it is a part only if nothing else is.
    """
    if not original:
        return None
    number = rf"(?<![\d.])0*{re.escape(original)}(?!\d|\.\d)"
    received = [at for at, one in enumerate(lines) if one.way == "received"]
    for pattern in (rf"{number}(?!,\d)", number):
        found = [at for at in received if re.search(pattern, lines[at].text)]
        if found:
            return found[-1]
    return None


def _line(number: int, text: str) -> Line:
    opened = _OPENED.fullmatch(text)
    if opened:
        return Line(number, opened["time"] or "", "opened", "connection opened")
    match = _LINE.fullmatch(text)
    if match is None:
        return Line(number, "", "note", text.removeprefix("#").strip())
    rest = match["rest"] or ""
    try:
        data = bytes.fromhex(rest) if match["way"].endswith("x") else _unescape(rest)
    except ValueError:
        return Line(number, "", "note", text)
    way: Way = "sent" if match["way"].startswith(">") else "received"
    shown = "".join(chr(one) if 32 <= one < 127 and one != 92 else _name(one) for one in data)
    return Line(number, match["time"] or "", way, shown, data.hex(" "))


def _unescape(text: str) -> bytes:
    """The bytes of a text with escapes; raises `ValueError` for one that is none."""
    parts, end = [], 0
    for match in _ESCAPE.finditer(text):
        if match[2] and match[2] not in _PLAIN:
            raise ValueError(f"{match[0]} is no escape")
        parts.append(text[end : match.start()].encode())
        parts.append(bytes.fromhex(match[1]) if match[1] else _PLAIN[match[2]])
        end = match.end()
    return b"".join([*parts, text[end:].encode()])


def _name(byte: int) -> str:
    return _NAMES.get(byte, f"\\x{byte:02X}")
