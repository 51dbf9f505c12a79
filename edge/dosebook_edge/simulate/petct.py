"""A simulated PET/CT: one injection (TID 10021), one low-dose CT (TID 10011), PET image headers."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from pydicom.dataset import Dataset

from dosebook_edge.simulate import codes
from dosebook_edge.simulate.codes import Code, dcm, sct
from dosebook_edge.simulate.ct import CtEvent, Protocol, ct_events, ct_report
from dosebook_edge.simulate.images import PET_IMAGE, Series, pet_image
from dosebook_edge.simulate.scene import Scene, make_scene, report, uid
from dosebook_edge.simulate.sr import Item, code, container, moment, num, number, text, uidref
from dosebook_edge.simulate.truth import EventTruth, ObjectTruth, Value, stated
from dosebook_edge.simulate.values import Measured, rounded
from dosebook_edge.simulate.vendors import RRDSR, vendor_named

_SLICES: Final = 3
PROTOCOL: Final = Protocol(
    "PET/CT low dose", "PET/CT whole body FDG", codes.ENTIRE_BODY, False, 120, 3.4, 950
)
# Organ doses as a maker prints them: invented coefficients, mGy per MBq.
_ORGANS: Final = (
    (sct("12738006", "Brain"), "0.038"),
    (codes.HEART, "0.067"),
    (sct("10200004", "Liver"), "0.021"),
    (sct("39607008", "Lung"), "0.020"),
    (sct("89837001", "Bladder"), "0.130"),
)


@dataclass(frozen=True, slots=True)
class Injection:
    """One administration of FDG."""

    uid: str
    started: datetime
    activity: Measured
    residual: Measured


@dataclass(frozen=True, slots=True)
class PetCtExam:
    """One PET/CT exam: the injection, the CT scans and a few PET slices."""

    scene: Scene
    injection: Injection
    scans: list[CtEvent]
    slices: list[Dataset]


def petct_scene(rng: Random, vendor: str = "siemens-petct") -> Scene:
    """Set the scene of a whole-body PET/CT."""
    return make_scene(rng, vendor_named(vendor, "PT"), description=PROTOCOL.description)


def petct_exam(rng: Random, scene: Scene) -> PetCtExam:
    """Inject, wait an hour, scan."""
    size = float(scene.patient.weight_kg)
    activity = rounded(max(60.0, size * rng.uniform(3.2, 4.2)), 1)
    injection = Injection(
        uid(rng),
        scene.after(0) - timedelta(minutes=65),
        Measured(activity, "MBq"),
        Measured(rounded(rng.uniform(0.5, 6), 1), "MBq"),
    )
    series = Series(uid(rng), 4, "PET WB AC")
    pictures = [
        pet_image(
            rng,
            scene,
            series,
            index=index + 1,
            injected=injection.started,
            event_uid=injection.uid,
            activity_mbq=activity,
        )
        for index in range(_SLICES)
    ]
    return PetCtExam(scene, injection, ct_events(rng, scene, PROTOCOL), pictures)


def _organ(organ: Code, dose: Decimal) -> Item:
    authority = text(
        dcm("121406", "Reference Authority"), "ICRP Publication 128", rel="HAS PROPERTIES"
    )
    return container(
        dcm("113517", "Organ Dose Information"),
        [
            code(sct("363698007", "Finding Site"), organ, rel="HAS CONCEPT MOD"),
            num(dcm("113518", "Organ Dose"), Measured(dose, "mGy"), authority),
        ],
    )


def rrdsr(rng: Random, exam: PetCtExam) -> tuple[Dataset, ObjectTruth]:
    """Write the radiopharmaceutical dose report of the injection (PS3.16 TID 10021, 10022)."""
    scene, injection = exam.scene, exam.injection
    rel = "HAS PROPERTIES"
    half_life = num(
        sct("304283002", "Radionuclide Half Life"), Measured(Decimal("6586.2"), "s"), rel=rel
    )
    nuclide = code(sct("89457008", "Radionuclide"), codes.FLUORINE_18, rel=rel)
    before = Measured(injection.activity.value + injection.residual.value, "MBq")
    administration = container(
        dcm("113502", "Radiopharmaceutical Administration"),
        [
            code(sct("417881006", "Radiopharmaceutical agent"), codes.FDG, nuclide, half_life),
            uidref(dcm("113503", "Radiopharmaceutical Administration Event UID"), injection.uid),
            moment(
                dcm("123003", "Radiopharmaceutical Start DateTime"), scene.dt(injection.started)
            ),
            moment(
                dcm("123004", "Radiopharmaceutical Stop DateTime"),
                scene.dt(injection.started + timedelta(seconds=20)),
            ),
            num(dcm("113507", "Administered activity"), injection.activity),
            number(dcm("123005", "Radiopharmaceutical Volume"), "4.5", "cm3"),
            num(dcm("113508", "Pre-Administration Measured Activity"), before),
            num(dcm("113509", "Post-Administration Measured Activity"), injection.residual),
            *(
                _organ(organ, rounded(injection.activity.value * Decimal(factor), 2))
                for organ, factor in _ORGANS
            ),
            code(sct("410675002", "Route of administration"), codes.INTRAVENOUS),
        ],
        template="10022",
    )
    intent = code(codes.HAS_INTENT, codes.DIAGNOSTIC, rel="HAS CONCEPT MOD")
    dataset = report(
        rng,
        scene,
        dcm("113500", "Radiopharmaceutical Radiation Dose Report"),
        [
            code(codes.ASSOCIATED_PROCEDURE, codes.PET_PROCEDURE, intent, rel="HAS CONCEPT MOD"),
            administration,
        ],
        template="10021",
        at=scene.after(900),
        sop_class=RRDSR,
    )
    given = stated("administered_activity", injection.activity)
    truth = ObjectTruth(
        dataset.SOPInstanceUID,
        RRDSR,
        "rrdsr",
        scene.vendor.key,
        (_injection_truth(injection, given),),
    )
    return dataset, truth


def _injection_truth(injection: Injection, given: Value) -> EventTruth:
    return EventTruth(
        injection.uid, "radiopharmaceutical", injection.started.isoformat(), values=(given,)
    )


def header_truth(exam: PetCtExam, picture: Dataset) -> ObjectTruth:
    """What a PET slice's header says: the same injection again, not a second one."""
    told = _injection_truth(
        exam.injection, stated("administered_activity", exam.injection.activity)
    )
    return ObjectTruth(
        picture.SOPInstanceUID, PET_IMAGE, "image-header", exam.scene.vendor.key, (told,)
    )


def petct_reports(rng: Random, exam: PetCtExam) -> list[tuple[Dataset, ObjectTruth]]:
    """Write both dose reports of one PET/CT exam."""
    return [rrdsr(rng, exam), ct_report(rng, exam.scene, exam.scans)]


def petct_rdsr(rng: Random, vendor: str = "siemens-petct") -> list[tuple[Dataset, ObjectTruth]]:
    """Simulate one PET/CT exam and return its two dose reports with the truth of each."""
    return petct_reports(rng, petct_exam(rng, petct_scene(rng, vendor)))
