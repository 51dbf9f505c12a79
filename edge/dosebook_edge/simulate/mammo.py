"""A simulated mammography unit: TID 10001 reports with TID 10005, and the images' headers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Final

from pydicom.dataset import Dataset

from dosebook_edge.simulate import codes
from dosebook_edge.simulate.codes import Code, dcm, sct
from dosebook_edge.simulate.images import MG_IMAGE, Series, mg_image
from dosebook_edge.simulate.projection import accumulated, filters, projection_report
from dosebook_edge.simulate.random_patient import random_patient
from dosebook_edge.simulate.scene import DAY, Scene, device_role, make_scene, uid
from dosebook_edge.simulate.sr import Item, code, container, image, moment, num, number, uidref
from dosebook_edge.simulate.truth import EventTruth, ObjectTruth, stated
from dosebook_edge.simulate.values import Measured, in_unit, rounded
from dosebook_edge.simulate.vendors import vendor_named

_VIEWS: Final = (
    ("left", "CC", codes.CRANIO_CAUDAL),
    ("right", "CC", codes.CRANIO_CAUDAL),
    ("left", "MLO", codes.MEDIO_LATERAL_OBLIQUE),
    ("right", "MLO", codes.MEDIO_LATERAL_OBLIQUE),
)
_LATERALITY: Final = sct("272741003", "Laterality")
_ACCUMULATED: Final = dcm("111637", "Accumulated Average Glandular Dose")


@dataclass(frozen=True, slots=True)
class MammoEvent:
    """One exposure of one breast. `agd` is in the unit that the maker's report uses (P3)."""

    uid: str
    started: datetime
    side: str
    view: Code
    agd: Measured
    entrance_mgy: Decimal
    kvp: Decimal
    exposure_ms: int
    exposure_uas: int
    thickness_mm: int
    image: Dataset

    @property
    def is_left(self) -> bool:
        """Whether the left breast was exposed."""
        return self.side == "left"


def mammo_scene(rng: Random, vendor: str = "hologic-mg") -> Scene:
    """Set the scene of a screening mammogram."""
    patient = random_patient(rng, day=DAY, sex="F")
    return make_scene(
        rng, vendor_named(vendor, "MG"), patient=patient, description="Mammography screening"
    )


def mammo_events(rng: Random, scene: Scene, events: int | None = None) -> list[MammoEvent]:
    """Expose both breasts in two views, or as many exposures as asked for."""
    vendor = scene.vendor
    thickness = rng.randint(32, 75)
    made: list[MammoEvent] = []
    for index in range(events if events is not None else len(_VIEWS)):
        side, position, view = _VIEWS[index % len(_VIEWS)]
        event_uid, at = uid(rng), scene.after(60 + 75 * index)
        level = rounded(0.6 + thickness * 0.02 * rng.uniform(0.8, 1.2), 4)
        agd = Measured(
            rounded(in_unit(level, "mGy", vendor.agd_unit), vendor.event_places), vendor.agd_unit
        )
        entrance = rounded(level * Decimal("2.9"), 2)
        kvp = rounded(rng.uniform(26, 34), 1)
        milliseconds, charge = rng.randint(300, 1400), rng.randint(30_000, 140_000)
        picture = mg_image(
            rng,
            scene,
            Series(uid(rng), index + 1, f"{side[0].upper()} {position}"),
            index=1,
            at=at,
            event_uid=event_uid,
            agd_mgy=agd.stored,
            entrance_mgy=entrance,
            side=side,
            view=position,
            kvp=kvp,
            exposure_ms=milliseconds,
            exposure_uas=charge,
            thickness_mm=thickness,
        )
        made.append(
            MammoEvent(
                uid=event_uid,
                started=at,
                side=side,
                view=view,
                agd=agd,
                entrance_mgy=entrance,
                kvp=kvp,
                exposure_ms=milliseconds,
                exposure_uas=charge,
                thickness_mm=thickness,
                image=picture,
            )
        )
    return made


