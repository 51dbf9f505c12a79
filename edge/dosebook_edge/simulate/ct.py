"""A simulated CT: TID 10011 dose reports, one irradiation event per scan."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Final

from pydicom.dataset import Dataset

from dosebook_edge.simulate import codes
from dosebook_edge.simulate.codes import Code, dcm, sct
from dosebook_edge.simulate.scene import (
    Scene,
    device_role,
    make_scene,
    observer,
    report,
    scope,
    uid,
)
from dosebook_edge.simulate.sr import Item, code, container, moment, num, number, text, uidref
from dosebook_edge.simulate.truth import EventTruth, ObjectTruth, Value, stated
from dosebook_edge.simulate.values import Measured, rounded
from dosebook_edge.simulate.vendors import Vendor, vendor_named


@dataclass(frozen=True, slots=True)
class Protocol:
    """One scan protocol: usual CTDIvol (mGy, adult) and scan length (mm).

    `with_head` scans the head first, so that one report mixes two phantoms (P12).
    """

    name: str
    description: str
    region: Code
    is_head: bool
    kvp: int
    ctdi_mgy: float
    length_mm: int
    phases: int = 1
    bolus: bool = False
    with_head: bool = False


PROTOCOLS: Final = (
    Protocol("Head routine", "CT head", codes.HEAD, True, 120, 48, 150),
    Protocol("Thorax low dose", "CT chest", codes.CHEST, False, 100, 4.2, 320),
    Protocol("Abdomen pelvis PV", "CT abdomen pelvis", codes.ABDOMEN_PELVIS, False, 120, 9.5, 440),
    Protocol("Polytrauma", "CT head and trunk", codes.TRUNK, False, 120, 11, 660, with_head=True),
    Protocol("CTA aorta", "CT angiography", codes.TRUNK, False, 100, 8.5, 620, bolus=True),
    Protocol("Neck soft tissue", "CT neck", codes.NECK, False, 120, 10, 240),
    Protocol("Liver 3-phase", "CT liver", codes.ABDOMEN, False, 120, 9, 260, 3, bolus=True),
    Protocol("Lumbar spine", "CT lumbar spine", codes.LUMBAR_SPINE, False, 120, 15, 210),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CtEvent:
    """One scan. `dose` is (CTDIvol mGy, DLP mGy.cm), None where the maker states none."""

    uid: str
    started: datetime
    protocol: str
    region: Code
    kind: Code
    phantom: Code
    dose: tuple[Decimal, Decimal] | None
    length_mm: Decimal
    kvp: int
    current_ma: int
    duration_s: Decimal
    contrast: bool

    @property
    def phantom_label(self) -> str:
        """Diameter of the dosimetry phantom: 16cm or 32cm."""
        return "16cm" if self.phantom == codes.HEAD_PHANTOM else "32cm"


def ct_scene(rng: Random, vendor: str = "siemens-ct") -> tuple[Scene, Protocol]:
    """Set the scene of a random CT exam."""
    protocol = rng.choice(PROTOCOLS)
    scene = make_scene(rng, vendor_named(vendor), description=protocol.description)
    return scene, protocol


_IMAGING: Final = (codes.CT_SPIRAL, codes.CT_SEQUENCED)


def _plan(protocol: Protocol, count: int | None) -> list[tuple[Code, Protocol]]:
    scans = [(codes.CT_CONSTANT_ANGLE, protocol)]
    if protocol.with_head:
        scans.append((codes.CT_SEQUENCED, PROTOCOLS[0]))
    if protocol.bolus:
        scans += [(codes.CT_STATIONARY, protocol)] * 2
    main = (codes.CT_SEQUENCED if protocol.is_head else codes.CT_SPIRAL, protocol)
    scans += [main] * protocol.phases
    if count is not None:
        scans = [*scans, *[main] * max(0, count - len(scans))][:count]
        scans[-1] = main
    return scans


def _phantom(scene: Scene, protocol: Protocol) -> Code:
    child = scene.patient.years_on(scene.started.date()) < 16
    if protocol.is_head or (child and scene.vendor.phantom == "child-head"):  # P11
        return codes.HEAD_PHANTOM
    return codes.BODY_PHANTOM


def _exposure(rng: Random, scene: Scene, kind: Code, protocol: Protocol) -> tuple[float, Decimal]:
    """Return a scan's CTDIvol in mGy, for the phantom in use, and its length in mm."""
    if kind == codes.CT_STATIONARY:
        return rng.uniform(1.0, 4.5), Decimal("10.0")
    length = rounded(protocol.length_mm * rng.uniform(0.92, 1.08), 1)
    if kind == codes.CT_CONSTANT_ANGLE:
        return 0.12, length
    size = (float(scene.patient.weight_kg) / 75) ** 0.6
    level = protocol.ctdi_mgy * size * rng.uniform(0.85, 1.15)
    in_head_phantom = _phantom(scene, protocol) == codes.HEAD_PHANTOM
    return level * (2.1 if in_head_phantom and not protocol.is_head else 1), length


