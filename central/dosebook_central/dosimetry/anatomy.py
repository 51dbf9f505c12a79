"""Where each event irradiated: one of a fixed set of regions, how sure, and what said so (P34)."""

from collections.abc import Mapping

from dosebook_central.dosimetry.inputs import ExamInputs
from dosebook_central.dosimetry.sets import Library
from dosebook_central.dosimetry.values import RegionFinding


def regions_of(
    exam: ExamInputs, library: Library, procedure_id: str = ""
) -> Mapping[int, RegionFinding]:
    """Return the region of each event by its ordinal; `unmapped` where nothing says it."""
    del library, procedure_id
    return {
        event.ordinal: RegionFinding(event.ordinal, "unmapped", "none", "nothing states a region")
        for event in exam.events
    }
