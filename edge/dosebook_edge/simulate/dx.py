"""A simulated radiography room: DX images whose headers state a dose, and their RDSR."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Final

from pydicom.dataset import Dataset

from dosebook_edge.simulate import codes
from dosebook_edge.simulate.codes import Code, dcm
from dosebook_edge.simulate.images import DX_IMAGE, Series, dx_image
from dosebook_edge.simulate.projection import (
    accumulated,
    air_kerma,
    area_product,
    filters,
    projection_report,
    reference_point,
)
from dosebook_edge.simulate.scene import Scene, device_role, make_scene, uid
from dosebook_edge.simulate.sr import (
    Item,
    code,
    container,
    image,
    moment,
    num,
    number,
    text,
    uidref,
)
from dosebook_edge.simulate.truth import EventTruth, ObjectTruth, Value, stated
from dosebook_edge.simulate.values import Measured, in_unit, rounded
from dosebook_edge.simulate.vendors import vendor_named


@dataclass(frozen=True, slots=True)
class Radiograph:
    """One kind of radiograph: usual kerma-area product in Gy.m2."""

    name: str
    region: Code
    body_part: str
    views: tuple[tuple[str, Code], ...]
    dap_gy_m2: float
    kvp: int


_PA: Final = ("PA", codes.POSTERO_ANTERIOR)
_AP: Final = ("AP", codes.ANTERO_POSTERIOR)
RADIOGRAPHS: Final = (
    Radiograph("Chest PA", codes.CHEST, "CHEST", (_PA,), 1.1e-5, 120),
    Radiograph("Pelvis AP", codes.PELVIS, "PELVIS", (_AP,), 1.6e-4, 75),
    Radiograph("Lumbar spine", codes.LUMBAR_SPINE, "LSPINE", (_AP, _AP), 1.9e-4, 80),
    Radiograph("Hand", codes.HAND, "HAND", (_PA, _AP), 4e-7, 52),
    Radiograph("Knee", codes.KNEE, "KNEE", (_AP, _AP), 1.6e-6, 63),
)


@dataclass(frozen=True, slots=True)
class DxEvent:
    """One exposure and the image that came of it."""

    uid: str
    started: datetime
    view: tuple[str, Code]
    radiograph: Radiograph
    dap: Measured
    dose: Measured
    kvp: int
    exposure_ms: int
    exposure_uas: int
    image: Dataset

    @property
    def header_dap(self) -> Measured:
        """The dose-area product of the image header, which is in dGy.cm2."""
        return Measured(Decimal(str(self.image.ImageAndFluoroscopyAreaDoseProduct)), "dGy.cm2")


def dx_scene(rng: Random, vendor: str = "canon-dx") -> tuple[Scene, Radiograph]:
    """Set the scene of a random radiograph."""
    kind = rng.choice(RADIOGRAPHS)
    return make_scene(rng, vendor_named(vendor, "DX"), description=f"XR {kind.name}"), kind


def dx_events(
    rng: Random, scene: Scene, radiograph: Radiograph, events: int | None = None
) -> list[DxEvent]:
    """Expose each view of a radiograph once."""
    count = events if events is not None else len(radiograph.views)
    series = Series(uid(rng), 1, radiograph.name)
    size = float(scene.patient.weight_kg) / 75
    made: list[DxEvent] = []
    for index in range(count):
        view = radiograph.views[index % len(radiograph.views)]
        event_uid, at = uid(rng), scene.after(30 + 70 * index)
        level = radiograph.dap_gy_m2 * size * rng.lognormvariate(0, 0.25)
        kvp, milliseconds = radiograph.kvp + rng.randint(-3, 3), rng.randint(4, 60)
        charge = rng.randint(400, 20_000)
        dap = area_product(scene.vendor, level)
        made.append(
            DxEvent(
                uid=event_uid,
                started=at,
                view=view,
                radiograph=radiograph,
                dap=dap,
                dose=air_kerma(scene.vendor, level / 0.06),
                kvp=kvp,
                exposure_ms=milliseconds,
                exposure_uas=charge,
                image=dx_image(
                    rng,
                    scene,
                    series,
                    index=index + 1,
                    at=at,
                    event_uid=event_uid,
                    dap_dgy_cm2=rounded(in_unit(dap.value, dap.unit, "dGy.cm2"), 4),
                    kvp=kvp,
                    exposure_ms=milliseconds,
                    exposure_uas=charge,
                    body_part=radiograph.body_part,
                    view=view[0],
                ),
            )
        )
    return made


def _event_item(event: DxEvent, scene: Scene) -> Item:
    vendor = scene.vendor
    dose = None if "dose_rp" in vendor.empty else event.dose
    return container(
        dcm("113706", "Irradiation Event X-Ray Data"),
        [
            code(dcm("113764", "Acquisition Plane"), codes.SINGLE_PLANE, rel="HAS CONCEPT MOD"),
            uidref(dcm("113769", "Irradiation Event UID"), event.uid),
            moment(dcm("111526", "DateTime Started"), scene.dt(event.started)),
            code(dcm("113721", "Irradiation Event Type"), codes.STATIONARY),
            text(dcm("125203", "Acquisition Protocol"), event.radiograph.name),
            code(dcm("111031", "Image View"), event.view[1]),
            code(dcm("123014", "Target Region"), event.radiograph.region),
            num(dcm("122130", "Dose Area Product"), event.dap),
            reference_point(vendor),
            image(DX_IMAGE, event.image.SOPInstanceUID),
            num(dcm("113738", "Dose (RP)"), dose),
            number(dcm("113768", "Number of Pulses"), 1, "1"),
            number(dcm("113733", "KVP"), event.kvp, "kV"),
            number(dcm("113824", "Exposure Time"), event.exposure_ms, "ms"),
            number(dcm("113736", "Exposure"), event.exposure_uas, "uA.s"),
            number(dcm("113766", "Focal Spot Size"), "1.2", "mm"),
            filters(codes.ALUMINUM, Decimal("1.0")),
            number(dcm("113750", "Distance Source to Detector"), 1150, "mm"),
            *device_role(scene),
        ],
        template="10003",
    )


def event_truth(event: DxEvent, *, states_dose: bool = True) -> EventTruth:
    """What the report says of one exposure."""
    values: tuple[Value, ...] = (stated("dose_area_product", event.dap, plane="single"),)
    if states_dose:
        values += (stated("dose_rp", event.dose, plane="single"),)
    return EventTruth(
        event.uid,
        "projection",
        event.started.isoformat(),
        codes.STATIONARY.meaning,
        plane="single",
        values=values,
    )


def header_truth(event: DxEvent, vendor: str) -> ObjectTruth:
    """What the image header says of one exposure."""
    dap = stated("dose_area_product", event.header_dap)
    told = EventTruth(event.uid, "projection", event.started.isoformat(), values=(dap,))
    return ObjectTruth(event.image.SOPInstanceUID, DX_IMAGE, "image-header", vendor, (told,))


def dx_report(rng: Random, scene: Scene, events: Sequence[DxEvent]) -> tuple[Dataset, ObjectTruth]:
    """Write the dose report of these exposures (PS3.16 TID 10001 with TID 10007)."""
    vendor = scene.vendor
    states_dose = "dose_rp" not in vendor.empty
    dap = Measured(
        rounded(sum((e.dap.value for e in events), Decimal(0)), vendor.total_places),
        vendor.dap_unit,
    )
    dose = Measured(
        rounded(sum((e.dose.value for e in events), Decimal(0)), vendor.total_places),
        vendor.dose_unit,
    )
    totals = [
        num(dcm("113722", "Dose Area Product Total"), dap),
        num(dcm("113725", "Dose (RP) Total"), dose if states_dose else None),
        number(dcm("113731", "Total Number of Radiographic Frames"), len(events), "1"),
    ]
    dataset = projection_report(
        rng,
        scene,
        procedure=codes.PROJECTION_PROCEDURE,
        intent=codes.DIAGNOSTIC,
        items=[
            accumulated(vendor, codes.SINGLE_PLANE, totals),
            *(_event_item(event, scene) for event in events),
        ],
        at=events[-1].started,
    )
    told = [stated("dose_area_product", dap, plane="single")]
    if states_dose:
        told.append(stated("dose_rp", dose, plane="single"))
    truth = ObjectTruth(
        dataset.SOPInstanceUID,
        dataset.SOPClassUID,
        "projection-rdsr",
        vendor.key,
        tuple(event_truth(event, states_dose=states_dose) for event in events),
        tuple(told),
    )
    return dataset, truth


def dx_rdsr(
    rng: Random, vendor: str = "canon-dx", *, events: int | None = None
) -> tuple[Dataset, ObjectTruth]:
    """Simulate one radiograph and return its dose report with the truth of it."""
    scene, radiograph = dx_scene(rng, vendor)
    return dx_report(rng, scene, dx_events(rng, scene, radiograph, events))
