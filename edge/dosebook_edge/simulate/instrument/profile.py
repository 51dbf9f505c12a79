"""A profile as the simulator needs it: what is asked, what is answered, and how it behaves."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal

from dosebook_edge.simulate.instrument.numbers import unescape

# A folder of data, not of code: the profiles that come with the box.
_SHIPPED: Final = Path(__file__).parents[2] / "capture" / "instrument" / "profiles"

Behaviour = Literal["counter", "held", "rate", "sample"]
Shown = Literal["idle", "measuring", "hold", "overload"]


class UnplayableError(ValueError):
    """A profile that cannot be simulated; the text says what it lacks."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the box may send; `answer` is the telegram that comes back."""

    name: str
    data: bytes
    answer: str


@dataclass(frozen=True, slots=True)
class Registers:
    """A block of Modbus registers that the box may read, and the telegram that it holds."""

    answer: str
    unit_id: int
    function: int
    address: int
    count: int


@dataclass(frozen=True, slots=True)
class Measure:
    """The number that exposures change; amounts are in the unit that the instrument shows.

    `least` and `most` are of one exposure: added to a counter, reached by a dose that is held,
    shown as a rate while there is radiation, or measured of one sample.
    """

    telegram: str
    value: str
    behaviour: Behaviour
    resolution: Decimal
    start: Decimal
    least: Decimal
    most: Decimal
    wraps_at: Decimal | None
    unit_from: str | None
    units: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Playable:
    """All of a profile that a simulated instrument is made of."""

    id: str
    engine: str
    transport: Mapping[str, Any]
    framing: Mapping[str, Any]
    questions: tuple[Question, ...]
    registers: tuple[Registers, ...]
    telegrams: Mapping[str, Mapping[str, Any]]
    measure: Measure
    time: str
    every_s: Decimal
    facts: Mapping[str, str]
    switched: Mapping[str, str]
    states: Mapping[Shown, Mapping[str, str]]
    text: Mapping[str, str]
    binary: Mapping[str, bytes]
    overloaded: bytes
    refused: bytes

    @property
    def has_check(self) -> bool:
        """Whether a damaged frame shows."""
        return "checksum" in self.framing or self.framing["mode"] == "rtu"

    @property
    def can_overload(self) -> bool:
        """Whether it is known how the instrument says that it is too much."""
        return bool(self.overloaded or self.states.get("overload"))

    def unit(self, facts: Mapping[str, str]) -> str:
        """Unit (UCUM) of the measure, as the instrument is set."""
        if self.measure.unit_from is None:
            return self.measure.units[""]
        return self.measure.units[facts[self.measure.unit_from]]


def shipped() -> dict[str, Path]:
    """Id → file of each profile that comes with the box."""
    return {path.stem: path for path in sorted(_SHIPPED.glob("*.toml"))}


def load(name: str) -> Playable:
    """The profile of an id or of a file; raises `UnplayableError`."""
    path = shipped().get(name, Path(name))
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise UnplayableError(
            f"there is no profile {name!r}: give an id of `dosebook-box instrument list` or a file"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UnplayableError(f"{path} is not TOML: {error}") from None
    try:
        return _playable(tree)
    except KeyError as error:
        raise UnplayableError(
            f"{path} lacks {error}: a profile that is simulated has a [simulate] table, "
            "and passes `dosebook-box instrument test`"
        ) from None


def _playable(tree: dict[str, Any]) -> Playable:
    told: dict[str, Any] = tree["simulate"]
    is_modbus = tree["engine"] == "modbus"
    questions = tree.get("question", [])
    written = {**told.get("text", {}), **told.get("binary", {})}
    return Playable(
        id=tree["id"],
        engine=tree["engine"],
        transport=tree["transport"],
        framing=tree["framing"],
        questions=() if is_modbus else tuple(_question(one, written) for one in questions),
        registers=tuple(_registers(one) for one in questions) if is_modbus else (),
        telegrams={one["name"]: one for one in tree["telegram"]},
        measure=_measure(tree, told),
        time=told.get("time", ""),
        every_s=Decimal(told.get("every_s", "2")),
        facts=told.get("facts", {}),
        switched=told.get("switched", {}),
        states=told.get("states", {}),
        text={name: unescape(one).decode("latin-1") for name, one in told.get("text", {}).items()},
        binary={name: bytes.fromhex(one) for name, one in told.get("binary", {}).items()},
        overloaded=unescape(told.get("overloaded", "")),
        refused=unescape(told.get("refused", "")),
    )


def _question(one: dict[str, Any], written: Mapping[str, str]) -> Question:
    answer = next((name for name in one["answers"] if name in written), one["answers"][0])
    return Question(one["name"], unescape(one["send"]), answer)


def _registers(one: dict[str, Any]) -> Registers:
    keys = ("unit_id", "function", "address", "count")
    return Registers(one["name"], *(one[key] for key in keys))


def _measure(tree: dict[str, Any], told: dict[str, Any]) -> Measure:
    name = told["value"]
    # Of several telegrams that hold the value, that which the simulator can write.
    written = {*told.get("text", {}), *told.get("binary", {})}
    telegram, value = next(
        (telegram["name"], value)
        for telegram in tree["telegram"]
        for value in telegram.get("value", [])
        if value["name"] == name and (telegram["name"] in written or tree["engine"] == "modbus")
    )
    wraps_at = value.get("wraps_at")
    return Measure(
        telegram=telegram,
        value=name,
        behaviour=told["behaviour"],
        resolution=Decimal(told["resolution"]),
        start=Decimal(told.get("start", "0")),
        least=Decimal(told["least"]),
        most=Decimal(told["most"]),
        wraps_at=None if wraps_at is None else Decimal(wraps_at),
        unit_from=value.get("unit_from"),
        units=value["units"] if "unit_from" in value else {"": value["unit"]},
    )
