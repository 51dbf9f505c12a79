"""The model of a screen profile: one TOML file says where the values of one kind of screen stand.

There are no expressions and no code in a profile: each key is data, and each is checked. Places
are pixels of the screen at its own size; on a grabbed picture they are moved and scaled with the
anchors. Shapes of characters are data of a site (`glyphs.py`), never of a shipped profile.
"""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from dosebook_edge.capture.instrument.profile.fields import Exact, Name, ProfileId
from dosebook_edge.capture.screen.reading import Identifier
from dosebook_protocol.quantities import QUANTITIES, canonical_unit
from dosebook_protocol.reading import BreastSide, Phantom, Plane

SCHEMA_VERSION: Final = 1

Language = Annotated[str, Field(pattern=r"^([a-z]{2}|\*)$")]
CellType = Literal["decimal", "integer", "clock", "range", "choice", "text"]
Area = tuple[
    Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)],
    Annotated[int, Field(ge=3)], Annotated[int, Field(ge=3)],
]  # fmt: skip
Span = tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=3)]]
Texts = dict[Language, Annotated[str, Field(min_length=1, max_length=80)]]


def _unit(code: str) -> str:
    if canonical_unit(code) != code:
        raise ValueError(f"{code!r} is written {canonical_unit(code)!r} in UCUM")
    return code


def _quantity(name: str) -> str:
    if name not in QUANTITIES:
        raise ValueError(f"{name!r} is no quantity: docs/reference/quantities.md lists them")
    return name


Unit = Annotated[str, AfterValidator(_unit)]
QuantityName = Annotated[str, AfterValidator(_quantity)]


