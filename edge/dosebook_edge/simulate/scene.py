"""The scene of one exam (who, where, when) and the data sets that share its header."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import BytesIO
from random import Random
from typing import Final, Literal
from uuid import UUID

from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dosebook_edge.simulate.codes import Code, dcm
from dosebook_edge.simulate.random_patient import SimPatient, random_patient
from dosebook_edge.simulate.sr import Item, code, code_item, sequence, text, uidref, write_item
from dosebook_edge.simulate.vendors import Vendor

DAY: Final = date(2026, 11, 20)
"""The day that a simulated morning takes place on, unless another is asked for."""
UTC_OFFSET: Final = "+0100"
"""The simulated hospital knows no daylight saving time."""
HOSPITAL: Final = "Riverside General Hospital"
DT_FORMAT: Final = "%Y%m%d%H%M%S"

ObjectKind = Literal["store", "mpps-create", "mpps-set"]


def uid(rng: Random) -> str:
    """Draw a UID from a UUID (2.25 root, PS3.5 annex B.2)."""
    return f"2.25.{UUID(int=rng.getrandbits(128), version=4).int}"


def fixed_uid(name: str) -> str:
    """Return the one UID of a named thing, such as a device."""
    digest = hashlib.sha256(f"dosebook-simulate:{name}".encode()).digest()
    return f"2.25.{UUID(bytes=digest[:16], version=4).int}"


IMPLEMENTATION_UID: Final = fixed_uid("implementation")


@dataclass(frozen=True, slots=True)
class SimObject:
    """One message to send: a C-STORE, or an MPPS N-CREATE or N-SET, at the sender's local time."""

    kind: ObjectKind
    dataset: Dataset
    sop_instance_uid: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Scene:
    """One exam: a patient in front of a modality at a time."""

    vendor: Vendor
    patient: SimPatient
    study_uid: str
    step_uid: str
    accession_number: str
    started: datetime
    description: str

    @property
    def device_uid(self) -> str:
        """The modality's own UID, the same in every exam."""
        return fixed_uid(self.vendor.key)

    def dt(self, moment: datetime) -> str:
        """Write a DT value, with the offset where this maker states it there."""
        offset = UTC_OFFSET if self.vendor.utc_offset == "datetime" else ""
        return moment.strftime(DT_FORMAT) + offset

    def after(self, seconds: float) -> datetime:
        """Return the whole second that long after the exam's start."""
        return (self.started + timedelta(seconds=seconds)).replace(microsecond=0)


def make_scene(
    rng: Random,
    vendor: Vendor,
    *,
    patient: SimPatient | None = None,
    started: datetime | None = None,
    description: str = "",
) -> Scene:
    """Set the scene of one exam."""
    begin = started or datetime.combine(DAY, datetime.min.time()) + timedelta(
        seconds=rng.randrange(8 * 3600, 17 * 3600)
    )
    return Scene(
        vendor=vendor,
        patient=patient or random_patient(rng, day=begin.date()),
        study_uid=uid(rng),
        step_uid=uid(rng),
        accession_number=f"A{begin:%y%m%d}{rng.randrange(10_000):04d}",
        started=begin,
        description=description,
    )


def header(scene: Scene, sop_class: str, sop_instance_uid: str, at: datetime) -> Dataset:
    """Return the patient, study and equipment attributes that every object of an exam carries."""
    vendor, patient = scene.vendor, scene.patient
    dataset = Dataset()
    if patient.charset:
        dataset.SpecificCharacterSet = list(patient.charset)
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, sop_instance_uid
    dataset.StudyDate = scene.started.strftime("%Y%m%d")
    dataset.StudyTime = scene.started.strftime("%H%M%S")
    dataset.ContentDate, dataset.ContentTime = at.strftime("%Y%m%d"), at.strftime("%H%M%S")
    dataset.AccessionNumber = scene.accession_number
    dataset.Manufacturer, dataset.ManufacturerModelName = vendor.manufacturer, vendor.model
    dataset.InstitutionName, dataset.StationName = HOSPITAL, vendor.station
    dataset.ReferringPhysicianName = ""
    dataset.StudyDescription = scene.description
    if vendor.utc_offset == "header":
        dataset.TimezoneOffsetFromUTC = UTC_OFFSET
    dataset.PatientName, dataset.PatientID = patient.name, patient.id
    dataset.IssuerOfPatientID = patient.issuer
    dataset.PatientBirthDate = patient.birth_date.strftime("%Y%m%d")
    dataset.PatientSex = patient.sex
    dataset.PatientAge = patient.age_on(scene.started.date())
    if "patient_size" not in vendor.omit:
        dataset.PatientSize, dataset.PatientWeight = patient.size_m, patient.weight_kg
    dataset.DeviceSerialNumber, dataset.SoftwareVersions = vendor.serial, vendor.software
    dataset.StudyInstanceUID = scene.study_uid
    dataset.StudyID = "1"
    return dataset


