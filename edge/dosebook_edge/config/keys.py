"""Every key of a box's configuration, once: type, unit, default, example and what it means."""

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from dosebook_edge.config.dicom_source import DicomSourceSection
from dosebook_edge.config.kiosk import KIOSK, KioskSection
from dosebook_edge.config.section import DURATION, LOCAL_ONLY, Section
from dosebook_edge.config.sources import SourceSection
from dosebook_edge.config.values import Duration, Size
from dosebook_protocol.record import BoxId


class BoxSection(Section):
    """Who and where this box is."""

    id: BoxId = Field(
        description="Name of the box at the registry: a-z, 0-9 and '-'. It stays for life.",
        examples=["ct-room-2"],
        json_schema_extra=LOCAL_ONLY,
    )
    room: str = Field(
        default="", max_length=64, description="Where the box stands.", examples=["CT 2"]
    )
    data_dir: Path = Field(
        default=Path("/var/lib/dosebook-box"),
        description="Folder of the outbox, the identity and the status file.",
        examples=["/var/lib/dosebook-box"],
        json_schema_extra=LOCAL_ONLY,
    )


class LogSection(Section):
    """What is logged, as JSON lines on standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe level that is logged.", examples=["warning"]
    )


class OutboxSection(Section):
    """How much may wait, and how long delivered records are kept."""

    max_size: Size = Field(
        default=4_000_000_000,
        ge=1_000_000,
        description="Largest size of the outbox; beyond it new objects are refused, none is lost.",
        examples=["4GB"],
        json_schema_extra={"unit": "size"},
    )
    warn_percent: float = Field(
        default=80,
        ge=1,
        le=100,
        description="Part of the outbox or of its disk from which the box warns.",
        examples=[80],
        json_schema_extra={"unit": "%"},
    )
    keep_delivered: Duration = Field(
        default=timedelta(days=30),
        description="How long the content of delivered records is kept for a replay.",
        examples=["30d"],
        json_schema_extra=DURATION,
    )
    keep_ledger: Duration = Field(
        default=timedelta(days=400),
        description="How long it is remembered that a record was delivered.",
        examples=["400d"],
        json_schema_extra=DURATION,
    )


class UplinkSection(Section):
    """How records go to the registry. Its address comes with the enrolment."""

    enabled: bool = Field(
        default=True, description="Whether the box connects to the registry.", examples=[True]
    )
    window_records: int = Field(
        default=256,
        ge=1,
        le=65535,
        description="Most records on their way without a receipt.",
        examples=[256],
    )
    window_size: Size = Field(
        default=8_000_000,
        ge=65536,
        description="Most bytes on their way without a receipt.",
        examples=["8MB"],
        json_schema_extra={"unit": "size"},
    )
    resend_after: Duration = Field(
        default=timedelta(seconds=30),
        description="How long a receipt is waited for before a record is sent again.",
        examples=["30s"],
        json_schema_extra=DURATION,
    )
    keepalive: Duration = Field(
        default=timedelta(seconds=30),
        description="Longest silence on the connection before the box asks whether it stands.",
        examples=["30s"],
        json_schema_extra=DURATION,
    )
    longest_backoff: Duration = Field(
        default=timedelta(seconds=60),
        description="Longest wait between two attempts to connect.",
        examples=["60s"],
        json_schema_extra=DURATION,
    )


class HealthSection(Section):
    """How the box tells of itself."""

    interval: Duration = Field(
        default=timedelta(seconds=60),
        description="Time between two health messages to the registry.",
        examples=["60s"],
        json_schema_extra=DURATION,
    )


class BoxSettings(Section):
    """The whole configuration."""

    box: BoxSection
    log: LogSection = LogSection()
    outbox: OutboxSection = OutboxSection()
    uplink: UplinkSection = UplinkSection()
    health: HealthSection = HealthSection()
    kiosk: KioskSection = KioskSection()
    source: tuple[SourceSection, ...] = ()

    @model_validator(mode="after")
    def _check_sources(self) -> "BoxSettings":
        names = [one.name for one in self.source]
        ports = [
            (one.bind, one.port)
            for one in self.source
            if isinstance(one, DicomSourceSection) and one.port
        ]
        if len(set(names)) < len(names):
            raise ValueError("two sources have the same name")
        if KIOSK in names:
            raise ValueError(f"{KIOSK!r} is the box's own page: give the source another name")
        if len(set(ports)) < len(ports):
            raise ValueError("two sources listen on the same port")
        return self
