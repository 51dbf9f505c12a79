"""What truly happened to a simulated instrument, as lines of JSON: to compare a registry with."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Final

from dosebook_edge.simulate.instrument.device import Device
from dosebook_edge.simulate.instrument.numbers import stored
from dosebook_edge.simulate.instrument.plan import Plan
from dosebook_edge.simulate.instrument.profile import Playable

# A rate in its storage unit → what it adds up to, and the seconds that its unit is for.
_ADDS_UP: Final = {
    "uSv/h": ("uSv", 3600),
    "{count}/min": ("{n}", 60),
    "A": ("C", 1),
    "1": ("1.s", 1),
}


@dataclass(frozen=True, slots=True)
class ExposureTruth:
    """One true exposure: as shown, and exactly in Dosebook's storage unit.

    `rate` is empty but for an instrument that shows a rate: there `shown` and `stored` are the
    dose that the rate adds up to, which nothing shows, and `rate` is its height.
    """

    number: int
    started_s: float
    ended_s: float
    shown: str
    unit: str
    stored: str
    stored_unit: str
    rate: str = ""


def exposures(profile: Playable, plan: Plan) -> Iterator[ExposureTruth]:
    """The truth of every exposure of a plan, in order."""
    device = Device(profile, plan)
    for one in plan.exposures:
        amount, unit = device.true_amount(one), device.unit(one)
        value, stored_unit = stored(amount, unit)
        rate = ""
        if profile.measure.behaviour == "rate":
            rate = f"{_plain(value)} {stored_unit}"
            stored_unit, seconds = _ADDS_UP[stored_unit]
            amount = value = value * Decimal(str(round(one.ended_s - one.started_s, 3))) / seconds
            unit = stored_unit
        yield ExposureTruth(
            one.number,
            round(one.started_s, 3),
            round(one.ended_s, 3),
            _plain(amount),
            unit,
            _plain(value),
            stored_unit,
            rate,
        )


def lines(profile: Playable, plan: Plan) -> Iterator[tuple[float, dict[str, Any]]]:
    """When each thing of a plan is over, and its line; in order of time."""
    told: list[tuple[float, dict[str, Any]]] = [
        (one.ended_s, {"event": "exposure", **asdict(one)}) for one in exposures(profile, plan)
    ]
    told += [(one.ended_s, {"event": "fault", **asdict(one)}) for one in plan.incidents]
    return iter(sorted(told, key=lambda line: line[0]))


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
