"""Keys of a source that listens for DICOM."""

import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, field_validator, model_validator

from dosebook_edge.config.section import LOCAL_ONLY, NamedSource

_AE_TITLE: Final = re.compile(r"[ -\[\]-~]{1,16}\Z")
_PEER: Final = re.compile(r"(?P<ae_title>[^=]{1,16})=(?P<host>[^=]+):(?P<port>\d{1,5})\Z")

AeTitle = Annotated[str, Field(min_length=1, max_length=16)]
Port = Annotated[int, Field(ge=0, le=65535)]


class DicomSourceSection(NamedSource):
    """A DICOM listener: dose reports, images, performed procedure steps, storage commitment."""

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
    read_screens: tuple[str, ...] = Field(
        default=(),
        description="Profiles of dose screens (dosebook-box screen list) to look for in secondary "
        "captures whose header states no dose; empty: their pictures are not read.",
        examples=[["ge-ct-dose-report"]],
        json_schema_extra=LOCAL_ONLY,
    )
    screen_glyphs: tuple[Path, ...] = Field(
        default=(),
        description="Files that dosebook-box screen learn wrote, for the screens that are read.",
        examples=[["/etc/dosebook/ge-ct-dose-report.json"]],
        json_schema_extra=LOCAL_ONLY,
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
    def _check_tls(self) -> "DicomSourceSection":
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key come together")
        if self.tls_client_ca is not None and self.tls_certificate is None:
            raise ValueError("tls_client_ca needs tls_certificate and tls_key")
        return self


def parse_peer(text: str) -> tuple[str, str, int]:
    """AE title, host and port of `AE_TITLE=HOST:PORT`."""
    match = _PEER.match(text)
    if match is None or not 0 < int(match["port"]) <= 65535:
        raise ValueError(f"{text!r} is not AE_TITLE=HOST:PORT")
    return match["ae_title"].strip(), match["host"].strip("[]"), int(match["port"])
