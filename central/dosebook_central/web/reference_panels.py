"""The panels of the page of reference levels: a level with the samples of all rooms on one axis."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from dosebook_central.domain.drl.levels import Level
from dosebook_central.domain.drl.sample import Sample
from dosebook_central.domain.drl.site import ALL_ROOMS, SiteLine
from dosebook_central.dosimetry.values import NOT_COMPARED
from dosebook_central.web.box_plot import Scale, box_plot
from dosebook_central.web.level_words import level_key
from dosebook_central.web.numbers import MISSING, number_text, quantity_label
from dosebook_protocol.printed import unit_text


@dataclass(frozen=True, slots=True)
class Room:
    """One line of a panel: a room's sample, drawn and in words; `room` names it in an address."""

    room: str
    name: str
    sample: Sample
    position: str
    plot: Markup
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Panel:
    """One level with the samples of all rooms on a common axis."""

    procedure_id: str
    procedure: str
    level: Level
    level_text: str
    largest_text: str
    rooms: tuple[Room, ...]
    excluded: Mapping[str, int]

    @property
    def key(self) -> str:
        """What names the level in the address of its exams."""
        return level_key(self.level)


def panels_of(lines: Iterable[SiteLine], names: Mapping[str, str]) -> list[Panel]:
    """Put the lines of a site together, one panel a level.

    Those without any exam are left out, unless a rule exempts the exams that there are (P15).
    """
    grouped: dict[tuple[str, Level], list[SiteLine]] = {}
    for line in lines:
        grouped.setdefault((line.procedure_id, line.level), []).append(line)
    return [
        _panel(names.get(procedure, procedure), own)
        for (procedure, _), own in grouped.items()
        if any(line.sample.n or _is_exempt(line.sample) for line in own)
    ]


def _is_exempt(sample: Sample) -> bool:
    return any(reason.startswith(NOT_COMPARED) for reason in sample.excluded)


def room_name(room: str) -> str:
    """How a room is called; all rooms together have no name of their own."""
    return room if room != ALL_ROOMS else "All rooms"


def _panel(procedure: str, lines: list[SiteLine]) -> Panel:
    level = lines[0].level
    scale = Scale.of([line.sample for line in lines], level.value)
    # A site of one room needs no line for all rooms.
    shown = [line for line in lines if line.room != ALL_ROOMS or len(lines) > 2]
    whole = next(line.sample for line in lines if line.room == ALL_ROOMS)
    return Panel(
        lines[0].procedure_id,
        procedure,
        level,
        number_text(level.value, level.quantity),
        number_text(scale.largest, level.quantity),
        tuple(_room(line, scale) for line in shown),
        whole.excluded,
    )


def _room(line: SiteLine, scale: Scale) -> Room:
    level, sample = line.level, line.sample
    name = room_name(line.room)
    texts = {}
    if sample.quartiles is not None:
        five = sample.quartiles
        column = (five.p25, five.median, five.p75, level.value)
        texts = {
            "p25": number_text(five.p25, level.quantity, column),
            "median": number_text(five.median, level.quantity, column),
            "p75": number_text(five.p75, level.quantity, column),
        }
    unit = unit_text(level.unit)
    held = number_text(level.value, level.quantity)
    label = (
        f"{quantity_label(level.quantity)}, {name}: n {sample.n}, "
        f"median {texts.get('median', MISSING)} {unit}, level {held} {unit}"
    )
    plot = box_plot(sample, level.value, scale, label)
    return Room(line.room, name, sample, sample.against(level.value), plot, texts)
