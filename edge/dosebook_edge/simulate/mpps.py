"""Modality Performed Procedure Step: N-CREATE when the exam begins, N-SET when it ends (P53)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydicom.dataset import Dataset

from dosebook_edge.simulate.scene import Scene, SimObject
from dosebook_edge.simulate.values import Measured, ds, in_unit, rounded

FinalStatus = Literal["COMPLETED", "DISCONTINUED"]


@dataclass(frozen=True, slots=True)
class StepDose:
    """The dose that a modality puts into its MPPS (radiation dose module, PS3.3 C.4.16)."""

    exposures: int
    dap: Measured | None = None
    fluoro_s: Decimal | None = None
    entrance_mgy: Decimal | None = None


def mpps_create(scene: Scene, modality: str, at: datetime) -> SimObject:
    """Return the N-CREATE that says IN PROGRESS."""
    patient = scene.patient
    dataset = Dataset()
    if patient.charset:
        dataset.SpecificCharacterSet = list(patient.charset)
    scheduled = Dataset()
    scheduled.StudyInstanceUID = scene.study_uid
    scheduled.ReferencedStudySequence = []
    scheduled.AccessionNumber = scene.accession_number
    scheduled.RequestedProcedureID = scene.accession_number
    scheduled.RequestedProcedureDescription = scene.description
    scheduled.ScheduledProcedureStepID = f"S{scene.accession_number}"
    scheduled.ScheduledProcedureStepDescription = scene.description
    scheduled.ScheduledProtocolCodeSequence = []
    dataset.ScheduledStepAttributesSequence = [scheduled]
    dataset.PatientName, dataset.PatientID = patient.name, patient.id
    dataset.IssuerOfPatientID = patient.issuer
    dataset.PatientBirthDate = patient.birth_date.strftime("%Y%m%d")
    dataset.PatientSex = patient.sex
    dataset.ReferencedPatientSequence = []
    dataset.PerformedProcedureStepID = f"P{scene.accession_number}"
    dataset.PerformedStationAETitle = scene.vendor.station
    dataset.PerformedStationName = scene.vendor.station
    dataset.PerformedLocation = ""
    dataset.PerformedProcedureStepStartDate = at.strftime("%Y%m%d")
    dataset.PerformedProcedureStepStartTime = at.strftime("%H%M%S")
    dataset.PerformedProcedureStepStatus = "IN PROGRESS"
    dataset.PerformedProcedureStepDescription = scene.description
    dataset.PerformedProcedureTypeDescription = scene.description
    dataset.ProcedureCodeSequence = []
    dataset.PerformedProcedureStepEndDate = dataset.PerformedProcedureStepEndTime = ""
    dataset.Modality, dataset.StudyID = modality, "1"
    dataset.PerformedProtocolCodeSequence = []
    dataset.PerformedSeriesSequence = []
    return SimObject("mpps-create", dataset, scene.step_uid, at)


def mpps_set(
    scene: Scene,
    at: datetime,
    dose: StepDose | None,
    stored: Iterable[Dataset] = (),
    status: FinalStatus = "COMPLETED",
) -> SimObject:
    """Return the N-SET that ends the step, with its dose and the series that were stored."""
    dataset = Dataset()
    dataset.PerformedProcedureStepStatus = status
    dataset.PerformedProcedureStepEndDate = at.strftime("%Y%m%d")
    dataset.PerformedProcedureStepEndTime = at.strftime("%H%M%S")
    if status == "DISCONTINUED":
        reason = Dataset()
        reason.CodeValue, reason.CodingSchemeDesignator = "110514", "DCM"
        reason.CodeMeaning = "Incorrect worklist entry selected"
        dataset.PerformedProcedureStepDiscontinuationReasonCodeSequence = [reason]
    dataset.PerformedSeriesSequence = _series(stored)
    if dose is not None:
        _write_dose(dataset, dose)
    return SimObject("mpps-set", dataset, scene.step_uid, at)


def _write_dose(dataset: Dataset, dose: StepDose) -> None:
    dataset.TotalNumberOfExposures = dose.exposures
    if dose.fluoro_s is not None:
        dataset.TotalTimeOfFluoroscopy = int(dose.fluoro_s)
    if dose.dap is not None:
        # (0018,115E) is in dGy.cm2 whatever the maker's report says.
        value = rounded(in_unit(dose.dap.value, dose.dap.unit, "dGy.cm2"), 3)
        dataset.ImageAndFluoroscopyAreaDoseProduct = ds(value)
    if dose.entrance_mgy is not None:
        dataset.EntranceDoseInmGy = ds(dose.entrance_mgy)


def _series(stored: Iterable[Dataset]) -> list[Dataset]:
    series: dict[str, Dataset] = {}
    for item in stored:
        entry = series.get(item.SeriesInstanceUID)
        if entry is None:
            entry = series[item.SeriesInstanceUID] = Dataset()
            entry.PerformingPhysicianName = entry.OperatorsName = ""
            entry.ProtocolName = item.get("SeriesDescription", "") or "Unknown"
            entry.SeriesInstanceUID = item.SeriesInstanceUID
            entry.SeriesDescription = item.get("SeriesDescription", "")
            entry.RetrieveAETitle = ""
            entry.ReferencedImageSequence = []
            entry.ReferencedNonImageCompositeSOPInstanceSequence = []
        reference = Dataset()
        reference.ReferencedSOPClassUID = item.SOPClassUID
        reference.ReferencedSOPInstanceUID = item.SOPInstanceUID
        if "PixelData" in item:
            entry.ReferencedImageSequence.append(reference)
        else:
            entry.ReferencedNonImageCompositeSOPInstanceSequence.append(reference)
    return list(series.values())
