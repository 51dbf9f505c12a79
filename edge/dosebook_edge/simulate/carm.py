"""A simulated C-arm or angiography room, single plane or biplane: TID 10001 dose reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Final

from pydicom.dataset import Dataset

from dosebook_edge.simulate import codes
from dosebook_edge.simulate.codes import Code, dcm
from dosebook_edge.simulate.projection import (
    accumulated,
    air_kerma,
    area_product,
    filters,
    plane_label,
    projection_report,
    reference_point,
)
from dosebook_edge.simulate.scene import Scene, device_role, make_scene, uid
from dosebook_edge.simulate.sr import Item, code, container, moment, num, number, text, uidref
from dosebook_edge.simulate.truth import EventTruth, ObjectTruth, Value, stated
from dosebook_edge.simulate.values import Measured, rounded
from dosebook_edge.simulate.vendors import vendor_named


@dataclass(frozen=True, slots=True)
class Intervention:
    """One kind of procedure: region, usual number of events, dose level relative to a PCI."""

    name: str
    description: str
    region: Code
    events: int
    level: float


INTERVENTIONS: Final = (
    Intervention("Coronary", "Coronary angiography with PCI", codes.HEART, 24, 1.0),
    Intervention("Pacemaker", "Pacemaker implantation", codes.CHEST, 9, 0.25),
    Intervention("Hip ORIF", "Hip fracture fixation", codes.HIP, 12, 0.08),
    Intervention("Hand K-wire", "Hand fracture, K-wires", codes.HAND, 6, 0.004),
    Intervention("TACE", "Liver chemoembolisation", codes.ABDOMEN, 18, 1.6),
    Intervention("Ba swallow", "Barium swallow", codes.CHEST, 8, 0.15),
)


@dataclass(frozen=True, slots=True)
class CarmEvent:
    """One fluoroscopy or one acquisition run on one plane, in the units that the maker sends."""

    uid: str
    started: datetime
    plane: Code
    kind: Code
    protocol: str
    region: Code
    dap: Measured
    dose: Measured
    duration_s: Decimal
    pulses: int
    pulse_rate: Decimal
    kvp: int
    current_ma: Decimal
    angles: tuple[Decimal, Decimal]
    copper_mm: Decimal

    @property
    def is_fluoroscopy(self) -> bool:
        """Whether the event adds to fluoroscopy time."""
        return self.kind == codes.FLUOROSCOPY


def carm_scene(rng: Random, vendor: str = "siemens-artis") -> tuple[Scene, Intervention]:
    """Set the scene of a random procedure."""
    kind = rng.choice(INTERVENTIONS)
    return make_scene(rng, vendor_named(vendor, "XA"), description=kind.description), kind


def carm_events(
    rng: Random, scene: Scene, intervention: Intervention, events: int | None = None
) -> list[CarmEvent]:
    """Screen and film one patient; on a biplane room the planes take turns."""
    vendor = scene.vendor
    planes = (codes.PLANE_A, codes.PLANE_B) if vendor.biplane else (codes.SINGLE_PLANE,)
    made: list[CarmEvent] = []
    clock = 20.0
    for index in range(events if events is not None else intervention.events):
        fluoroscopy = index % 3 != 2
        level = intervention.level * rng.lognormvariate(0, 0.6)
        dap = level * (1.6e-5 if fluoroscopy else 7.5e-5)
        duration = rounded(rng.uniform(2, 45) if fluoroscopy else rng.uniform(1, 7), 1)
        rate = Decimal(rng.choice(("7.5", "15")))
        kind = codes.FLUOROSCOPY
        if not fluoroscopy:
            kind = codes.ROTATIONAL if rng.random() < 0.1 else codes.STATIONARY
        made.append(
            CarmEvent(
                uid=uid(rng),
                started=scene.after(clock),
                plane=planes[index % len(planes)],
                kind=kind,
                protocol="FL low" if fluoroscopy else intervention.name,
                region=intervention.region,
                dap=area_product(vendor, dap),
                dose=air_kerma(vendor, dap / rng.uniform(0.009, 0.02)),
                duration_s=duration,
                pulses=int(duration * rate),
                pulse_rate=rate,
                kvp=rng.randint(62, 118),
                current_ma=rounded(rng.uniform(20, 420), 1),
                angles=(rounded(rng.uniform(-60, 60), 1), rounded(rng.uniform(-35, 35), 1)),
                copper_mm=Decimal(rng.choice(("0.1", "0.2", "0.3", "0.6", "0.9"))),
            )
        )
        clock += float(duration) + rng.uniform(5, 90)
    return made


def _geometry(event: CarmEvent, scene: Scene) -> list[Item]:
    vendor = scene.vendor
    primary, secondary = (
        dcm("112011", "Positioner Primary Angle"),
        dcm("112012", "Positioner Secondary Angle"),
    )
    items: list[Item] = []
    if "angles" in vendor.empty:
        items += [num(primary, None), num(secondary, None)]
    elif "angles" not in vendor.omit:
        items += [
            number(primary, event.angles[0], "deg"),
            number(secondary, event.angles[1], "deg"),
        ]
    return [
        *items,
        number(dcm("113748", "Distance Source to Isocenter"), 785, "mm"),
        number(dcm("113750", "Distance Source to Detector"), 1180, "mm"),
        number(dcm("113751", "Table Longitudinal Position"), "-25.9", "mm"),
        number(dcm("113752", "Table Lateral Position"), "12.5", "mm"),
        number(dcm("113753", "Table Height Position"), "151.8", "mm"),
    ]


def _event_item(event: CarmEvent, scene: Scene) -> Item:
    vendor = scene.vendor
    width_ms = rounded(4 if event.is_fluoroscopy else 8, 1)
    items = [
        code(dcm("113764", "Acquisition Plane"), event.plane, rel="HAS CONCEPT MOD"),
        uidref(dcm("113769", "Irradiation Event UID"), event.uid),
        moment(dcm("111526", "DateTime Started"), scene.dt(event.started)),
        code(dcm("113721", "Irradiation Event Type"), event.kind),
        text(dcm("125203", "Acquisition Protocol"), event.protocol),
        code(dcm("123014", "Target Region"), event.region),
        num(dcm("122130", "Dose Area Product"), event.dap),
        reference_point(vendor),
        num(dcm("113738", "Dose (RP)"), event.dose),
    ]
    if event.is_fluoroscopy:
        items.append(code(dcm("113732", "Fluoro Mode"), dcm("113631", "Pulsed")))
    items += [
        number(dcm("113791", "Pulse Rate"), event.pulse_rate, "{pulse}/s"),
        number(dcm("113768", "Number of Pulses"), event.pulses, "1"),
        number(dcm("113793", "Pulse Width"), width_ms, "ms"),
        number(dcm("113742", "Irradiation Duration"), event.duration_s, "s"),
        number(dcm("113733", "KVP"), event.kvp, "kV"),
        number(dcm("113734", "X-Ray Tube Current"), event.current_ma, "mA"),
        number(dcm("113824", "Exposure Time"), event.pulses * width_ms, "ms"),
        number(dcm("113766", "Focal Spot Size"), "0.6", "mm"),
        filters(codes.COPPER, event.copper_mm),
        *_geometry(event, scene),
        *device_role(scene),
    ]
    return container(dcm("113706", "Irradiation Event X-Ray Data"), items, template="10003")


def event_truth(event: CarmEvent) -> EventTruth:
    """What a report says of one event."""
    plane = plane_label(event.plane)
    return EventTruth(
        event.uid,
        "projection",
        event.started.isoformat(),
        event.kind.meaning,
        plane=plane,
        values=(
            stated("dose_area_product", event.dap, plane=plane),
            stated("dose_rp", event.dose, plane=plane),
        ),
    )


def _total(events: Sequence[CarmEvent], what: str, scene: Scene) -> Measured:
    values: list[Measured] = [getattr(event, what) for event in events]
    vendor = scene.vendor
    unit = vendor.dap_unit if what == "dap" else vendor.dose_unit
    total = sum((value.value for value in values), Decimal(0))
    return Measured(rounded(total, vendor.total_places), unit)


def _plane_totals(
    events: Sequence[CarmEvent], plane: Code, scene: Scene
) -> tuple[Item, tuple[Value, ...]]:
    mine = [event for event in events if event.plane == plane]
    fluoro = [event for event in mine if event.is_fluoroscopy]
    runs = [event for event in mine if not event.is_fluoroscopy]
    rows = [
        ("dose_area_product", dcm("113722", "Dose Area Product Total"), "dap", mine),
        ("dose_rp", dcm("113725", "Dose (RP) Total"), "dose", mine),
        (
            "fluoro_dose_area_product",
            dcm("113726", "Fluoro Dose Area Product Total"),
            "dap",
            fluoro,
        ),
        ("fluoro_dose_rp", dcm("113728", "Fluoro Dose (RP) Total"), "dose", fluoro),
        (
            "acquisition_dose_area_product",
            dcm("113727", "Acquisition Dose Area Product Total"),
            "dap",
            runs,
        ),
        ("acquisition_dose_rp", dcm("113729", "Acquisition Dose (RP) Total"), "dose", runs),
    ]
    totals = [(name, concept, _total(of, what, scene)) for name, concept, what, of in rows]
    for name, concept, of in (
        ("fluoro_time", dcm("113730", "Total Fluoro Time"), fluoro),
        ("acquisition_time", dcm("113855", "Total Acquisition Time"), runs),
    ):
        seconds = sum((event.duration_s for event in of), Decimal(0))
        totals.append((name, concept, Measured(seconds, "s")))
    items = [num(concept, value) for _, concept, value in totals]
    frames = sum(event.pulses for event in runs)
    items.append(number(dcm("113731", "Total Number of Radiographic Frames"), frames, "1"))
    truths = tuple(stated(name, value, plane=plane_label(plane)) for name, _, value in totals)
    return accumulated(scene.vendor, plane, items), truths


def carm_report(
    rng: Random, scene: Scene, events: Sequence[CarmEvent], *, is_complete: bool = True
) -> tuple[Dataset, ObjectTruth]:
    """Write the dose report of these events (PS3.16 TID 10001, one TID 10002 per plane)."""
    planes = sorted({event.plane for event in events}, key=lambda plane: plane.value)
    sums = [_plane_totals(events, plane, scene) for plane in planes]
    dataset = projection_report(
        rng,
        scene,
        procedure=codes.PROJECTION_PROCEDURE,
        intent=codes.COMBINED_INTENT,
        items=[*(item for item, _ in sums), *(_event_item(event, scene) for event in events)],
        at=events[-1].started,
        is_complete=is_complete,
    )
    truth = ObjectTruth(
        dataset.SOPInstanceUID,
        dataset.SOPClassUID,
        "projection-rdsr",
        scene.vendor.key,
        tuple(event_truth(event) for event in events),
        tuple(value for _, values in sums for value in values),
    )
    return dataset, truth


def carm_rdsr(
    rng: Random, vendor: str = "siemens-artis", *, events: int | None = None
) -> tuple[Dataset, ObjectTruth]:
    """Simulate one procedure and return its dose report with the truth of it."""
    scene, intervention = carm_scene(rng, vendor)
    return carm_report(rng, scene, carm_events(rng, scene, intervention, events))
