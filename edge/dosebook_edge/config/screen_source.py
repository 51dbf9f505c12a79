"""Keys of a source that reads the dose screen of a console."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dosebook_edge.config.section import DURATION, LOCAL_ONLY, NamedSource
from dosebook_edge.config.values import Duration

ScreenProfiles = tuple[Annotated[str, Field(min_length=1)], ...]


class ScreenSourceSection(NamedSource):
    """The picture of a console's screen, read on the box."""

    kind: Literal["screen"] = Field(
        description="Way of capture.", examples=["screen"], json_schema_extra=LOCAL_ONLY
    )
    address: str = Field(
        pattern=r"^((xwd|fb|v4l2):/|vnc:[^/\s]+$)",
        description="Where the picture comes from: xwd:PATH (the file of Xvfb -fbdir), fb:DEVICE "
        "(a framebuffer of the kernel), v4l2:DEVICE (a frame grabber) or vnc:HOST:PORT (a VNC "
        "server; 5900 where no port is given).",
        examples=["v4l2:/dev/video0"],
        json_schema_extra=LOCAL_ONLY,
    )
    password_file: Path | None = Field(
        default=None,
        description="File with the password of the VNC server in its first line, readable by the "
        "user of the box alone (chmod 600).",
        examples=["/etc/dosebook-box/ct-console.vnc"],
        json_schema_extra=LOCAL_ONLY,
    )
    profiles: ScreenProfiles = Field(
        default=(),
        description="Ids of shipped profiles (dosebook-box screen list), or paths of your own: the "
        "screens that this console shows. Those that were drawn on the box's own page are read "
        "besides; any other screen is refused.",
        examples=[["ge-ct-dose-report"]],
        json_schema_extra=LOCAL_ONLY,
    )
    glyphs: tuple[Path, ...] = Field(
        default=(),
        description="Files that dosebook-box screen learn wrote: the characters of this console, "
        "confirmed by a person. With them, lossless pictures are read to the last pixel.",
        examples=[["/etc/dosebook/carm-panel.json"]],
        json_schema_extra=LOCAL_ONLY,
    )
    steps_from: tuple[str, ...] = Field(
        default=(),
        description="Names of the DICOM sources whose procedure steps run at this console; empty: "
        "all of this box.",
        examples=[["ct"]],
        json_schema_extra=LOCAL_ONLY,
    )
    linger: Duration = Field(
        default=timedelta(minutes=10),
        ge=timedelta(0),
        description="How long after the end of a procedure step a dose screen is still its own, "
        "while no other step runs.",
        examples=["10min"],
        json_schema_extra=DURATION,
    )
    interval: Duration = Field(
        default=timedelta(milliseconds=500),
        ge=timedelta(milliseconds=100),
        description="Time between two looks at the screen.",
        examples=["500ms"],
        json_schema_extra=DURATION,
    )
    settle: Duration = Field(
        default=timedelta(seconds=1),
        ge=timedelta(milliseconds=200),
        description="How long a screen stands still before it is read.",
        examples=["1s"],
        json_schema_extra=DURATION,
    )
    frozen_after: Duration = Field(
        default=timedelta(0),
        ge=timedelta(0),
        description="Report a picture that is the very same for longer; 0s: never. For a screen "
        "that shows a clock.",
        examples=["10min"],
        json_schema_extra=DURATION,
    )
    mask_patient_text: bool = Field(
        default=False,
        description="Blank the patient's name and numbers in the picture that is kept as evidence.",
        examples=[True],
    )

    @model_validator(mode="after")
    def _has_a_password_for_vnc_only(self) -> Self:
        if self.password_file is not None and not self.address.startswith("vnc:"):
            raise ValueError("password_file belongs to an address of VNC, vnc:HOST:PORT")
        return self
