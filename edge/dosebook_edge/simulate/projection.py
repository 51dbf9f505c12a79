"""What C-arm, radiography and mammography reports share (PS3.16 TID 10001 to 10003)."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Final

from pydicom.dataset import Dataset

from dosebook_edge.simulate import codes
from dosebook_edge.simulate.codes import Code, dcm
from dosebook_edge.simulate.scene import Scene, observer, report, scope
from dosebook_edge.simulate.sr import Item, code, container, number, text
from dosebook_edge.simulate.values import Measured, in_unit, rounded
from dosebook_edge.simulate.vendors import Vendor

_PLANES: Final = {"113622": "single", "113620": "a", "113621": "b"}


def plane_label(plane: Code) -> str:
    """Return single, a or b."""
    return _PLANES[plane.value]


def area_product(vendor: Vendor, gy_m2: float) -> Measured:
    """Return a kerma-area product as this maker rounds and states it, never rounded to nothing."""
    return _as_sent(gy_m2, "Gy.m2", vendor.dap_unit, vendor.event_places)


def air_kerma(vendor: Vendor, gy: float) -> Measured:
    """Return an air kerma at the reference point as this maker rounds and states it."""
    return _as_sent(gy, "Gy", vendor.dose_unit, vendor.event_places)


def _as_sent(value: float, unit: str, sent_unit: str, places: int) -> Measured:
    step = Decimal(1).scaleb(-places)
    return Measured(max(rounded(in_unit(Decimal(value), unit, sent_unit), places), step), sent_unit)


def reference_point(vendor: Vendor) -> Item:
    """Return the Reference Point Definition: coded, or as text where the maker has no code."""
    concept = dcm("113780", "Reference Point Definition")
    if "rp_code" in vendor.omit:
        return text(concept, "15cm below BeamIsocenter" if vendor.modality == "XA" else "Unknown")
    return code(concept, codes.RP_15CM)


def filters(material: Code, thickness_mm: Decimal) -> Item:
    """Return one X-ray filter."""
    return container(
        dcm("113771", "X-Ray Filters"),
        [
            code(dcm("113772", "X-Ray Filter Type"), codes.STRIP_FILTER),
            code(dcm("113757", "X-Ray Filter Material"), material),
            number(dcm("113758", "X-Ray Filter Thickness Minimum"), thickness_mm, "mm"),
            number(dcm("113773", "X-Ray Filter Thickness Maximum"), thickness_mm, "mm"),
        ],
    )


def accumulated(vendor: Vendor, plane: Code, totals: Iterable[Item]) -> Item:
    """Return the accumulated dose data of one plane (TID 10002)."""
    items = [code(dcm("113764", "Acquisition Plane"), plane, rel="HAS CONCEPT MOD"), *totals]
    if vendor.modality != "MG":
        items.append(reference_point(vendor))
    return container(dcm("113702", "Accumulated X-Ray Dose Data"), items, template="10002")


def projection_report(
    rng: Random,
    scene: Scene,
    *,
    procedure: Code,
    intent: Code,
    items: Iterable[Item],
    at: datetime,
    is_complete: bool = True,
) -> Dataset:
    """Write a TID 10001 report around its accumulated data and its events."""
    yes = codes.YES
    return report(
        rng,
        scene,
        dcm("113701", "X-Ray Radiation Dose Report"),
        [
            code(
                dcm("121058", "Procedure reported"),
                procedure,
                code(codes.HAS_INTENT, intent, rel="HAS CONCEPT MOD"),
                rel="HAS CONCEPT MOD",
            ),
            *observer(scene),
            scope(scene),
            code(dcm("113945", "X-Ray Detector Data Available"), yes),
            code(dcm("113943", "X-Ray Source Data Available"), yes),
            code(dcm("113944", "X-Ray Mechanical Data Available"), yes),
            *items,
            code(
                dcm("113854", "Source of Dose Information"),
                dcm("113856", "Automated Data Collection"),
            ),
        ],
        template="10001",
        at=at,
        is_complete=is_complete,
    )
