"""Keys of a source that reads the dose screen of a console."""

from typing import Literal

from pydantic import Field

from dosebook_edge.config.section import LOCAL_ONLY, NamedSource


class ScreenSourceSection(NamedSource):
    """The picture of a console's screen, read on the box."""

    kind: Literal["screen"] = Field(
        description="Way of capture.", examples=["screen"], json_schema_extra=LOCAL_ONLY
    )
    address: str = Field(
        description="Where the picture comes from: xwd:PATH, fb:DEVICE or v4l2:DEVICE.",
        examples=["v4l2:/dev/video0"],
        json_schema_extra=LOCAL_ONLY,
    )
