"""Body regions in words, in the order of the body; the list is the anatomy package's own."""

from functools import cache
from typing import Final

from dosebook_central.dosimetry.packages import shipped

UNMAPPED: Final = "unmapped"


@cache
def region_order() -> dict[str, int]:
    """Place of each region in lists: from head to foot, then composites, then `unmapped`."""
    return {region: place for place, region in enumerate(_labels())}


@cache
def region_text(region: str) -> str:
    """A region in words; `unmapped` says that nothing stated one."""
    if region == UNMAPPED:
        return "Region not known"
    return _labels().get(region, region.replace("_", " "))


@cache
def _labels() -> dict[str, str]:
    rows = (row for package in shipped().of("anatomy-regions") for row in package.rows)
    return {
        row["region_id"]: row["label_en"] or row["region_id"].replace("_", " ").capitalize()
        for row in rows
    }
