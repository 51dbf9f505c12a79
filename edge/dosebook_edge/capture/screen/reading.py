"""What the reader says of one picture: every value with its proof, or why there is none."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from dosebook_edge.capture.screen.line import Line
from dosebook_edge.capture.screen.picture import Box, Way
from dosebook_edge.capture.screen.video_signal import VideoSignal

RefusalCode = Literal[
    "black", "screensaver", "unknown-layout", "half-drawn", "cut-off", "resolution-changed",
    "wrong-patient", "older-than-exam", "scaled-down", "self-test",
]  # fmt: skip
Outcome = Literal["pass", "fail", "not applicable"]
Form = Literal["number", "clock", "range", "choice", "text"]
ReaderName = Literal["glyphs", "net", "both"]
Identifier = Literal["id", "accession", "name"]


class LineReader(Protocol):
    """Reads one line of text from a crop; `LineNet` is one."""

    @property
    def model_hash(self) -> str:
        """SHA-256 of the model, in hexadecimal."""
        ...

    @property
    def runtime(self) -> str:
        """Name and version of what runs the model."""
        ...

    def read(self, crop: NDArray[np.uint8], allowed: str | None = None) -> Line:
        """The text of a crop, shape (height, width); only characters of `allowed` where given."""
        ...

    def glance(self, crop: NDArray[np.uint8]) -> str:
        """The likeliest text of a crop, with no word of how sure: enough for a label."""
        ...


@dataclass(frozen=True, slots=True)
class Exam:
    """The exam that runs in the room, as far as the box knows it; "" and None mean unknown."""

    patient_id: str = ""
    accession: str = ""
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a profile lies on a picture: `x * scale_x + left`, `y * scale_y + top`."""

    scale_x: float = 1.0
    scale_y: float = 1.0
    left: float = 0.0
    top: float = 0.0

    def box(self, box: tuple[int, int, int, int]) -> Box:
        """A box of the profile in whole pixels of the picture."""
        x, y, width, height = box
        left, top = x * self.scale_x + self.left, y * self.scale_y + self.top
        right, bottom = left + width * self.scale_x, top + height * self.scale_y
        return Box(round(left), round(top), round(right - left), round(bottom - top))


@dataclass(frozen=True, slots=True)
class Check:
    """One check that a value took part in.

    `proves`: any other digit at any place of the value would have made it fail.
    """

    name: str
    outcome: Outcome
    detail: str = ""
    proves: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing is read from a picture; `detail` is a sentence without patient data."""

    code: RefusalCode
    detail: str


@dataclass(frozen=True, slots=True)
class ReadValue:
    """One value on the screen.

    Attributes:
        name: field of the profile, `total_dlp`; with the row from 1 for a table, `dlp[2]`.
        table: table and row ("" and 0 for a field that stands alone).
        text: as read; `value` is its number in `unit` (UCUM): seconds for a clock, the length
            for a range, None for a text, a choice, and whatever is not grammatical.
        meaning: of a choice, as the profile says.
        quantity: "" for what is read for checks or context alone.
        decimals, minimum, maximum: what the profile allows, in `unit`.
        confidence: 0 to 1, that of the text as a whole.
        reader: who read it; `second` is what the other reader said, where there were two.
        crop: where it stands on the picture; `crop_digest` tells equal pixels.
        state: `accepted` counts as a dose; `review` does not until a person confirms it, and
            `reason` says why. What has no quantity is context and is never counted.
    """

    name: str
    label: str
    text: str
    value: Decimal | None
    unit: str
    quantity: str
    form: Form
    confidence: float
    reader: ReaderName
    crop: Box
    crop_digest: str
    table: str = ""
    row: int = 0
    meaning: str = ""
    decimals: int | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    second: str = ""
    alternatives: tuple[tuple[str, float], ...] = ()
    checks: tuple[Check, ...] = ()
    state: Literal["accepted", "review"] = "review"
    reason: str = "not judged"


@dataclass(frozen=True, slots=True)
class PatientText:
    """Who the screen shows: text and place. It is blanked where policy says so."""

    what: Identifier
    text: str
    confidence: float
    crop: Box


@dataclass(frozen=True, slots=True)
class ScreenReading:
    """All that was read from one picture; `refusal` set means that nothing was.

    `profile` and `revision` (SHA-256 of the profile's file, 12 digits) are "" where no profile
    was found. Values come in the order of the profile, rows of a table from top to bottom.
    `signal` is that of the picture.
    """

    profile: str
    revision: str
    language: str
    source: str
    way: Way
    taken_at: datetime
    width: int
    height: int
    picture_digest: str
    placement: Placement | None
    model_hash: str
    runtime: str
    values: tuple[ReadValue, ...] = ()
    patient: tuple[PatientText, ...] = ()
    refusal: Refusal | None = None
    signal: VideoSignal | None = None

    @property
    def state(self) -> Literal["read", "refused"]:
        """Whether the picture was read at all."""
        return "read" if self.refusal is None else "refused"

    @property
    def accepted(self) -> tuple[ReadValue, ...]:
        """The values that count."""
        return tuple(one for one in self.values if one.state == "accepted")
