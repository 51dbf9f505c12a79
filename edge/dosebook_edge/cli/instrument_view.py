"""How `dosebook-box instrument watch` shows an instrument: lines, or values that stay in place."""

import shutil
from collections.abc import Callable
from typing import Final, TextIO

from dosebook_edge.capture.instrument.dialogue.session import Session
from dosebook_edge.capture.instrument.profile.fields import escape
from dosebook_edge.capture.instrument.profile.model import Profile
from dosebook_edge.capture.instrument.reading import Answer, Reading
from dosebook_edge.capture.instrument.wire.heard import Heard

_UP: Final = "\x1b[{}A\x1b[J"


def show_for(
    profile: Profile, session: Session, out: TextIO, *, with_bytes: bool
) -> Callable[[Heard], None]:
    """Values in place on a terminal, a line for each thing heard elsewhere."""
    if out.isatty():
        return _Screen(profile, session, out).show
    return _Lines(out, with_bytes=with_bytes).show


class _Lines:
    def __init__(self, out: TextIO, *, with_bytes: bool) -> None:
        self._out = out
        self._with_bytes = with_bytes

    def show(self, heard: Heard) -> None:
        time = heard.at.strftime("%H:%M:%S.%f")[:12]
        if heard.event in ("sent", "received"):
            if self._with_bytes:
                arrow = ">" if heard.event == "sent" else "<"
                self._say(f"{time}  {arrow} {escape(heard.data)}")
        else:
            self._say(f"{time}  {heard.event}  {heard.detail}".rstrip())
        for one in heard.outcomes:
            if not isinstance(one, Answer):
                self._say(f"{time}  {one.kind}: {one.text}")
                continue
            states = f"  [{', '.join(one.states)}]" if one.states else ""
            for reading in one.readings:
                self._say(f"{time}  {_said(reading)}{states}")

    def _say(self, text: str) -> None:
        self._out.write(text + "\n")
        self._out.flush()


class _Screen:
    """A few lines that are drawn again and again."""

    def __init__(self, profile: Profile, session: Session, out: TextIO) -> None:
        self._profile = profile
        self._session = session
        self._out = out
        self._values: dict[str, str] = {}
        self._states: tuple[str, ...] = ()
        self._sent = self._received = b""
        self._height = 0

    def show(self, heard: Heard) -> None:
        if heard.event == "sent":
            self._sent = heard.data
        for one in heard.outcomes:
            self._received = one.raw or self._received
            if isinstance(one, Answer):
                self._states = one.states or self._states
                self._values |= {reading.name: _said(reading) for reading in one.readings}
        state = self._session.state()
        at = "never" if state.last_heard_at is None else f"{state.last_heard_at:%H:%M:%S} UTC"
        self._draw(
            [
                f"{self._profile.maker} {self._profile.model} ({self._profile.status})",
                f"state   {state.state}, last heard {at}  {state.detail}".rstrip(),
                f"says    {', '.join(self._states) or '-'}",
                *self._values.values(),
                f">       {escape(self._sent)}",
                f"<       {escape(self._received)}",
            ]
        )

    def _draw(self, lines: list[str]) -> None:
        up = _UP.format(self._height) if self._height else ""
        width = shutil.get_terminal_size().columns - 1  # a longer line would take two
        self._out.write(up + "".join(f"{line[:width]}\n" for line in lines))
        self._out.flush()
        self._height = len(lines)


def _said(reading: Reading) -> str:
    corrected = "" if reading.raw == reading.corrected else f", corrected {reading.corrected}"
    counter = f" (counter {reading.counter})" if reading.counter else ""
    return (
        f"{reading.name} {reading.text} {reading.unit} = {reading.raw} {reading.stored_unit}"
        f"{corrected}{counter}"
    )