def ct_events(
    rng: Random, scene: Scene, protocol: Protocol, events: int | None = None
) -> list[CtEvent]:
    """Scan one patient: localizer, bolus tracking where the protocol has it, then the phases."""
    vendor = scene.vendor
    made: list[CtEvent] = []
    clock = 40.0
    for kind, scan in _plan(protocol, events):
        level, length = _exposure(rng, scene, kind, scan)
        ctdi = rounded(level, vendor.event_places)
        dose = (ctdi, rounded(ctdi * length / 10, vendor.event_places))
        states_dose = kind != codes.CT_CONSTANT_ANGLE or vendor.localizer_dose
        made.append(
            CtEvent(
                uid=uid(rng),
                started=scene.after(clock),
                protocol=_event_name(kind, scan),
                region=scan.region,
                kind=kind,
                phantom=_phantom(scene, scan),
                dose=dose if states_dose else None,
                length_mm=length,
                kvp=rng.choice((80, scan.kvp, scan.kvp, 140)),
                current_ma=rng.randint(35, 420),
                duration_s=rounded(rng.uniform(0.5, 9), 2),
                contrast=scan.bolus or scan.phases > 1,
            )
        )
        clock += rng.uniform(25, 120)
    return made


def _event_name(kind: Code, protocol: Protocol) -> str:
    if kind == codes.CT_CONSTANT_ANGLE:
        return "Topogram"
    return "Monitoring" if kind == codes.CT_STATIONARY else protocol.name


def _parameters(event: CtEvent, vendor: Vendor) -> Item:
    is_spiral = event.kind == codes.CT_SPIRAL
    is_localizer = event.kind == codes.CT_CONSTANT_ANGLE
    items = [
        number(dcm("113824", "Exposure Time"), event.duration_s, "s"),
        number(dcm("113825", "Scanning Length"), event.length_mm, "mm"),
        number(dcm("113826", "Nominal Single Collimation Width"), "0.6", "mm"),
        number(dcm("113827", "Nominal Total Collimation Width"), "38.4", "mm"),
    ]
    if is_spiral:
        items.append(number(dcm("113828", "Pitch Factor"), "0.9", "{ratio}"))
    items.append(number(dcm("113823", "Number of X-Ray Sources"), 1, "{X-Ray sources}"))
    if not (is_localizer and "localizer_source" in vendor.omit):
        source = [
            text(dcm("113832", "Identification of the X-Ray Source"), "A"),
            number(dcm("113733", "KVP"), event.kvp, "kV"),
            number(dcm("113833", "Maximum X-Ray Tube Current"), event.current_ma + 25, "mA"),
            number(dcm("113734", "X-Ray Tube Current"), event.current_ma, "mA"),
        ]
        if not is_localizer:
            source.append(number(dcm("113834", "Exposure Time per Rotation"), "0.5", "s"))
        items.append(container(dcm("113831", "CT X-Ray Source Parameters"), source))
    return container(dcm("113822", "CT Acquisition Parameters"), items)


