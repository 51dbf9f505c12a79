"""The model of a profile: one TOML file says all that Dosebook knows of one kind of instrument.

There are no expressions and no code in a profile: each key is data, and each is checked.
"""

from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from dosebook_edge.capture.instrument.checksums import ChecksumType
from dosebook_edge.capture.instrument.fields import Bytes, Exact, Name, Pattern, ProfileId, Unit
from dosebook_edge.capture.instrument.measures import InstrumentQuantity
from dosebook_edge.capture.instrument.numbers import Order, Type
from dosebook_edge.capture.instrument.reading import Kind, State

SCHEMA_VERSION: Final = 1

Status = Literal["documented", "seen in code", "site-filled"]
Category = Literal["dap", "dose", "rate", "area", "activity", "count", "electrometer"]


class Table(BaseModel):
    """A table of the file: an unknown key and a wrong type are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Serial(Table):
    """A serial line, with the settings that the source states."""

    kind: Literal["serial"]
    baudrate: int = Field(ge=110, le=1_000_000, description="Bits a second.")
    bytesize: Literal[7, 8] = 8
    parity: Literal["N", "E", "O"] = "N"
    stopbits: Literal[1, 2] = 1
    rtscts: bool = False
    site_sets: tuple[str, ...] = Field(default=(), description="Keys that differ from site to site")


class Tcp(Table):
    """A TCP port of the instrument; `tcp-listen`: the instrument connects to the box."""

    kind: Literal["tcp", "tcp-listen"]
    port: int = Field(ge=1, le=65535)
    site_sets: tuple[str, ...] = ()


Transport = Annotated[Serial | Tcp, Field(discriminator="kind")]


class Lines(Table):
    """Text lines; any of the characters in `ends` ends one, empty lines are left out."""

    mode: Literal["line"]
    ends: Bytes = r"\r\n"
    max_size: int = Field(ge=1, le=4096)


class Length(Table):
    """Where a frame says its own length: the number there plus `adds` is the whole frame."""

    at: int = Field(ge=0, le=64)
    type: Type
    order: Order = "ABCD"
    adds: int = 0


class Checksum(Table):
    """A block check over the bytes `start` to `end` of the frame, found at `at`."""

    type: ChecksumType
    start: int = Field(default=0, ge=0)
    end: int = Field(lt=0, description="Counted from the end of the frame.")
    at: int = Field(lt=0, description="Counted from the end of the frame.")


class Packet(Table):
    """A frame: what it begins and ends with, and its size: fixed, stated in it, or by its end."""

    mode: Literal["packet"]
    start: Bytes | None = None
    end: Bytes | None = None
    size: int | None = Field(default=None, ge=1, le=4096)
    length: Length | None = None
    min_size: int = Field(default=1, ge=1)
    max_size: int = Field(ge=1, le=4096)
    between: Bytes | None = Field(
        default=None, description="Bytes that may stand between two frames and mean nothing."
    )
    checksum: Checksum | None = None


class ModbusFraming(Table):
    """Modbus: `rtu` on a serial line or inside TCP, `tcp` with its own header."""

    mode: Literal["rtu", "tcp"]


class Item(Table):
    """One number or text at a place in a frame: `at` bytes from its start, or a register."""

    name: Name
    at: int = Field(ge=0, le=4096, description="Byte of the frame; register of a Modbus answer.")
    type: Type
    order: Order = Field(default="ABCD", description="Bytes as sent, A the most significant.")
    length: int = Field(default=0, ge=0, le=256, description="Bytes of a text.")


class Value(Table):
    """One reading of a telegram."""

    name: Name
    source: Name = Field(description="Group of the pattern, or item, that holds the number.")
    quantity: tuple[InstrumentQuantity, ...] = Field(min_length=1)
    exponent: Name | None = Field(default=None, description="Group put behind the number: E-3.")
    minutes: Name | None = Field(default=None, description="Minutes added to a number of seconds.")
    scale: Exact | None = Field(default=None, description="The number times this is in the unit.")
    unit: Unit | None = Field(default=None, description="Unit (UCUM) that the source states.")
    unit_from: Name | None = Field(default=None, description="Fact that says the unit.")
    units: dict[str, Unit] = Field(default={}, description="What that fact says → UCUM.")
    overload: tuple[str, ...] = Field(default=(), description="Texts in place of the number.")
    no_value: tuple[str, ...] = Field(default=(), description="Texts or numbers that mean none.")
    minimum: Exact | None = None
    maximum: Exact | None = None
    counter: Literal["cumulative", "instantaneous"] = "instantaneous"
    wraps_at: Exact | None = None
    frozen_after_s: int | None = Field(
        default=None, ge=1, description="The number always moves: the same for so long is odd."
    )


class StateMap(Table):
    """States that a fact tells, as a code or as bits of a number."""

    source: Name
    codes: dict[str, State | Literal[""]] = {}
    bits: dict[str, State] = {}
    base: Literal[10, 16] = 10


class Telegram(Table):
    """One thing that the instrument says; text by a pattern, binary by items."""

    name: Name
    pattern: Pattern | None = Field(default=None, description="Has to match all of it.")
    items: tuple[Item, ...] = ()
    size: int | None = Field(default=None, description="Bytes of a binary frame.")
    when: dict[str, Pattern] = Field(
        default={}, description="Patterns of items that say that it is this telegram."
    )
    remember: tuple[Name, ...] = Field(
        default=(), description="Facts kept for later telegrams, until the connection ends."
    )
    states: tuple[State, ...] = Field(default=(), description="States of every such telegram.")
    state: tuple[StateMap, ...] = ()
    value: tuple[Value, ...] = ()


class DeviceError(Table):
    """An answer that says that there is none."""

    pattern: Pattern
    meaning: str
    kind: Literal["device-error", "overload"] = "device-error"


class Question(Table):
    """What the box sends, and the telegrams that may answer."""

    name: Name
    send: Bytes
    answers: tuple[Name, ...] = Field(min_length=1)


class ModbusQuestion(Table):
    """A read of registers; its answer is the telegram of the same name."""

    name: Name
    unit_id: int = Field(ge=1, le=247)
    function: Literal[3, 4]
    address: int = Field(ge=0, le=65535, description="As on the wire, counted from 0.")
    count: int = Field(ge=1, le=125)


class Listening(Table):
    """When to begin to listen, and when silence is no longer normal."""

    settle_s: float = Field(
        ge=0, le=60, description="Pause after opening; what comes in it answers no question."
    )
    stale_after_s: float = Field(
        gt=0, le=86400, description="Without a telegram for so long, the line is opened anew."
    )


class Polling(Listening):
    """What is asked when, and how long an answer may take."""

    at_open: tuple[Name, ...] = Field(
        description="Questions asked once after each opening: unit, identification, number."
    )
    poll: tuple[Name, ...] = Field(min_length=1, description="Questions of each round, in order.")
    identify: Name | None = Field(
        default=None, description="Question that may be put to an unknown instrument."
    )
    every_s: float = Field(ge=0.05, le=3600, description="From round to round.")
    every_active_s: float = Field(
        ge=0.05, le=3600, description="From round to round while something is measured."
    )
    answer_within_s: float = Field(gt=0, le=120)
    tries: int = Field(ge=1, le=10, description="How often an unanswered question is put.")
    pause_s: float = Field(ge=0, le=60, description="Between an answer and the next question.")


class Safety(Table):
    """What may never be sent, beside what no profile may send."""

    forbid: tuple[Pattern, ...] = ()


class Expected(Table):
    """A reading that a vector gives."""

    name: Name
    text: str
    unit: Unit
    stored: Exact
    states: tuple[State, ...] = ()


class Accept(Table):
    """A transcript and the readings that it gives, all of them."""

    name: str
    origin: str = Field(description="Where the bytes come from, or `constructed`.")
    transcript: str
    readings: tuple[Expected, ...] = Field(min_length=1)


class Reject(Table):
    """A transcript that gives no reading, and the kinds of notice that it gives."""

    name: str
    origin: str
    transcript: str
    notices: tuple[Kind, ...] = Field(min_length=1)


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
    states: dict[Literal["idle", "measuring", "hold", "overload"], dict[str, str]] = {}
    text: dict[Name, Bytes] = Field(default={}, description="Telegram → template, with its end.")
    binary: dict[Name, str] = Field(default={}, description="Telegram → frame in hexadecimal.")
    overloaded: Bytes | None = Field(default=None, description="Said in place of the value.")
    refused: Bytes | None = Field(default=None, description="Said to what is no question.")


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


class _Profile(Table):
    schema_version: Literal[1]
    id: ProfileId
    maker: str
    model: str
    category: Category
    status: Status
    sources: tuple[str, ...] = Field(min_length=1)
    notes: tuple[str, ...] = ()
    transport: Transport
    telegram: tuple[Telegram, ...] = Field(min_length=1)
    error: tuple[DeviceError, ...] = ()
    accept: tuple[Accept, ...] = Field(min_length=1)
    reject: tuple[Reject, ...] = Field(min_length=1)
    exposure: Exposing | None = Field(
        default=None, description="Without this table nothing becomes an exposure."
    )
    simulate: Simulated | None = None

    @property
    def measures(self) -> list[InstrumentQuantity]:
        """The quantities of its readings, each once."""
        values = (value for telegram in self.telegram for value in telegram.value)
        return sorted({quantity for value in values for quantity in value.quantity})


class LineProfile(_Profile):
    """The instrument sends lines, unasked."""

    engine: Literal["line"]
    framing: Lines
    timing: Listening


class PollProfile(_Profile):
    """Text question, text answer; SCPI is one of these."""

    engine: Literal["poll"]
    framing: Lines
    timing: Polling
    question: tuple[Question, ...] = Field(min_length=1)
    safety: Safety


class FrameProfile(_Profile):
    """Binary question, binary answer."""

    engine: Literal["frame"]
    framing: Packet
    timing: Polling
    question: tuple[Question, ...] = Field(min_length=1)
    safety: Safety


class ModbusProfile(_Profile):
    """Registers read over Modbus; functions that write do not exist here."""

    engine: Literal["modbus"]
    framing: ModbusFraming
    timing: Polling
    question: tuple[ModbusQuestion, ...] = Field(min_length=1)


class PushProfile(_Profile):
    """The instrument connects to the box and sends."""

    engine: Literal["push"]
    framing: Lines | Packet = Field(discriminator="mode")
    timing: Listening


Profile = LineProfile | PollProfile | FrameProfile | ModbusProfile | PushProfile
