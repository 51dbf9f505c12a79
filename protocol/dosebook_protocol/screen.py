"""What a box keeps of one screen: the picture, a crop of every value, and all that was read.

The evidence of a screen is one CBOR map `{"frame": PNG, "crops": {path: PNG}, "reading": report}`.
Its pictures are 8-bit grey PNG, not interlaced; `report` is a `ScreenReport` in its JSON form. A
value that the reader released stands in the record's reading as a `DoseValue` whose path is
`ScreenValue.path`; one that a person must look at stands there as a `pending_item` instead, at its
event or, for a total, at the reading itself, and counts nowhere until it is confirmed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Self

import cbor2
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import to_json

from dosebook_protocol.quantities import QUANTITIES, UnitError, measures
from dosebook_protocol.reading import BreastSide, Code, CodedItem, Number, Phantom, Plane
from dosebook_protocol.record import Utc

MEDIA_TYPE: Final = "application/vnd.dosebook.screen+cbor"
KIND: Final = "screen"
"""`Reading.kind` of a record that was read from a screen."""
PATH: Final = "SCREEN/"
"""What the path of every value from a screen begins with: `SCREEN/dlp[2]`, `SCREEN/total_dlp`."""
PROFILE_ITEM: Final = "screen_profile"
"""The item of a reading whose text is `profile@revision`."""
REVIEW_ITEM: Final = "screen_review"
"""The item in the place of a value that waits for a person; see `pending_item`."""

MAX_CROPS: Final = 400
_MAX_CROP: Final = 512 * 1024
_MAX_FRAME: Final = 12 * 1024 * 1024
_MAX_REPORT: Final = 2 * 1024 * 1024
_MAX_PIXELS: Final = 64 * 1024 * 1024
_SCHEME: Final = "99DOSEBOOK"
_PNG: Final = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_GREY: Final = b"\x08\x00\x00\x00\x00"  # depth 8, grey, deflate, adaptive filters, not interlaced
_SHOWN_ERRORS: Final = 3


class ScreenError(ValueError):
    """Evidence of a screen that is damaged or not in its one form; the text says where."""


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Area(_Said):
    """A rectangle in pixels of the frame, from its upper left corner."""

    x: int = Field(ge=0)
    y: int = Field(ge=0)
    width: int = Field(gt=0)
    height: int = Field(gt=0)


class Check(_Said):
    """One cross-check that a value took part in, e.g. `dlp-sum`."""

    name: str
    result: Literal["pass", "fail", "not applicable"]
    detail: str = ""


class Alternative(_Said):
    """Another text that the reader thought possible."""

    text: str
    confidence: float = Field(ge=0, le=1)


class Place(_Said):
    """Where a value belongs: an irradiation event by UID, or else a total of the object."""

    event_uid: str = ""
    plane: Plane | None = None
    side: BreastSide | None = None
    phantom: Phantom | None = None


class ScreenValue(_Said):
    """One value on the screen, as read, before any person saw it.

    `unit` is the one read or declared by the profile (UCUM) and `text` means a number in it:
    `form` "clock" is `mm:ss` or `hh:mm:ss` in a unit of time. `minimum` and `maximum` are the
    profile's limits in that unit, `decimals` how many the screen always shows.
    """

    path: str = Field(pattern=r"^SCREEN/[a-z0-9_]+(\[[0-9]+\])?$")
    label: str
    quantity: str
    unit: str
    form: Literal["number", "clock"] = "number"
    decimals: int | None = Field(default=None, ge=0, le=9)
    minimum: Number | None = None
    maximum: Number | None = None
    text: str
    confidence: float = Field(ge=0, le=1)
    state: Literal["accepted", "review"]
    reason: str = ""  # why a person must look, in words
    reader: Literal["glyphs", "net", "both"]
    second: str = ""  # what the other reader said, where there were two
    alternatives: tuple[Alternative, ...] = ()
    checks: tuple[Check, ...] = ()
    area: Area
    place: Place = Place()

    @model_validator(mode="after")
    def _measures_its_quantity(self) -> Self:
        quantity = QUANTITIES.get(self.quantity)
        if quantity is None:
            raise ValueError(f"{self.quantity!r} is no quantity")
        try:
            is_same = measures(self.unit) == measures(quantity.unit)
        except UnitError:
            is_same = False
        if not is_same:
            raise ValueError(f"{self.unit!r} does not measure {self.quantity}")
        return self


class ScreenReport(_Said):
    """All that was read on one screen, and with what."""

    version: Literal[1] = 1
    profile: str
    revision: str  # hash of the profile file
    source: str  # in words: framebuffer, grabber, secondary capture
    way: Literal["lossless", "grabbed"]
    taken_at: Utc
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    model_hash: str = ""
    runtime: str = ""
    refused: str = ""  # code of why the whole screen was refused: unknown-layout, half-drawn, …
    values: tuple[ScreenValue, ...] = ()
    patient_areas: tuple[Area, ...] = ()  # where the screen shows who the patient is
    is_masked: bool = False  # whether these are blank in the frame

    @model_validator(mode="after")
    def _names_each_value_once(self) -> Self:
        if self.refused and self.values:
            raise ValueError("a refused screen has no values")
        paths = [value.path for value in self.values]
        if len(set(paths)) != len(paths):
            raise ValueError("two values have one path")
        return self


@dataclass(frozen=True, slots=True)
class ScreenEvidence:
    """The opened container: the report, and the pictures as PNG bytes."""

    report: ScreenReport
    frame: bytes
    crops: Mapping[str, bytes]  # by the path of the value


@dataclass(frozen=True, slots=True)
class Pending:
    """A value that waits for a person, as the reading names it."""

    path: str
    quantity: str
    text: str
    reason: str


def pending_item(value: ScreenValue) -> CodedItem:
    """The item that stands in a reading in the place of a value that waits for a person."""
    text = f"{value.text} {value.unit}".strip()
    return item_of(Pending(value.path, value.quantity, text, value.reason))


def item_of(pending: Pending) -> CodedItem:
    """The item that names a value of which nothing counts yet."""
    code = Code(pending.quantity, _SCHEME, pending.reason)
    return CodedItem(REVIEW_ITEM, code, pending.text, pending.path)


def pending_of(item: CodedItem) -> Pending | None:
    """What `item_of` wrote, None for any other item."""
    if item.name != REVIEW_ITEM or item.code is None:
        return None
    return Pending(item.path, item.code.value, item.text, item.code.meaning)


def pack(evidence: ScreenEvidence) -> bytes:
    """Write the container; raises `ScreenError` for one that `unpack` would refuse."""
    tree = {
        "frame": evidence.frame,
        "crops": dict(evidence.crops),
        "reading": evidence.report.model_dump(mode="json", exclude_defaults=True),
    }
    data = cbor2.dumps(tree)
    unpack(data)
    return data


def unpack(data: bytes) -> ScreenEvidence:
    """Open the container; raises `ScreenError` with what is wrong, never with a value."""
    try:
        tree = cbor2.loads(data)
        is_canonical = cbor2.dumps(tree) == data
    except (cbor2.CBORError, ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise ScreenError(f"not CBOR: {type(error).__name__}") from None
    if not isinstance(tree, dict) or tree.keys() != {"frame", "crops", "reading"}:
        raise ScreenError("not a map of frame, crops and reading")
    if not is_canonical:
        raise ScreenError("bytes follow the end, or a key stands twice")
    report = _report(tree["reading"])
    size = _check_picture("frame", tree["frame"], _MAX_FRAME)
    if size != (report.width, report.height):
        raise ScreenError("the frame has another size than the reading says")
    crops = tree["crops"]
    if not isinstance(crops, dict) or len(crops) > MAX_CROPS:
        raise ScreenError(f"crops: not a map of at most {MAX_CROPS} pictures")
    known = {value.path for value in report.values}
    for path, picture in crops.items():
        if path not in known:
            raise ScreenError("a crop belongs to no value of the reading")
        _check_picture(f"crop {path}", picture, _MAX_CROP)
    if known - crops.keys():
        raise ScreenError("a value of the reading has no crop")
    return ScreenEvidence(report, tree["frame"], crops)


def _report(tree: object) -> ScreenReport:
    try:
        text = to_json(tree)
        if len(text) > _MAX_REPORT:
            raise ScreenError(f"reading: over {_MAX_REPORT} bytes")
        return ScreenReport.model_validate_json(text)
    except ValidationError as error:
        errors = error.errors(include_input=False, include_url=False, include_context=False)
        shown = [f"{'.'.join(map(str, one['loc']))}: {one['type']}" for one in errors]
        raise ScreenError(f"reading: {'; '.join(shown[:_SHOWN_ERRORS])}") from None
    except (ValueError, TypeError) as error:
        if isinstance(error, ScreenError):
            raise
        raise ScreenError("reading: not plain values") from None


def _check_picture(what: str, data: object, limit: int) -> tuple[int, int]:
    """Return width and height of a PNG in the one form that both sides write."""
    if not isinstance(data, bytes) or not data.startswith(_PNG):
        raise ScreenError(f"{what}: not a PNG")
    if len(data) > limit:
        raise ScreenError(f"{what}: {len(data)} bytes, the limit is {limit}")
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    if not 0 < width * height <= _MAX_PIXELS:
        raise ScreenError(f"{what}: {width} x {height} pixels")
    if data[24:29] != _GREY:
        raise ScreenError(f"{what}: not an 8-bit grey PNG")
    return width, height
