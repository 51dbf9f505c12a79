"""What persons decided in the registry on values of a box's screens, carried back to that box.

A file of one signed message, not a part of the wire: an engineer downloads it and loads it at the
box. It holds the crop of a value, what it says and who said so, and nothing of a patient.
"""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from dosebook_protocol.cose import MAX_ENVELOPE
from dosebook_protocol.record import BoxId, Message, RecordId, Utc
from dosebook_protocol.screen import PATH
from dosebook_protocol.wire import decode_message, encode_message

MAX_FILE: Final = MAX_ENVELOPE
MOST: Final = 200
"""Values of one file."""


class ConfirmedValue(BaseModel):
    """One value of a lossless screen as a person confirmed it: `text` is what stands in `crop`.

    `id` is the same in each file, `record_id`, `source`, `profile` and `path` say where it was
    read, `shown` what was read, `by` and `at` who confirmed it and when.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64"
    )

    id: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    record_id: RecordId
    source: str
    profile: str
    path: str = Field(pattern=f"^{PATH}")
    shown: str
    text: str = Field(min_length=1, max_length=40)
    act: Literal["accept", "correct"]
    crop: bytes
    by: str
    at: Utc


class ConfirmedValues(Message):
    """The latest values of one box that persons confirmed, as far as they stand when issued."""

    box_id: BoxId
    issued_at: Utc
    values: tuple[ConfirmedValue, ...] = Field(max_length=MOST)


def encode_confirmed(values: ConfirmedValues) -> bytes:
    """The payload of a file."""
    return encode_message(values)


def decode_confirmed(payload: bytes) -> ConfirmedValues:
    """Return what `encode_confirmed` wrote; raises `MessageError`."""
    return decode_message(ConfirmedValues, payload)