class Part(BaseModel):
    """A table of the file: an unknown key and a wrong type are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ScreenSize(Part):
    """Size of the screen that the places of the profile count in."""

    width: int = Field(ge=64, le=8192)
    height: int = Field(ge=32, le=8192)


class Anchor(Part):
    """A static label that shows that it is this screen, and where it lies.

    A language that `texts` leaves out has words there that the reader does not know: any ink will
    do. One edge and its middle count, so that the typeface does not matter.
    """

    name: Name
    box: Area = Field(description="Tight at its edge, centred on the line of text.")
    texts: Texts = Field(min_length=1, description="Language → words; `*` in every language.")
    edge: Literal["left", "right"] = Field(default="left", description="Which edge is fixed.")


class Patch(Part):
    """A static part of the screen in pixels: a site cuts it from its own picture."""

    name: Name
    box: Area
    png: str = Field(min_length=1, description="Base64 of an 8-bit grey PNG of the size of box.")


class Cell(Part):
    """What stands at one place: its form, what it measures, and what it may say."""

    name: Name
    label: str = Field(min_length=1, max_length=60, description="What a person calls it.")
    type: CellType
    quantity: QuantityName | None = Field(default=None, description="None: read for checks.")
    unit: Unit | None = Field(default=None, description="Unit (UCUM) that the screen never shows.")
    unit_box: Area | None = Field(default=None, description="Where the screen shows the unit.")
    units: dict[str, Unit] = Field(
        default={}, description="What stands there, or `*` and how it ends → UCUM."
    )
    decimals: int | None = Field(default=None, ge=0, le=6, description="Always so many.")
    minimum: Exact | None = None
    maximum: Exact | None = None
    one_of: tuple[str, ...] = Field(default=(), description="The only texts, as for a set of kV.")
    choices: dict[str, str] = Field(default={}, description="Of a choice: text → meaning.")
    empty: tuple[str, ...] = Field(default=(), description="Texts that mean no value, as '-'.")
    confidence: float | None = Field(default=None, ge=0, le=1)
    counter: Literal["", "cumulative", "live"] = Field(
        default="", description="Cumulative: never falls in an exam. Live: frames may differ."
    )
    segments: int | None = Field(
        default=None, ge=1, le=12, description="Places of a seven-segment display, dark ones too."
    )
    plane: Plane | None = None
    side: BreastSide | None = None
    phantom: Phantom | None = None


class ScreenField(Cell):
    """A value at a fixed place."""

    box: Area


class Column(Cell):
    """A value in each row of a table."""

    x: Span = Field(description="Left edge and width.")
    role: Literal["", "phantom", "event-type", "protocol", "number", "plane"] = Field(
        default="", description="What the text says of the event of its row."
    )


class Footer(Cell):
    """A value in a line below the last row."""

    x: Span
    down: int = Field(default=0, ge=0, le=10, description="Rows below the first empty one.")
    label_x: Span | None = Field(default=None, description="Where its own label stands.")
    label_texts: Texts = {}


class TableArea(Part):
    """Rows of equal height, one below the other; the first row without ink is the end."""

    name: Name
    top: int = Field(ge=0)
    pitch: int = Field(ge=6)
    height: int = Field(ge=5, description="Pixels of a row that may hold ink.")
    rows: int = Field(ge=1, le=100, description="Most rows that the screen shows.")
    event: Literal["ct", "projection", ""] = Field(
        default="", description="Each row with a value is one such irradiation event."
    )
    column: tuple[Column, ...] = Field(min_length=1)
    footer: tuple[Footer, ...] = ()


class SumCheck(Part):
    """All rows of a column, or all fields, of `parts` add up to `total`.

    The sum proves its values when it holds to the last digit, over at least two parts. A
    difference that rounding explains proves nothing; a greater one fails.
    """

    kind: Literal["sum"]
    parts: tuple[Name, ...] = Field(min_length=1)
    total: Name
    rounding: Exact = Field(description="Largest difference that rounding explains, in the unit.")


class OverRangeCheck(Part):
    """DLP / CTDIvol − scan range is the over-range: between `least_cm` and `most_cm`.

    It is too wide to prove a value, and can only fail.
    """

    kind: Literal["over-range"]
    ctdi_vol: Name
    length: Name
    dlp: Name
    when: dict[Name, tuple[str, ...]] = Field(
        default={}, description="Only rows whose texts are these, as helical ones."
    )
    least_cm: Exact
    most_cm: Exact


class RatioCheck(Part):
    """One value over another, in storage units, as KAP / Ka,r: a lost decimal point fails."""

    kind: Literal["ratio"]
    over: Name
    under: Name
    least: Exact
    most: Exact


ScreenCheck = Annotated[SumCheck | OverRangeCheck | RatioCheck, Field(discriminator="kind")]


class PatientField(Part):
    """Where the screen shows who the patient is: compared with the running exam, and masked."""

    what: Identifier
    box: Area


class Release(Part):
    """Confidence below which a value goes to a person, and how many frames have to agree."""

    lossless: float = Field(default=0.8, ge=0, le=1)
    grabbed: float = Field(default=0.97, ge=0, le=1)
    frames: int = Field(default=2, ge=2, le=5)


class ScreenProfile(Part):
    """All that is known of one kind of screen."""

    schema_version: Literal[1]
    id: ProfileId
    maker: str = Field(min_length=1)
    model: str
    software: str = ""
    modality: Literal["CT", "XA", "RF", "DX", "MG", "OT"]
    languages: tuple[Annotated[str, Field(pattern="^[a-z]{2}$")], ...] = Field(min_length=1)
    decimal_marks: tuple[Literal[".", ","], ...] = Field(min_length=1)
    proved_on: tuple[str, ...] = Field(min_length=1, description="What material, in words.")
    sources: tuple[str, ...] = Field(min_length=1, description="Where the layout is known from.")
    notes: tuple[str, ...] = ()
    screen: ScreenSize
    anchor: tuple[Anchor, ...] = ()
    patch: tuple[Patch, ...] = ()
    field: tuple[ScreenField, ...] = ()
    table: tuple[TableArea, ...] = ()
    check: tuple[ScreenCheck, ...] = ()
    patient: tuple[PatientField, ...] = ()
    release: Release = Release()

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Fields, and the columns and footers of each table."""
        inside = (cell for one in self.table for cell in (*one.column, *one.footer))
        return (*self.field, *inside)

    @property
    def measures(self) -> list[str]:
        """The quantities that it shows, each once."""
        return sorted({one.quantity for one in self.cells if one.quantity})