def finish(dataset: Dataset, vendor: Vendor) -> Dataset:
    """Give a data set the file meta information of its maker's transfer syntax."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(dataset.SOPClassUID)
    meta.MediaStorageSOPInstanceUID = UID(dataset.SOPInstanceUID)
    syntax = ImplicitVRLittleEndian if vendor.implicit_vr else ExplicitVRLittleEndian
    meta.TransferSyntaxUID = syntax
    meta.ImplementationClassUID = UID(IMPLEMENTATION_UID)
    meta.ImplementationVersionName = "DOSEBOOK_SIM_1"
    dataset.file_meta = meta
    return dataset


def to_bytes(dataset: Dataset) -> bytes:
    """Return the DICOM file (PS3.10) of a simulated object."""
    stream = BytesIO()
    dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()


def stored(dataset: Dataset) -> SimObject:
    """Return the C-STORE of a simulated object, at its content time."""
    at = datetime.strptime(  # noqa: DTZ007 - a modality's local time names no zone
        f"{dataset.ContentDate}{dataset.ContentTime}", DT_FORMAT
    )
    return SimObject("store", dataset, dataset.SOPInstanceUID, at)


def observer(scene: Scene) -> list[Item]:
    """Return the device that observed (PS3.16 TID 1002)."""
    vendor = scene.vendor
    rel = "HAS OBS CONTEXT"
    items = [
        code(dcm("121005", "Observer Type"), dcm("121007", "Device"), rel=rel),
        uidref(dcm("121012", "Device Observer UID"), scene.device_uid, rel=rel),
    ]
    if "observer_name" not in vendor.omit:
        items.append(text(dcm("121013", "Device Observer Name"), vendor.station, rel=rel))
    return [
        *items,
        text(dcm("121014", "Device Observer Manufacturer"), vendor.manufacturer, rel=rel),
        text(dcm("121015", "Device Observer Model Name"), vendor.model, rel=rel),
        text(dcm("121016", "Device Observer Serial Number"), vendor.serial, rel=rel),
    ]


def scope(scene: Scene) -> Item:
    """Return the Scope of Accumulation (PS3.16 CID 10000) in this maker's habit."""
    study = uidref(dcm("110180", "Study Instance UID"), scene.study_uid, rel="HAS PROPERTIES")
    step = uidref(
        dcm("121126", "Performed Procedure Step SOP Instance UID"),
        scene.step_uid,
        rel="HAS PROPERTIES",
    )
    meaning, reference = {
        "study": (dcm("113014", "Study"), study),
        "step": (dcm("113016", "Performed Procedure Step"), step),
        "step-to-this-point": (dcm("113970", "Procedure Step To This Point"), step),
    }[scene.vendor.scope]
    return code(dcm("113705", "Scope of Accumulation"), meaning, reference, rel="HAS OBS CONTEXT")


def device_role(scene: Scene) -> list[Item]:
    """Return the irradiating device of an event (PS3.16 TID 1021), where this maker names it."""
    vendor = scene.vendor
    if "device_role" in vendor.omit:
        return []
    rel = "HAS PROPERTIES"
    return [
        code(
            dcm("113876", "Device Role in Procedure"),
            dcm("113859", "Irradiating Device"),
            text(dcm("113878", "Device Manufacturer"), vendor.manufacturer, rel=rel),
            text(dcm("113879", "Device Model Name"), vendor.model, rel=rel),
            text(dcm("113880", "Device Serial Number"), vendor.serial, rel=rel),
        )
    ]


def report(
    rng: Random,
    scene: Scene,
    title: Code,
    items: Iterable[Item],
    *,
    template: str,
    at: datetime,
    sop_class: str = "",
    is_complete: bool = True,
) -> Dataset:
    """Assemble a structured report document (PS3.3 A.35) around its content."""
    vendor = scene.vendor
    dataset = header(scene, sop_class or vendor.sop_class, uid(rng), at)
    dataset.Modality = "SR"
    dataset.SeriesDescription = "Dose Report"
    dataset.SeriesInstanceUID = uid(rng)
    dataset.SeriesNumber, dataset.InstanceNumber = "990", "1"
    dataset.ReferencedPerformedProcedureStepSequence = []
    if vendor.scope != "study":
        step = Dataset()
        step.ReferencedSOPClassUID = "1.2.840.10008.3.1.2.3.3"
        step.ReferencedSOPInstanceUID = scene.step_uid
        dataset.ReferencedPerformedProcedureStepSequence = [step]
    dataset.PerformedProcedureCodeSequence = []
    dataset.CompletionFlag = "COMPLETE" if is_complete else "PARTIAL"
    dataset.VerificationFlag = "UNVERIFIED"
    dataset.ValueType = "CONTAINER"
    dataset.ContinuityOfContent = "SEPARATE"
    sequence(dataset, 0x0040A043, code_item(vendor.code(title)))
    if vendor.template_id:
        identification = Dataset()
        identification.MappingResource = "DCMR"
        identification.TemplateIdentifier = template
        dataset.ContentTemplateSequence = [identification]
    sequence(dataset, 0x0040A730, *(write_item(item, vendor) for item in items))
    return finish(dataset, vendor)
