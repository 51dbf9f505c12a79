"""Keys of the box's own screen."""

import ipaddress
from datetime import timedelta
from typing import Final, Literal

from pydantic import Field, JsonValue, SecretStr, field_validator, model_validator

from dosebook_edge.config.section import DURATION, LOCAL_ONLY, Section
from dosebook_edge.config.values import Duration
from dosebook_edge.kiosk.pin import is_hash

KIOSK: Final = "kiosk"
"""The source that every decision made on the page states."""

_TABLES: Final[dict[str, JsonValue]] = {"unit": "tables", **LOCAL_ONLY}


class KioskPerson(Section):
    """Somebody who may decide on values at the box."""

    name: str = Field(
        min_length=1,
        max_length=40,
        description="Name or initials, as they stand in the provenance of what they decide.",
        examples=["R. Graf"],
        json_schema_extra=LOCAL_ONLY,
    )
    pin: SecretStr = Field(
        description="Hash of their PIN, as dosebook-box kiosk pin prints it.",
        examples=["scrypt$…"],
        json_schema_extra=LOCAL_ONLY,
    )

    may_draw_profiles: bool = Field(
        default=False,
        description="Whether they may draw profiles of screens: they see whole screens, with the "
        "patients on them, and say what the box reads.",
        examples=[True],
        json_schema_extra=LOCAL_ONLY,
    )

    @field_validator("pin")
    @classmethod
    def _is_hash(cls, pin: SecretStr) -> SecretStr:
        if not is_hash(pin.get_secret_value()):
            raise ValueError("this is no hash of a PIN: make one with dosebook-box kiosk pin")
        return pin


class KioskSection(Section):
    """The page on the box's own screen, to confirm values where no registry is near."""

    enabled: bool = Field(
        default=False,
        description="Whether the box serves its page.",
        examples=[True],
        json_schema_extra=LOCAL_ONLY,
    )
    address: str = Field(
        default="127.0.0.1",
        description="Address that the page is served on. It speaks HTTP without encryption: leave "
        "it on the box itself, unless the screen is on a network of its own.",
        examples=["127.0.0.1"],
        json_schema_extra=LOCAL_ONLY,
    )
    port: int = Field(
        default=8089,
        ge=0,
        le=65535,
        description="Port of the page; 0: any free one.",
        examples=[8089],
        json_schema_extra=LOCAL_ONLY,
    )
    idle: Duration = Field(
        default=timedelta(minutes=3),
        ge=timedelta(seconds=10),
        description="How long nobody touches the page before it asks for a PIN again.",
        examples=["3min"],
        json_schema_extra=DURATION,
    )
    review_delivered: Duration = Field(
        default=timedelta(hours=12),
        ge=timedelta(0),
        description="How long values are still shown after their record was delivered; later they "
        "are reviewed in the registry.",
        examples=["12h"],
        json_schema_extra=DURATION,
    )
    show_patient: Literal["nothing", "initials", "name"] = Field(
        default="initials",
        description="How much of the patient the page shows, for 30 s and again at a touch.",
        examples=["nothing"],
        json_schema_extra=LOCAL_ONLY,
    )
    person: tuple[KioskPerson, ...] = Field(
        default=(),
        description="Who may decide, each as a table [[kiosk.person]].",
        examples=["[[kiosk.person]]"],
        json_schema_extra=_TABLES,
    )

    @field_validator("address")
    @classmethod
    def _is_one_address(cls, text: str) -> str:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            raise ValueError(f"{text!r} is no IP address: 127.0.0.1") from None
        if address.is_unspecified:
            raise ValueError("name one address of the box: a page on all of them is open to all")
        return text

    @model_validator(mode="after")
    def _names_each_once(self) -> "KioskSection":
        names = [one.name for one in self.person]
        if len(set(names)) < len(names):
            raise ValueError("two persons have the same name")
        return self
