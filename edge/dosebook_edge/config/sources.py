"""The ways of capture that a `[[source]]` may be, told apart by its `kind`."""

from typing import Annotated, Final

from pydantic import Field

from dosebook_edge.config.dicom_source import DicomSourceSection
from dosebook_edge.config.instrument_source import InstrumentSourceSection
from dosebook_edge.config.screen_source import ScreenSourceSection
from dosebook_edge.config.section import NamedSource

DEFAULT_KIND: Final = "dicom"

SourceSection = Annotated[
    DicomSourceSection | InstrumentSourceSection | ScreenSourceSection,
    Field(discriminator="kind"),
]

SOURCES: Final[dict[str, type[NamedSource]]] = {
    "dicom": DicomSourceSection,
    "instrument": InstrumentSourceSection,
    "screen": ScreenSourceSection,
}
