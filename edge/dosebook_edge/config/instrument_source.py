"""Keys of a source that reads a dosimeter over its line."""

from typing import Literal

from pydantic import Field

from dosebook_edge.config.section import LOCAL_ONLY, NamedSource


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
