"""What may never go to an instrument: commands that change, reset or switch it off."""

from collections.abc import Iterator
from typing import Final

from dosebook_edge.capture.instrument.parsing.codec import questions_of
from dosebook_edge.capture.instrument.parsing.extract import compiled
from dosebook_edge.capture.instrument.profile.model import FrameProfile, PollProfile, Profile

NEVER: Final = (
    r"(?i)\*RST\b.*",
    r"(?i)RES(?:ET)?(?:[^A-Za-z].*)?",
    r"(?i).*(?:POWEROFF|FACTORYRESET|REBOOT|ECFG|WCFG).*",
)
"""Forbidden in every profile, whatever its own list says."""


def unsafe(profile: Profile) -> Iterator[str]:
    """A sentence for each question that a list forbids.

    Modbus needs no list: a profile has no function that writes.
    """
    own = profile.safety.forbid if isinstance(profile, PollProfile | FrameProfile) else ()
    for index, (name, data) in enumerate(questions_of(profile).items()):
        text = data.decode("latin-1")
        for pattern in (*NEVER, *own):
            if compiled(pattern).match(text):
                yield (
                    f"question[{index}].send: {name!r} would send {text!r}, which {pattern!r} "
                    "forbids: a profile only reads. Take the question out"
                )