def _event_item(event: MammoEvent, scene: Scene) -> Item:
    # Some makers split an exposure and list each part's tube voltage (P38).
    parts = (event.kvp, event.kvp - Decimal("0.2")) if scene.vendor.two_exposures else (event.kvp,)
    side = codes.LEFT if event.is_left else codes.RIGHT
    return container(
        dcm("113706", "Irradiation Event X-Ray Data"),
        [
            code(dcm("113764", "Acquisition Plane"), codes.SINGLE_PLANE, rel="HAS CONCEPT MOD"),
            uidref(dcm("113769", "Irradiation Event UID"), event.uid),
            moment(dcm("111526", "DateTime Started"), scene.dt(event.started)),
            code(dcm("113721", "Irradiation Event Type"), codes.STATIONARY),
            code(
                sct("91723000", "Anatomical structure"),
                codes.BREAST,
                code(_LATERALITY, side, rel="HAS CONCEPT MOD"),
            ),
            code(dcm("111031", "Image View"), event.view),
            code(dcm("123014", "Target Region"), codes.BREAST),
            number(dcm("111634", "Half Value Layer"), "0.54", "mm"),
            number(dcm("111636", "Entrance Exposure at RP"), event.entrance_mgy, "mGy"),
            code(dcm("113780", "Reference Point Definition"), codes.RP_ENTRANCE),
            image(MG_IMAGE, event.image.SOPInstanceUID),
            num(dcm("111631", "Average Glandular Dose"), event.agd),
            *(number(dcm("113733", "KVP"), kvp, "kV") for kvp in parts),
            number(dcm("113824", "Exposure Time"), event.exposure_ms, "ms"),
            number(dcm("113736", "Exposure"), event.exposure_uas, "uA.s"),
            number(dcm("113766", "Focal Spot Size"), "0.3", "mm"),
            code(dcm("111632", "Anode Target Material"), codes.TUNGSTEN),
            filters(codes.RHODIUM, Decimal("0.05")),
            number(dcm("111633", "Compression Thickness"), event.thickness_mm, "mm"),
            number(dcm("113750", "Distance Source to Detector"), 700, "mm"),
            *device_role(scene),
        ],
        template="10003",
    )


def event_truth(event: MammoEvent) -> EventTruth:
    """What the report says of one exposure."""
    return EventTruth(
        event.uid,
        "mammography",
        event.started.isoformat(),
        codes.STATIONARY.meaning,
        plane="single",
        side=event.side,
        values=(stated("average_glandular_dose", event.agd, plane="single", side=event.side),),
    )


def header_truth(event: MammoEvent, vendor: str) -> ObjectTruth:
    """What the image header says of one exposure: Organ Dose in dGy."""
    dose = Measured(Decimal(str(event.image.OrganDose)), "dGy")
    told = EventTruth(
        event.uid,
        "mammography",
        event.started.isoformat(),
        side=event.side,
        values=(stated("average_glandular_dose", dose, side=event.side),),
    )
    return ObjectTruth(event.image.SOPInstanceUID, MG_IMAGE, "image-header", vendor, (told,))


def mammo_report(
    rng: Random, scene: Scene, events: Sequence[MammoEvent]
) -> tuple[Dataset, ObjectTruth]:
    """Write the dose report of these exposures; each breast has its own accumulated AGD."""
    vendor = scene.vendor
    totals: dict[str, Measured] = {}
    for event in events:
        so_far = totals.get(event.side, Measured(Decimal(0), vendor.agd_unit))
        totals[event.side] = Measured(so_far.value + event.agd.value, vendor.agd_unit)
    items = [
        num(
            _ACCUMULATED,
            total,
            code(
                _LATERALITY,
                codes.LEFT_BREAST if side == "left" else codes.RIGHT_BREAST,
                rel="HAS CONCEPT MOD",
            ),
        )
        for side, total in totals.items()
    ]
    dataset = projection_report(
        rng,
        scene,
        procedure=codes.MAMMOGRAPHY,
        intent=codes.DIAGNOSTIC,
        items=[
            accumulated(vendor, codes.SINGLE_PLANE, items),
            *(_event_item(event, scene) for event in events),
        ],
        at=events[-1].started,
    )
    truth = ObjectTruth(
        dataset.SOPInstanceUID,
        dataset.SOPClassUID,
        "mammography-rdsr",
        vendor.key,
        tuple(event_truth(event) for event in events),
        tuple(
            stated("average_glandular_dose", total, plane="single", side=side)
            for side, total in totals.items()
        ),
    )
    return dataset, truth


def mammo_rdsr(
    rng: Random, vendor: str = "hologic-mg", *, events: int | None = None
) -> tuple[Dataset, ObjectTruth]:
    """Simulate one mammogram and return its dose report with the truth of it."""
    scene = mammo_scene(rng, vendor)
    return mammo_report(rng, scene, mammo_events(rng, scene, events))
