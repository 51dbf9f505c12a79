"""Units that an answer leaves out, because another one tells them."""

from dosebook_edge.capture.instrument.parsing.extract import names_of
from dosebook_edge.capture.instrument.profile.model import (
    FrameProfile,
    ModbusProfile,
    PollProfile,
    Profile,
)


def units_asked(profile: PollProfile | FrameProfile | ModbusProfile) -> set[str]:
    """The questions whose answers tell a unit that other answers leave out."""
    if isinstance(profile, ModbusProfile):
        return set()
    elsewhere = units_elsewhere(profile)
    telling = {one.name for one in profile.telegram if elsewhere & {*one.remember}}
    return {one.name for one in profile.question if telling & {*one.answers}}


def units_elsewhere(profile: Profile) -> set[str]:
    """The names of the units that a telegram with a value leaves out, and another remembers."""
    remembered = {name for telegram in profile.telegram for name in telegram.remember}
    return {
        value.unit_from
        for telegram in profile.telegram
        for value in telegram.value
        if value.unit_from in remembered and value.unit_from not in names_of(telegram)
    }
