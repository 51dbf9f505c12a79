r"""What went over the wire, as a file: bytes alone, or lines with direction and time.

A transcript begins with the line `# transcript`. Then each line is

    [TIME] > TEXT      the box sent TEXT, with \r \n \t \\ \xNN
    [TIME] < TEXT      the instrument sent TEXT
    [TIME] >x HEX      the same in hexadecimal digits, blanks allowed
    [TIME] <x HEX
    [TIME] opened      the connection is a new one

Other lines that begin with `#`, and empty ones, are left out.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal

from dosebook_edge.capture.instrument.parsing.parser import Parser
from dosebook_edge.capture.instrument.profile.fields import escape, unescape
from dosebook_edge.capture.instrument.profile.model import Profile
from dosebook_edge.capture.instrument.reading import Outcome
from dosebook_edge.capture.instrument.wire.heard import Heard

MARK: Final = b"# transcript"
_ARROWS: Final = {"sent": ">", "received": "<"}
_LINE: Final = re.compile(r"(?:([0-9][0-9T:.Z+-]*) +)?(?:(opened)|([<>])(x?)(?: (.*))?)")


class TranscriptError(ValueError):
    """A line that is none; the text says which, and what it should be."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a transcript."""

    time: str
    action: Literal["opened", "sent", "received"]
    data: bytes


def read_capture(content: bytes) -> tuple[list[Step], bool]:
    """The steps of a captured file, and whether it tells the questions too."""
    if content.startswith(MARK):
        return read_transcript(content.decode("utf-8", "replace")), True
    return [Step("", "received", content)], False


def read_transcript(text: str) -> list[Step]:
    """The steps of a transcript; raises `TranscriptError`."""
    return [
        _step(line, number)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.startswith("#")
    ]


def written(heard: Heard) -> str:
    """What was heard as a line of a transcript; loss and silence are comments."""
    at = time_text(heard.at)
    if heard.event in _ARROWS:
        return f"{at} {_ARROWS[heard.event]} {escape(heard.data)}"
    return f"{at} opened" if heard.event == "opened" else f"# {at} {heard.event} {heard.detail}"


def time_text(at: datetime) -> str:
    """A UTC time as transcripts state it, to the millisecond."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def replay(
    profile: Profile,
    steps: list[Step],
    *,
    factor: Decimal,
    told_questions: bool,
    cuts: set[int] | None = None,
) -> list[tuple[str, Outcome]]:
    """The outcomes of all steps with the time of each, received bytes cut at some offsets.

    Args:
        profile: profile of the instrument.
        steps: what went over the wire.
        factor: calibration factor.
        told_questions: whether the steps hold the questions.
        cuts: offsets in the received bytes; None cuts between any two.
    """
    parser = Parser(profile, factor=factor, told_questions=told_questions)
    found: list[tuple[str, Outcome]] = []
    offset = 0
    for step in steps:
        if step.action == "opened":
            found += [(step.time, one) for one in parser.opened()]
        elif step.action == "sent":
            found += [(step.time, one) for one in parser.sent(step.data)]
        else:
            for piece in _pieces(step.data, offset, cuts):
                found += [(step.time, one) for one in parser.feed(piece)]
            offset += len(step.data)
    last = steps[-1].time if steps else ""
    return found + [(last, one) for one in parser.end()]


def _pieces(data: bytes, offset: int, cuts: set[int] | None) -> list[bytes]:
    places = range(1, len(data)) if cuts is None else sorted(c - offset for c in cuts)
    inside = [place for place in places if 0 < place < len(data)]
    return [data[a:b] for a, b in zip([0, *inside], [*inside, len(data)], strict=True)]


def _step(line: str, number: int) -> Step:
    match = _LINE.fullmatch(line.rstrip("\r"))
    if match is None:
        raise TranscriptError(
            f"line {number}: {line[:60]!r} is none of a transcript: "
            "[TIME] > TEXT, [TIME] < TEXT, >x HEX, <x HEX or opened"
        )
    time, opened, arrow, hexadecimal, rest = match.groups()
    if opened:
        return Step(time or "", "opened", b"")
    try:
        data = bytes.fromhex(rest or "") if hexadecimal else unescape(rest or "")
    except ValueError as error:
        raise TranscriptError(f"line {number}: {error}") from None
    return Step(time or "", "sent" if arrow == ">" else "received", data)
