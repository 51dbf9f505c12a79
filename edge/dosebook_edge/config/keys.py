"""Every key of a box's configuration, once: type, unit, default, example and what it means."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from dosebook_edge.config.values import Duration, Size
from dosebook_protocol.record import BoxId

_AE_TITLE: Final = re.compile(r"[ -\[\]-~]{1,16}\Z")
_PEER: Final = re.compile(r"(?P<ae_title>[^=]{1,16})=(?P<host>[^=]+):(?P<port>\d{1,5})\Z")

LOCAL_ONLY: Final[dict[str, JsonValue]] = {"local_only": True}
"""Marks keys that the registry may not set."""

AeTitle = Annotated[str, Field(min_length=1, max_length=16)]
Port = Annotated[int, Field(ge=0, le=65535)]


class _Section(BaseModel):
    """A table of the file; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class BoxSection(_Section):
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


class LogSection(_Section):
    """What is logged, as JSON lines on standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe level that is logged.", examples=["warning"]
    )


class OutboxSection(_Section):
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
        json_schema_extra={"unit": "duration"},
    )
    keep_ledger: Duration = Field(
        default=timedelta(days=400),
        description="How long it is remembered that a record was delivered.",
        examples=["400d"],
        json_schema_extra={"unit": "duration"},
    )


class UplinkSection(_Section):
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
        json_schema_extra={"unit": "duration"},
    )
    keepalive: Duration = Field(
        default=timedelta(seconds=30),
        description="Longest silence on the connection before the box asks whether it stands.",
        examples=["30s"],
        json_schema_extra={"unit": "duration"},
    )
    longest_backoff: Duration = Field(
        default=timedelta(seconds=60),
        description="Longest wait between two attempts to connect.",
        examples=["60s"],
        json_schema_extra={"unit": "duration"},
    )


class HealthSection(_Section):
    """How the box tells of itself."""

    interval: Duration = Field(
        default=timedelta(seconds=60),
        description="Time between two health messages to the registry.",
        examples=["60s"],
        json_schema_extra={"unit": "duration"},
    )


class SourceSection(_Section):
    """One way of capture; one `[[source]]` each."""

    name: str = Field(
        pattern="^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$",
        description="Name of the source, stated in each of its records.",
        examples=["ct"],
        json_schema_extra=LOCAL_ONLY,
    )
    kind: Literal["dicom"] = Field(
        default="dicom",
        description="Way of capture.",
        examples=["dicom"],
        json_schema_extra=LOCAL_ONLY,
    )
    ae_title: AeTitle = Field(
        default="DOSEBOOK",
        description="AE title under which modalities call this source.",
        examples=["DOSEBOOK_CT2"],
    )
    port: Port = Field(
        default=11112,
        description="TCP port to listen on; 0 takes a free one (see dosebook-box status).",
        examples=[11112],
    )
    bind: str = Field(
        default="0.0.0.0",  # noqa: S104 - a modality must reach it; the firewall narrows it
        description="Address of the box to listen on.",
        examples=["192.0.2.10"],
        json_schema_extra=LOCAL_ONLY,
    )
    allowed_calling_ae_titles: tuple[AeTitle, ...] = Field(
        default=(),
        description="AE titles that may call; empty: every one.",
        examples=[["CT1", "PACS"]],
    )
    any_called_ae_title: bool = Field(
        default=False,
        description="Take associations whatever AE title they call.",
        examples=[False],
    )
    keep_pixels: bool = Field(
        default=False,
        description="Keep the pixels of images; otherwise their header alone is kept.",
        examples=[False],
    )
    max_associations: int = Field(
        default=20, ge=1, le=200, description="Most associations at once.", examples=[20]
    )
    storage_commitment_peers: tuple[str, ...] = Field(
        default=(),
        description="Where to report storage commitment to: AE_TITLE=HOST:PORT. Others hear it on "
        "the association that they asked on.",
        examples=[["CT1=192.0.2.20:104"]],
    )
    tls_certificate: Path | None = Field(
        default=None,
        description="Certificate chain (PEM) of this source; with it the source speaks DICOM TLS.",
        examples=["/etc/dosebook-box/ct.pem"],
        json_schema_extra=LOCAL_ONLY,
    )
    tls_key: Path | None = Field(
        default=None,
        description="Private key (PEM) of the certificate.",
        examples=["/etc/dosebook-box/ct.key"],
        json_schema_extra=LOCAL_ONLY,
    )
    tls_client_ca: Path | None = Field(
        default=None,
        description="Authority (PEM) whose certificate a modality must show; none: no certificate "
        "is asked for.",
        examples=["/etc/dosebook-box/modalities.pem"],
        json_schema_extra=LOCAL_ONLY,
    )

    @field_validator("ae_title", "allowed_calling_ae_titles", mode="after")
    @classmethod
    def _check_ae_titles(cls, value: Any) -> Any:
        for one in (value,) if isinstance(value, str) else value:
            if not _AE_TITLE.match(one) or one != one.strip():
                raise ValueError(
                    f"{one!r} is no AE title: 1 to 16 printable ASCII characters without '\\' "
                    "and without blanks at the ends (PS3.5 table 6.2-1)"
                )
        return value

    @field_validator("storage_commitment_peers", mode="after")
    @classmethod
    def _check_peers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            parse_peer(one)
        return value

    @model_validator(mode="after")
    def _check_tls(self) -> "SourceSection":
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key come together")
        if self.tls_client_ca is not None and self.tls_certificate is None:
            raise ValueError("tls_client_ca needs tls_certificate and tls_key")
        return self


class BoxSettings(_Section):
    """The whole configuration."""

    box: BoxSection
    log: LogSection = LogSection()
    outbox: OutboxSection = OutboxSection()
    uplink: UplinkSection = UplinkSection()
    health: HealthSection = HealthSection()
    source: tuple[SourceSection, ...] = ()

    @model_validator(mode="after")
    def _check_sources(self) -> "BoxSettings":
        names = [one.name for one in self.source]
        ports = [(one.bind, one.port) for one in self.source if one.port]
        if len(set(names)) < len(names):
            raise ValueError("two sources have the same name")
        if len(set(ports)) < len(ports):
            raise ValueError("two sources listen on the same port")
        return self


def parse_peer(text: str) -> tuple[str, str, int]:
    """AE title, host and port of `AE_TITLE=HOST:PORT`."""
    match = _PEER.match(text)
    if match is None or not 0 < int(match["port"]) <= 65535:
        raise ValueError(f"{text!r} is not AE_TITLE=HOST:PORT")
    return match["ae_title"].strip(), match["host"].strip("[]"), int(match["port"])
