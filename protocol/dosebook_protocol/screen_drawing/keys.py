"""The keys of a screen profile as a form shows them.

What a key may say is known to the box alone (`reader.py` asks it): here stand the words beside
each field, in which form it is typed, and in which order the file has it.
"""

from dataclasses import dataclass
from typing import Final, Literal

from dosebook_protocol.quantities import QUANTITIES

Kind = Literal[
    "line", "lines", "words", "whole", "share", "exact", "choice", "box", "span", "pairs",
    "lists", "hidden",
]  # fmt: skip
"""How a value is typed: `pairs` is one `left = right` a line, `box` four whole numbers."""

Options = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Key:
    """One key; `only` names the kinds of check that have it, `is_rare` hides it at first.

    `default` is what the file means without it; of `pairs` the value has no `=` if `is_last`.
    """

    name: str
    kind: Kind
    label: str
    hint: str = ""
    options: Options = ()
    only: tuple[str, ...] = ()
    is_rare: bool = False
    is_last: bool = False
    default: str | float | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Things of one kind, each a part of the profile's file: `[[anchor]]`, `[[table.column]]`."""

    name: str
    title: str
    one: str
    teach: str
    keys: tuple[Key, ...]
    inside: tuple["Section", ...] = ()


def _names(*values: str) -> Options:
    return tuple((one, one) for one in values)


_NAME: Final = Key("name", "line", "Name", "small letters, digits and _")
_BOX: Final = Key("box", "box", "Place", "left, top, width, height in pixels")
_SPAN: Final = Key("x", "span", "Place", "left edge and width in pixels")
_QUANTITIES: Final = tuple(
    (one.name, f"{one.label} ({one.name})")
    for one in sorted(QUANTITIES.values(), key=lambda one: (not one.is_dose, one.label))
)

_CELL: Final = (
    Key("label", "line", "Label", "what a person calls it"),
    _NAME,
    Key(
        "type", "choice", "Type", "how it is written",
        (
            ("decimal", "number with decimals"), ("integer", "whole number"),
            ("clock", "time, mm:ss or hh:mm:ss"), ("range", "range, S57.500-I102.250"),
            ("choice", "one of a few words"), ("text", "any text"),
        ),
    ),
    Key("quantity", "choice", "Quantity", "none: read for checks only", _QUANTITIES),
    Key("unit", "line", "Unit, never shown", "UCUM; only where the screen shows no unit"),
    Key("unit_box", "box", "Place of the unit", "where the screen shows it"),
    Key("units", "pairs", "Units that may stand there", "shown = UCUM, one a line: mGy*cm = mGy.cm",
        is_last=True),
    Key("decimals", "whole", "Decimals", "always so many"),
    Key("minimum", "exact", "Smallest", "in the unit"),
    Key("maximum", "exact", "Largest plausible", "in the unit; a dose has one"),
    Key("choices", "pairs", "Words of a choice", "shown = meaning, one a line: *32 = 32cm",
        is_last=True, is_rare=True),
    Key("empty", "lines", "Texts that mean no value", "one a line, as -", is_rare=True),
    Key("counter", "choice", "Counter", "",
        (("cumulative", "never falls in an exam"), ("live", "may change between pictures")),
        is_rare=True, default=""),
    Key("segments", "whole", "Places of a seven-segment display", "dark ones too", is_rare=True),
    Key("plane", "choice", "Plane", "", _names("a", "b"), is_rare=True),
    Key("side", "choice", "Breast", "", _names("left", "right", "both"), is_rare=True),
    Key("phantom", "choice", "Phantom", "", _names("16cm", "32cm"), is_rare=True),
    Key("one_of", "lines", "The only texts", "one a line, as for a set of kV", is_rare=True),
    Key("confidence", "share", "Confidence asked", "0 to 1", is_rare=True),
)  # fmt: skip

PROFILE: Final = (
    Key("id", "line", "Name of the profile", "small letters, digits and hyphens, as my-c-arm"),
    Key("maker", "line", "Maker"),
    Key("model", "line", "Console", "model, and which page it is"),
    Key("software", "line", "Software version", is_rare=True, default=""),
    Key("modality", "choice", "Modality", "", _names("CT", "XA", "RF", "DX", "MG", "OT")),
    Key("languages", "words", "Languages", "two letters each, as en de"),
    Key("decimal_marks", "words", "Decimal mark", "",
        ((".", "point"), (",", "comma"), (". ,", "either"))),
    Key("proved_on", "lines", "Proved on", "in words: how many pictures, of what, when"),
    Key("sources", "lines", "Where the layout is known from", "as: pictures of our own console"),
    Key("notes", "lines", "Notes", is_rare=True),
)  # fmt: skip
SCREEN: Final = (Key("width", "whole", "Width"), Key("height", "whole", "Height"))
RELEASE: Final = (
    Key("lossless", "share", "Confidence, as drawn", "0 to 1; 0.8 unless said", default=0.8),
    Key("grabbed", "share", "Confidence, grabbed", "0 to 1; 0.97 unless said", default=0.97),
    Key("frames", "whole", "Pictures that agree", "2 unless said", default=2),
)

