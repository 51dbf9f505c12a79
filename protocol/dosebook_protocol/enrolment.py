"""What a registry hands to a new box: its certificate, whom to trust, where to connect."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from dosebook_protocol.record import BoxId


class Enrolment(BaseModel):
    """The enrolment bundle, one JSON file. It holds no secret: the box's key never leaves it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    box_id: BoxId
    certificate_pem: str = Field(max_length=20_000)
    authority_pem: str = Field(max_length=20_000)
    registry_key_id: str = Field(min_length=1, max_length=64)
    registry_public_key: str = Field(pattern="^[0-9a-f]{64}$")
    """Ed25519 key that signs receipts and configuration, hex of its 32 bytes."""
    broker_host: str = Field(min_length=1, max_length=253)
    broker_port: Annotated[int, Field(ge=1, le=65535)]
