"""How an instrument is played; nothing is read with it."""

from decimal import Decimal
from typing import Literal

from pydantic import Field

from dosebook_edge.capture.instrument.profile.fields import Bytes, Exact, Name
from dosebook_edge.capture.instrument.profile.table import Table


class Simulated(Table):
    """How `dosebook-simulate` plays the instrument; nothing is read with it.

    Amounts are in the unit that the value has. A template of text has places `{fact}`, or
    `{fact:07.2f}` for a number; one of bytes is a whole frame in which items are replaced.
    """

    behaviour: Literal["counter", "held", "rate", "sample"] = Field(
        description="What an exposure does: raise a counter, reach a dose that is held, show a "
        "rate while it lasts, show an activity while a sample is inside."
    )
    value: Name = Field(description="The value that exposures change.")
    resolution: Exact = Field(description="Smallest step that is shown.")
    start: Exact = Field(default=Decimal(0), description="Shown before the first exposure.")
    least: Exact = Field(description="Of one exposure.")
    most: Exact
    time: Name | None = Field(default=None, description="Value that tells its seconds.")
    every_s: Exact = Field(default=Decimal(2), description="Between telegrams sent unasked.")
    facts: dict[str, str] = Field(default={}, description="What is always said, by name.")
    switched: dict[str, str] = Field(default={}, description="Facts of another unit.")
    states: dict[Literal["idle", "measuring", "hold", "overload"], dict[str, str]] = Field(
        default={}
    )
    text: dict[Name, Bytes] = Field(default={}, description="Telegram → template, with its end.")
    binary: dict[Name, str] = Field(default={}, description="Telegram → frame in hexadecimal.")
    overloaded: Bytes | None = Field(default=None, description="Said in place of the value.")
    refused: Bytes | None = Field(default=None, description="Said to what is no question.")