_COLUMN: Final = Section(
    "column", "Columns", "column", "A value in each row.",
    (
        *_CELL[:2], _SPAN, *_CELL[2:],
        Key("role", "choice", "Says of its row", "",
            (("phantom", "phantom"), ("event-type", "type of event"), ("protocol", "protocol"),
             ("number", "number"), ("plane", "plane")), is_rare=True, default=""),
    ),
)  # fmt: skip
_FOOTER: Final = Section(
    "footer", "Below the last row", "line below", "A total in a line below the last row.",
    (
        *_CELL[:2], _SPAN,
        Key("down", "whole", "Rows below the first empty one", default=0),
        Key("label_x", "span", "Place of its own label", "left edge and width"),
        Key("label_texts", "pairs", "Words of its label", "language = words, * in every language"),
        *_CELL[2:],
    ),
)  # fmt: skip
SECTIONS: Final = (
    Section(
        "anchor", "Labels", "label",
        "Words that are always there; the screen is known by them. Two at least, better five far "
        "apart, one near the lower edge. The box is tight at the edge that is fixed and centred "
        "on the line.",
        (
            _NAME, _BOX,
            Key("texts", "pairs", "Words", "language = words, one a line; * = KAP in every "
                "language"),
            Key("edge", "choice", "Fixed edge", "left unless said", (("right", "right"),),
                default="left"),
        ),
    ),
    Section(
        "field", "Values", "value", "A value at a place of its own. Draw the box with room for "
        "the longest number.", (*_CELL[:2], _BOX, *_CELL[2:]),
    ),
    Section(
        "table", "Tables", "table", "Rows of equal height. Draw the first row, then its columns.",
        (
            _NAME,
            Key("top", "whole", "Top of the first row"),
            Key("pitch", "whole", "From row to row"),
            Key("height", "whole", "Height of a row"),
            Key("rows", "whole", "Most rows shown"),
            Key("event", "choice", "Each row is", "an irradiation event",
                (("ct", "a CT event"), ("projection", "a projection event")), default=""),
        ),
        (_COLUMN, _FOOTER),
    ),
    Section(
        "patient", "Patient", "place of the patient", "Where the screen shows who it is: compared "
        "with the running exam, and blanked where the box is told to.",
        (
            Key("what", "choice", "What stands there", "",
                (("id", "patient number"), ("accession", "accession number"), ("name", "name"))),
            _BOX,
        ),
    ),
    Section(
        "check", "Checks between values", "check", "What has to agree. A sum proves its values "
        "where it holds to the last digit; the others can only fail.",
        (
            Key("kind", "choice", "Kind", "",
                (("sum", "parts add up to a total"), ("ratio", "one over another"),
                 ("over-range", "DLP / CTDIvol less the range"))),
            Key("parts", "words", "Parts", "names of values", only=("sum",)),
            Key("total", "line", "Total", "name of a value", only=("sum",)),
            Key("rounding", "exact", "Rounding may differ by", "0 if never", only=("sum",)),
            Key("over", "line", "Value", "name", only=("ratio",)),
            Key("under", "line", "over", "name", only=("ratio",)),
            Key("least", "exact", "Smallest", "in storage units", only=("ratio",)),
            Key("most", "exact", "Largest", "in storage units", only=("ratio",)),
            Key("ctdi_vol", "line", "CTDIvol", "name", only=("over-range",)),
            Key("length", "line", "Scan range", "name", only=("over-range",)),
            Key("dlp", "line", "DLP", "name", only=("over-range",)),
            Key("when", "lists", "Only rows where", "name = texts, as type = helical, axial",
                only=("over-range",)),
            Key("least_cm", "exact", "Smallest, cm", "", only=("over-range",)),
            Key("most_cm", "exact", "Largest, cm", "", only=("over-range",)),
        ),
    ),
    Section(
        "patch", "Identification patches", "patch", "A part of the screen that never changes, as "
        "a logo: the very same pixels have to be there. Draw it; it is cut from the first picture.",
        (_NAME, _BOX, Key("png", "hidden", "Pixels")),
    ),
)  # fmt: skip
