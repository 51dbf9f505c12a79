"""One exam as it is sent, and the ways in which modalities send one (P4 to P9, P53)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from pydicom.dataset import Dataset

from dosebook_edge.simulate import carm, ct, dx, mammo, petct
from dosebook_edge.simulate.images import CT_IMAGE, Series, ct_image
from dosebook_edge.simulate.mpps import FinalStatus, StepDose, mpps_create, mpps_set
from dosebook_edge.simulate.random_patient import SimPatient
from dosebook_edge.simulate.scene import Scene, SimObject, make_scene, uid
from dosebook_edge.simulate.truth import EventTruth, ExamTruth, ObjectTruth, Value, stated
from dosebook_edge.simulate.values import Measured
from dosebook_edge.simulate.vendors import ModalityCode, Vendor, vendor_named, vendors_of

MPPS_CLASS: Final = "1.2.840.10008.3.1.2.3.3"


@dataclass(frozen=True, slots=True)
class Exam:
    """One exam: its messages in the order in which they are sent, and the truth of it."""

    objects: list[SimObject]
    truth: ExamTruth


@dataclass(slots=True)
class _Sent:
    """What an exam has sent so far."""

    objects: list[SimObject]
    truths: list[ObjectTruth]

    def store(self, dataset: Dataset, truth: ObjectTruth, at: datetime) -> None:
        """Send one object."""
        self.objects.append(SimObject("store", dataset, dataset.SOPInstanceUID, at))
        self.truths.append(truth)

    @property
    def datasets(self) -> list[Dataset]:
        """The stored objects."""
        return [item.dataset for item in self.objects if item.kind == "store"]


def added(values: Iterable[Value]) -> tuple[Value, ...]:
    """Add the numbers that speak of one quantity on one plane, breast and phantom."""
    sums: dict[tuple[str, str | None, str | None, str | None], Measured] = {}
    for value in values:
        key = (value.quantity, value.plane, value.side, value.phantom)
        so_far = sums[key].value if key in sums else Decimal(0)
        sums[key] = Measured(so_far + Decimal(value.original), value.original_unit)
    return tuple(
        stated(quantity, total, plane=plane, side=side, phantom=phantom)
        for (quantity, plane, side, phantom), total in sums.items()
    )


def _exam(
    scenario: str, scene: Scene, sent: _Sent, totals: Iterable[Value], *, has_events: bool = True
) -> Exam:
    events = dict.fromkeys(event.uid for truth in sent.truths for event in truth.events)
    truth = ExamTruth(
        exam=f"{scene.started:%Y%m%d}-{scene.accession_number}",
        scenario=scenario,
        modality=scene.vendor.modality,
        vendor=scene.vendor.key,
        study_instance_uid=scene.study_uid,
        accession_number=scene.accession_number,
        study_date=scene.started.strftime("%Y%m%d"),
        patient=scene.patient.truth,
        event_uids=tuple(events),
        distinct_events=len(events) if has_events else None,
        totals=added(totals),
        objects=tuple({item.sop_instance_uid: item for item in sent.truths}.values()),
    )
    return Exam(sent.objects, truth)


def _begin(
    rng: Random, vendor: Vendor, patient: SimPatient, started: datetime, description: str
) -> tuple[Scene, _Sent]:
    scene = make_scene(rng, vendor, patient=patient, started=started, description=description)
    return scene, _Sent([], [])


def _pick(rng: Random, modality: ModalityCode, *, biplane: bool = False) -> Vendor:
    return rng.choice([row for row in vendors_of(modality) if row.biplane == biplane])


def _open_step(scene: Scene, sent: _Sent) -> None:
    sent.objects.append(mpps_create(scene, scene.vendor.modality, scene.started))


def _close_step(
    scene: Scene, sent: _Sent, dose: StepDose, at: datetime, status: FinalStatus = "COMPLETED"
) -> None:
    message = mpps_set(scene, at, dose, sent.datasets, status)
    sent.objects.append(message)
    totals: list[Value] = []
    if dose.dap is not None:
        written = Decimal(str(message.dataset.ImageAndFluoroscopyAreaDoseProduct))
        totals.append(stated("dose_area_product", Measured(written, "dGy.cm2")))
    if dose.fluoro_s is not None:
        seconds = Decimal(int(message.dataset.TotalTimeOfFluoroscopy))
        totals.append(stated("fluoro_time", Measured(seconds, "s")))
    sent.truths.append(
        ObjectTruth(scene.step_uid, MPPS_CLASS, "mpps", scene.vendor.key, (), tuple(totals))
    )


def _carm_dose(events: Sequence[carm.CarmEvent]) -> StepDose:
    unit = events[0].dap.unit
    screening = [event.duration_s for event in events if event.is_fluoroscopy]
    return StepDose(
        exposures=len(events),
        dap=Measured(sum((event.dap.value for event in events), Decimal(0)), unit),
        fluoro_s=sum(screening, Decimal(0)),
    )


def ct_exam(rng: Random, patient: SimPatient, started: datetime, vendor: str = "") -> Exam:
    """One CT, one report."""
    protocol = rng.choice(ct.PROTOCOLS)
    row = vendor_named(vendor, "CT") if vendor else _pick(rng, "CT")
    scene, sent = _begin(rng, row, patient, started, protocol.description)
    report, truth = ct.ct_report(rng, scene, ct.ct_events(rng, scene, protocol))
    sent.store(report, truth, scene.after(600))
    return _exam("ct", scene, sent, truth.totals)


def ct_enhanced_sr_exam(rng: Random, patient: SimPatient, started: datetime) -> Exam:
    """A CT that wraps its dose report in an Enhanced SR without a template id (P39)."""
    return ct_exam(rng, patient, started, "ge-ct-esr")


def ct_cumulative_exam(rng: Random, patient: SimPatient, started: datetime) -> Exam:
    """A report after every scan, each holding all scans so far: the last one counts (P4)."""
    protocol = ct.PROTOCOLS[6]
    vendor = rng.choice([row for row in vendors_of("CT") if row.is_cumulative])
    scene, sent = _begin(rng, vendor, patient, started, protocol.description)
    events = ct.ct_events(rng, scene, protocol)
    for count in range(1, len(events) + 1):
        report, truth = ct.ct_report(rng, scene, events[:count])
        sent.store(report, truth, events[count - 1].started + timedelta(seconds=9))
    return _exam("ct-cumulative", scene, sent, sent.truths[-1].totals)


def ct_continued_exam(rng: Random, patient: SimPatient, started: datetime) -> Exam:
    """A study continued later: a second report with other events; both count (P5)."""
    protocol = ct.PROTOCOLS[2]
    vendor = vendor_named(rng.choice(("canon-ct", "philips-ct")))
    scene, sent = _begin(rng, vendor, patient, started, protocol.description)
    events = ct.ct_events(rng, scene, protocol, events=4)
    for part in (events[:2], events[2:]):
        report, truth = ct.ct_report(rng, scene, part)
        sent.store(report, truth, part[-1].started + timedelta(seconds=30))
    return _exam("ct-continued", scene, sent, (v for t in sent.truths for v in t.totals))


def ct_resent_exam(rng: Random, patient: SimPatient, started: datetime) -> Exam:
    """The same report sent twice, byte for byte (P6)."""
    exam = ct_exam(rng, patient, started)
    (first,) = exam.objects
    again = SimObject(
        "store", first.dataset, first.sop_instance_uid, first.at + timedelta(minutes=4)
    )
    return Exam([first, again], replace(exam.truth, scenario="ct-resent"))


def ct_with_images_exam(rng: Random, patient: SimPatient, started: datetime) -> Exam:
    """A CT whose slices arrive before its report (P7)."""
    protocol = ct.PROTOCOLS[1]
    scene, sent = _begin(rng, _pick(rng, "CT"), patient, started, protocol.description)
    events = ct.ct_events(rng, scene, protocol)
    scan = events[-1]
    series = Series(uid(rng), 2, protocol.name)
    assert scan.dose is not None  # noqa: S101 - only localizers state none
    for index in range(3):
        picture = ct_image(
            rng,
            scene,
            series,
            index=index + 1,
            at=scan.started,
            event_uid=scan.uid,
            kvp=scan.kvp,
            ctdi_mgy=scan.dose[0],
        )
        told = EventTruth(
            scan.uid,
            "ct",
            scan.started.isoformat(),
            values=(stated("ctdi_vol", Measured(scan.dose[0], "mGy")),),
        )
        header = ObjectTruth(
            picture.SOPInstanceUID, CT_IMAGE, "image-header", scene.vendor.key, (told,)
        )
        sent.store(picture, header, scan.started + timedelta(seconds=20 + index))
    report, truth = ct.ct_report(rng, scene, events)
    sent.store(report, truth, scan.started + timedelta(seconds=90))
    return _exam("ct-with-images", scene, sent, truth.totals)


def ct_page_exam(rng: Random, patient: SimPatient, started: datetime) -> Exam:
    """A CT that sends no report: MPPS without a dose, which only the page on its console shows.

    The page is the first of the truth's objects; nobody names its events.
    """
    protocol = ct.PROTOCOLS[6]
    scene, sent = _begin(rng, vendor_named("ge-ct"), patient, started, protocol.description)
    events = ct.ct_events(rng, scene, protocol)
    told = tuple(ct.event_truth(event) for event in events)
    totals = added(v for event in told for v in event.values if v.quantity == "dlp")
    sent.truths.append(ObjectTruth("", "", "screen", scene.vendor.key, told, totals))
    _open_step(scene, sent)
    sent.objects.append(mpps_set(scene, scene.after(600), None))
    return _exam("ct-page", scene, sent, totals, has_events=False)


def _carm(
    rng: Random,
    patient: SimPatient,
    started: datetime,
    scenario: str,
    *,
    vendor: Vendor | None = None,
    status: FinalStatus | None = "COMPLETED",
    procedure: carm.Intervention | None = None,
    events: int | None = None,
) -> Exam:
    procedure = procedure or rng.choice(carm.INTERVENTIONS)
    row = vendor or _pick(rng, "XA")
    scene, sent = _begin(rng, row, patient, started, procedure.description)
    made = carm.carm_events(rng, scene, procedure, events)
    end = made[-1].started + timedelta(seconds=60)
    if status is not None:
        _open_step(scene, sent)
    report, truth = carm.carm_report(rng, scene, made)
    sent.store(report, truth, end)
    if status is not None:
        _close_step(scene, sent, _carm_dose(made), end + timedelta(seconds=20), status)
    return _exam(scenario, scene, sent, truth.totals)


def carm_exam(rng: Random, patient: SimPatient, started: datetime) -> Exam:
    """A single-plane procedure with MPPS and report (P7)."""
    return _carm(rng, patient, started, "carm")


def biplane_exam(rng: Random, patient: SimPatient, started: datetime) -> Exam:
    """A biplane procedure: two planes, two reference points (P16)."""
    vendor = _pick(rng, "XA", biplane=True)
    return _carm(rng, patient, started, "carm-biplane", vendor=vendor)


def discontinued_exam(rng: Random, patient: SimPatient, started: datetime) -> Exam:
    """A procedure broken off: the step says DISCONTINUED, the dose was given (P53)."""
    return _carm(rng, patient, started, "carm-discontinued", status="DISCONTINUED", events=3)


def screening_exam(rng: Random, patient: SimPatient, started: datetime) -> Exam:
    """A swallow in a fluoroscopy room: MPPS, report, MPPS; a DAP meter may tell it too (P7)."""
    vendor, procedure = vendor_named("canon-xa"), carm.INTERVENTIONS[5]
    return _carm(rng, patient, started, "screening", vendor=vendor, procedure=procedure, events=4)


def carm_cumulative_exam(rng: Random, patient: SimPatient, started: datetime) -> Exam:
    """A report in the middle and one at the end, the second holding all events (P4)."""
    procedure = carm.INTERVENTIONS[0]
    vendor = rng.choice([row for row in vendors_of("XA") if row.is_cumulative])
    scene, sent = _begin(rng, vendor, patient, started, procedure.description)
    events = carm.carm_events(rng, scene, procedure, 10)
    for part in (events[:4], events):
        report, truth = carm.carm_report(rng, scene, part, is_complete=part is events)
        sent.store(report, truth, part[-1].started + timedelta(seconds=15))
    return _exam("carm-cumulative", scene, sent, sent.truths[-1].totals)


def mpps_only_exam(rng: Random, patient: SimPatient, started: datetime) -> Exam:
    """A mobile C-arm that knows no dose report: its MPPS is all there is."""
    procedure = carm.INTERVENTIONS[2]
    vendor = vendor_named("ge-surgery")
    scene, sent = _begin(rng, vendor, patient, started, procedure.description)
    events = carm.carm_events(rng, scene, procedure, 5)
    _open_step(scene, sent)
    _close_step(scene, sent, _carm_dose(events), events[-1].started + timedelta(seconds=40))
    return _exam("mpps-only", scene, sent, sent.truths[-1].totals, has_events=False)


def dx_exam(rng: Random, patient: SimPatient, started: datetime) -> Exam:
    """A radiograph with MPPS, images and report: four tongues, one dose (P7)."""
    radiograph = rng.choice(dx.RADIOGRAPHS)
    scene, sent = _begin(rng, _pick(rng, "DX"), patient, started, f"XR {radiograph.name}")
    events = dx.dx_events(rng, scene, radiograph)
    _open_step(scene, sent)
    for event in events:
        at = event.started + timedelta(seconds=8)
        sent.store(event.image, dx.header_truth(event, scene.vendor.key), at)
    report, truth = dx.dx_report(rng, scene, events)
    end = events[-1].started + timedelta(seconds=30)
    sent.store(report, truth, end)
    total = sum((event.dap.value for event in events), Decimal(0))
    dose = StepDose(len(events), Measured(total, events[0].dap.unit))
    _close_step(scene, sent, dose, end + timedelta(seconds=5))
    return _exam("dx", scene, sent, truth.totals)


def dx_images_exam(rng: Random, patient: SimPatient, started: datetime) -> Exam:
    """A radiograph without a report: the headers are the evidence."""
    radiograph = dx.RADIOGRAPHS[2]
    scene, sent = _begin(rng, _pick(rng, "DX"), patient, started, f"XR {radiograph.name}")
    for event in dx.dx_events(rng, scene, radiograph):
        at = event.started + timedelta(seconds=8)
        sent.store(event.image, dx.header_truth(event, scene.vendor.key), at)
    values = (v for t in sent.truths for event in t.events for v in event.values)
    return _exam("dx-images", scene, sent, values)


def mammo_exam(rng: Random, patient: SimPatient, started: datetime) -> Exam:
    """A screening mammogram: four images and a report (P3)."""
    scene, sent = _begin(rng, _pick(rng, "MG"), patient, started, "Mammography screening")
    events = mammo.mammo_events(rng, scene)
    for event in events:
        at = event.started + timedelta(seconds=10)
        sent.store(event.image, mammo.header_truth(event, scene.vendor.key), at)
    report, truth = mammo.mammo_report(rng, scene, events)
    sent.store(report, truth, events[-1].started + timedelta(seconds=40))
    return _exam("mammo", scene, sent, truth.totals)


def petct_exam(rng: Random, patient: SimPatient, started: datetime) -> Exam:
    """A PET/CT: an injection and a CT in one study, told by two reports and PET headers (P60)."""
    description = petct.PROTOCOL.description
    scene, sent = _begin(rng, _pick(rng, "PT"), patient, started, description)
    exam = petct.petct_exam(rng, scene)
    totals = [stated("administered_activity", exam.injection.activity)]
    for report, truth in petct.petct_reports(rng, exam):
        sent.store(report, truth, scene.after(1200))
        totals += truth.totals
    for index, picture in enumerate(exam.slices):
        sent.store(picture, petct.header_truth(exam, picture), scene.after(1500 + index))
    return _exam("petct", scene, sent, totals)


Scenario = Callable[[Random, SimPatient, datetime], Exam]
