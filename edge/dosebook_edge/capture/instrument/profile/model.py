"""The model of a profile: one TOML file says all that Dosebook knows of one kind of instrument.

There are no expressions and no code in a profile: each key is data, and each is checked.
"""

from typing import Annotated, Final, Literal

from pydantic import Field

from dosebook_edge.capture.instrument.profile.checksums import ChecksumType
from dosebook_edge.capture.instrument.profile.exposing import Exposing
from dosebook_edge.capture.instrument.profile.fields import (
    Bytes,
    Exact,
    Name,
    Pattern,
    ProfileId,
    Unit,
)
from dosebook_edge.capture.instrument.profile.measures import InstrumentQuantity
from dosebook_edge.capture.instrument.profile.numbers import Order, Type
from dosebook_edge.capture.instrument.profile.simulated import Simulated
from dosebook_edge.capture.instrument.profile.table import Table
from dosebook_edge.capture.instrument.reading import Kind, State

SCHEMA_VERSION: Final = 1

Status = Literal["documented", "seen in code", "site-filled"]
Category = Literal["dap", "dose", "rate", "area", "activity", "count", "electrometer"]


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
    codes: dict[str, State | Literal[""]] = Field(default={})
    bits: dict[str, State] = Field(default={})
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
