"""What an exam was, as dosimetry understood it: its procedure and its regions, and what said so."""

from dataclasses import dataclass
from functools import cache
from typing import Final

from dosebook_central.dosimetry.packages import shipped
from dosebook_central.dosimetry.values import Derived
from dosebook_central.web.regions import UNMAPPED, region_order, region_text

_SAID_BY: Final = {
    "decision": "decided by a person",
    "code": "by its code",
    "words": "by the words of its name",
}
_CONFIDENCE: Final = ("none", "low", "medium", "high")


@dataclass(frozen=True, slots=True)
class About:
    """Procedure and regions of an exam, each with what said so; empty where nothing did."""

    procedure: str
    procedure_said_by: str
    regions: str
    confidence: str
    regions_said_by: str
    is_therapeutic: bool


def about(derived: Derived) -> About:
    """Say what an exam was; the confidence is that of its least certain event."""
    order = region_order()
    found = {one.region for one in derived.regions}
    regions = sorted(found, key=lambda one: order.get(one, 99)) if found != {UNMAPPED} else []
    least = min((_CONFIDENCE.index(one.confidence) for one in derived.regions), default=0)
    said = dict.fromkeys(one.said_by for one in derived.regions if one.said_by)
    return About(
        procedure=procedure_text(derived.procedure_id),
        procedure_said_by=_SAID_BY.get(derived.procedure_source, derived.procedure_source),
        regions=", ".join(map(region_text, regions)),
        confidence=_CONFIDENCE[least] if regions else "",
        regions_said_by="; ".join(said),
        is_therapeutic=derived.is_therapeutic,
    )


@cache
def procedure_text(procedure_id: str) -> str:
    """A standard procedure in words."""
    return _procedures().get(procedure_id, procedure_id.replace("_", " "))


@cache
def _procedures() -> dict[str, str]:
    rows = (row for package in shipped().of("procedures") for row in package.rows)
    return {row["procedure_id"]: row["name_en"] for row in rows}