def _acquisition(event: CtEvent, scene: Scene) -> Item:
    context = codes.WITH_CONTRAST if event.contrast else codes.WITHOUT_CONTRAST
    items = [
        text(dcm("125203", "Acquisition Protocol"), event.protocol),
        code(dcm("123014", "Target Region"), event.region),
        code(dcm("113820", "CT Acquisition Type"), event.kind),
    ]
    if "context" not in scene.vendor.omit:
        items.append(code(sct("408730004", "Procedure Context"), context))
    items += [
        uidref(dcm("113769", "Irradiation Event UID"), event.uid),
        _parameters(event, scene.vendor),
    ]
    if event.dose is not None:
        ctdi, dlp = event.dose
        dose = [
            number(dcm("113830", "Mean CTDIvol"), ctdi, "mGy"),
            code(dcm("113835", "CTDIw Phantom Type"), event.phantom),
            number(dcm("113838", "DLP"), dlp, "mGy.cm"),
        ]
        if scene.vendor.states_diameter and event.kind in _IMAGING:
            diameter = _diameter(event, scene)
            dose.append(number(dcm("113980", "Water Equivalent Diameter"), diameter, "mm"))
        items.append(container(dcm("113829", "CT Dose"), dose))
    items += device_role(scene)
    return container(dcm("113819", "CT Acquisition"), items, template="10013")


def _diameter(event: CtEvent, scene: Scene) -> Decimal:
    """A head's, or the trunk's: a cylinder of water, somewhat thicker than the whole patient."""
    if event.region == codes.HEAD:
        return Decimal(176)
    weight, height = float(scene.patient.weight_kg), float(scene.patient.size_m)
    return rounded(1.2 * 2000 * math.sqrt(weight / (1000 * math.pi * height)), 0)


def event_truth(event: CtEvent) -> EventTruth:
    """What a report says of one scan."""
    values: tuple[Value, ...] = ()
    phantom = None
    if event.dose is not None:
        phantom = event.phantom_label
        values = (
            stated("ctdi_vol", Measured(event.dose[0], "mGy"), phantom=phantom),
            stated("dlp", Measured(event.dose[1], "mGy.cm"), phantom=phantom),
        )
    return EventTruth(
        event.uid, "ct", event.started.isoformat(), event.kind.meaning, None, None, phantom, values
    )


def ct_report(rng: Random, scene: Scene, events: Sequence[CtEvent]) -> tuple[Dataset, ObjectTruth]:
    """Write the dose report of these events (PS3.16 TID 10011)."""
    vendor = scene.vendor
    total = Measured(
        rounded(sum((e.dose[1] for e in events if e.dose), Decimal(0)), vendor.total_places),
        "mGy.cm",
    )
    rel = "HAS OBS CONTEXT"
    last = events[-1].started
    intent = code(codes.HAS_INTENT, codes.DIAGNOSTIC, rel="HAS CONCEPT MOD")
    procedure = dcm("121058", "Procedure reported")
    dataset = report(
        rng,
        scene,
        dcm("113701", "X-Ray Radiation Dose Report"),
        [
            code(procedure, codes.CT_PROCEDURE, intent, rel="HAS CONCEPT MOD"),
            *observer(scene),
            moment(
                dcm("113809", "Start of X-Ray Irradiation"), scene.dt(events[0].started), rel=rel
            ),
            moment(dcm("113810", "End of X-Ray Irradiation"), scene.dt(last), rel=rel),
            scope(scene),
            container(
                dcm("113811", "CT Accumulated Dose Data"),
                [
                    number(
                        dcm("113812", "Total Number of Irradiation Events"),
                        len(events),
                        "{events}",
                    ),
                    num(dcm("113813", "CT Dose Length Product Total"), total),
                ],
                template="10012",
            ),
            *(_acquisition(event, scene) for event in events),
            code(
                dcm("113854", "Source of Dose Information"),
                dcm("113856", "Automated Data Collection"),
            ),
        ],
        template="10011",
        at=last,
    )
    truth = ObjectTruth(
        dataset.SOPInstanceUID,
        dataset.SOPClassUID,
        "ct-rdsr",
        vendor.key,
        tuple(event_truth(event) for event in events),
        (stated("dlp", total),),
    )
    return dataset, truth


def ct_rdsr(
    rng: Random, vendor: str = "siemens-ct", *, events: int | None = None
) -> tuple[Dataset, ObjectTruth]:
    """Simulate one CT exam and return its dose report with the truth of it."""
    scene, protocol = ct_scene(rng, vendor)
    return ct_report(rng, scene, ct_events(rng, scene, protocol, events))
