"""Keys of a source that reads a dosimeter over its line."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from pydantic import Field

from dosebook_edge.config.section import DURATION, LOCAL_ONLY, NamedSource
from dosebook_edge.config.values import Duration


class InstrumentSourceSection(NamedSource):
    """A dosimeter on a serial line or on the network, read as its profile says."""

    kind: Literal["instrument"] = Field(
        description="Way of capture.", examples=["instrument"], json_schema_extra=LOCAL_ONLY
    )
    profile: str = Field(
        description="Id of a shipped profile (dosebook-box instrument list), or the path of one.",
        examples=["ptw-diamentor"],
        json_schema_extra=LOCAL_ONLY,
    )
    address: str = Field(
        description="Where the instrument is: usb:VENDOR:PRODUCT[:SERIAL], a /dev/serial/by-id "
        "name, tcp://HOST:PORT, rfc2217://HOST:PORT, or listen://ADDRESS:PORT.",
        examples=["usb:0403:6001:A50285BI"],
        json_schema_extra=LOCAL_ONLY,
    )
    allowed_peers: tuple[str, ...] = Field(
        default=(),
        description="Addresses or networks that may connect to a listen:// address.",
        examples=[["192.0.2.40"]],
        json_schema_extra=LOCAL_ONLY,
    )
    baudrate: int | None = Field(
        default=None,
        ge=110,
        le=1_000_000,
        description="Bits a second, where the profile lets the site set it.",
        examples=[19200],
        json_schema_extra=LOCAL_ONLY,
    )
    unit_id: int | None = Field(
        default=None,
        ge=1,
        le=247,
        description="Modbus unit, where the profile lets the site set it.",
        examples=[2],
        json_schema_extra=LOCAL_ONLY,
    )
    serial_number: str = Field(
        default="",
        max_length=64,
        description="Serial number, where the instrument does not tell it. Change it with the "
        "instrument: another number begins to count anew.",
        examples=["004711"],
    )
    modality: str = Field(
        default="",
        max_length=16,
        description="Modality of the room (DICOM code); empty: that of the procedure step.",
        examples=["RF"],
    )
    meaning: Literal["not stated", "dose_rp", "entrance_dose"] = Field(
        default="not stated",
        description="What an air kerma is measured at: the reference point, or the patient's "
        "entrance; not stated: it is no patient's dose.",
        examples=["dose_rp"],
    )
    dap_position: Literal["before table", "after table", "not stated"] = Field(
        default="not stated",
        description="Where the chamber of a DAP meter is, seen from the tube.",
        examples=["before table"],
    )
    calibration_factor: Decimal = Field(
        default=Decimal(1),
        gt=0,
        description="What each value is multiplied by; the uncorrected value is kept too.",
        examples=["1.043"],
    )
    calibration_certificate: str = Field(
        default="",
        max_length=64,
        description="Number of the calibration certificate.",
        examples=["DKD-K-05501 2026-0311"],
    )
    calibration_date: date | None = Field(
        default=None, description="Day of the calibration.", examples=["2026-03-11"]
    )
    calibration_due: date | None = Field(
        default=None, description="Day on which the next one is due.", examples=["2028-03-11"]
    )
    steps_from: tuple[str, ...] = Field(
        default=(),
        description="Names of the DICOM sources whose procedure steps run in this room; empty: all "
        "of this box.",
        examples=[["fluoro"]],
        json_schema_extra=LOCAL_ONLY,
    )
    late_step: Duration = Field(
        default=timedelta(seconds=10),
        ge=timedelta(0),
        le=timedelta(minutes=2),
        description="How long after the beginning of an exposure a procedure step may begin that "
        "it still belongs to, while there is no other.",
        examples=["10s"],
        json_schema_extra=DURATION,
    )
    idle: Duration | None = Field(
        default=None,
        ge=timedelta(seconds=1),
        le=timedelta(hours=1),
        description="Without a change for so long, an exposure is over; else as the profile says "
        "(30s).",
        examples=["30s"],
        json_schema_extra=DURATION,
    )
    above: Decimal | None = Field(
        default=None,
        ge=0,
        description="Rise, rate or activity, in the storage unit of its quantity, up to which it "
        "is no exposure; else as the profile says.",
        examples=["0.5"],
    )
