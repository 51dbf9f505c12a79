"""Which value of an instrument tells exposures."""

from decimal import Decimal

from pydantic import Field

from dosebook_edge.capture.instrument.profile.fields import Exact, Name
from dosebook_edge.capture.instrument.profile.table import Table
from dosebook_edge.capture.instrument.reading import State


class Exposing(Table):
    """Which value tells exposures, and how one ends.

    A dose or count is a counter, whose rise is the exposure. A rate is integrated by the box while
    it is above `above`; of an indication the highest is kept. An activity counts once it is steady.
    """

    value: Name = Field(description="The value that is followed.")
    question: Name | None = Field(
        default=None, description="Question whose answers are, where several get such a telegram."
    )
    each_telegram: bool = Field(
        default=False, description="Each telegram is an exposure of its own, not a counter's state."
    )
    number: Name | None = Field(
        default=None, description="Fact that numbers such telegrams: one said twice counts once."
    )
    time: Name | None = Field(
        default=None, description="Value that counts the seconds; where it goes back, so did all."
    )
    serial: Name | None = Field(
        default=None, description="Fact that tells the serial number, heard after each opening."
    )
    held_in: tuple[State, ...] = Field(
        default=(), description="States in which a measurement is over and its value stands still."
    )
    repeated: bool = Field(
        default=True,
        description="The value is said again and again, so that one altered on the way shows.",
    )
    above: Exact = Field(
        default=Decimal(0),
        description="Rise, rate or activity, in the storage unit, up to which there is no exposure",
    )
    idle_s: float = Field(
        default=30, gt=0, le=3600, description="Without a change for so long, an exposure is over."
    )
    longest_s: float = Field(
        default=3600, ge=60, le=86400, description="After so long an exposure is divided."
    )
    steady_for: int = Field(default=3, ge=2, le=100, description="Equal readings of an activity.")
    steady_within: Exact = Field(
        default=Decimal("0.02"), description="Part of the value by which equal readings differ."
    )
