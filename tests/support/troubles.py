"""What goes wrong in a hospital, as objects: evidences that disagree, units nobody knows.

Each function alters what the simulators send, the way that people and machines do.
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from dosebook_edge.simulate import exam as scenarios
from dosebook_edge.simulate.exam import Exam, SimObject
from dosebook_edge.simulate.hospital import people
from dosebook_edge.simulate.random_patient import SimPatient

_DLP_TOTAL = "113813"
_DLP = "113838"
_PATIENT_RDSR = "1.2.840.10008.5.1.4.1.1.88.75"

JAPANESE = "Yamada^Hanako=山田^花子=やまだ^はなこ"
NORWEGIAN = "Sørlie^Åse"


def disagreements(day: date) -> dict[str, Exam]:
    """One exam for each way in which evidences disagree, by the code that it is found under."""
    at = datetime(day.year, day.month, day.day, 12, 10)  # noqa: DTZ001 - local, as senders state it
    patients = people(7, day)
    adults = [one for one in patients if one.years_on(day) >= 30]
    return {
        "total-differs": _step_off(scenarios.carm_exam(Random(1), adults[1], at)),
        "stated-not-summed": _total_off(_ct(Random(2), adults[2], at)),
        "event-of-two-patients": _two_patients(_ct(Random(3), adults[3], at), adults[4]),
        "instance-changed": _changed(_ct(Random(4), adults[5], at)),
    }


def named(day: date) -> Iterator[Exam]:
    """Exams of patients whose names are more than Latin letters."""
    at = datetime(day.year, day.month, day.day, 7, 35)  # noqa: DTZ001 - local, as senders state it
    patient = next(one for one in people(7, day) if one.sex == "F" and one.years_on(day) >= 30)
    for number, (name, charset) in enumerate(
        ((JAPANESE, ("", "ISO 2022 IR 87")), (NORWEGIAN, ("ISO_IR 192",)))
    ):
        person = replace(patient, id=f"77000{number}", name=name, charset=charset)
        yield _ct(Random(20 + number), person, at)


def unknown_unit(exam: Exam) -> Dataset:
    """The report of an exam with a DLP in a unit that does not exist."""
    report = deepcopy(_report(exam))
    report.SOPInstanceUID = generate_uid(entropy_srcs=[report.SOPInstanceUID, "unit"])
    value = next(_numbers(report, _DLP)).MeasuredValueSequence[0]
    unit = value.MeasurementUnitsCodeSequence[0]
    unit.CodeValue, unit.CodeMeaning = "rad.furlong", "rad.furlong"
    return report


def patient_report(exam: Exam) -> Dataset:
    """A Patient Radiation Dose SR: estimates of organ doses, not a dose of an exam."""
    report = deepcopy(_report(exam))
    report.SOPClassUID = _PATIENT_RDSR
    report.SOPInstanceUID = generate_uid(entropy_srcs=[report.SOPInstanceUID, "estimate"])
    title = report.ConceptNameCodeSequence[0]
    title.CodeValue, title.CodeMeaning = "128401", "Patient Radiation Dose Report"
    return report


def _ct(rng: Random, patient: SimPatient, at: datetime) -> Exam:
    return scenarios.ct_exam(rng, patient, at, "siemens-ct")


def _step_off(exam: Exam) -> Exam:
    """The console's step was closed with another dose than the report has."""
    final = exam.objects[-1].dataset
    final.ImageAndFluoroscopyAreaDoseProduct = str(
        round(float(final.ImageAndFluoroscopyAreaDoseProduct) * 1.4, 4)
    )
    return exam


def _total_off(exam: Exam) -> Exam:
    """An acquisition that was repeated stands in the total but not in the list."""
    _scale(_report(exam), _DLP_TOTAL, 1.12)
    return exam


def _two_patients(exam: Exam, other: SimPatient) -> Exam:
    """The report was sent again under another patient's name."""
    first = exam.objects[-1]
    second = deepcopy(first.dataset)
    second.PatientID, second.PatientName = other.id, other.name
    second.SpecificCharacterSet = list(other.charset) or "ISO_IR 100"
    second.SOPInstanceUID = generate_uid(entropy_srcs=[second.SOPInstanceUID, "again"])
    return _with(exam, second, first)


def _changed(exam: Exam) -> Exam:
    """The report was sent again under its old UID with other numbers."""
    first = exam.objects[-1]
    second = deepcopy(first.dataset)
    later = first.at + timedelta(minutes=47)
    _scale(second, _DLP, 0.9)
    _scale(second, _DLP_TOTAL, 0.9)
    hour = int(second.ContentTime[:2]) + 1
    second.ContentTime = f"{hour:02d}{second.ContentTime[2:]}"
    return _with(exam, second, replace(first, at=later))


def _with(exam: Exam, dataset: Dataset, like: SimObject) -> Exam:
    return replace(
        exam,
        objects=[
            *exam.objects,
            replace(like, dataset=dataset, sop_instance_uid=dataset.SOPInstanceUID),
        ],
    )


def _report(exam: Exam) -> Dataset:
    return next(
        item.dataset
        for item in exam.objects
        if item.kind == "store" and "ContentSequence" in item.dataset
    )


def _scale(report: Dataset, code: str, factor: float) -> None:
    for item in _numbers(report, code):
        value = item.MeasuredValueSequence[0]
        value.NumericValue = str(round(float(value.NumericValue) * factor, 2))


def _numbers(item: Dataset, code: str) -> Iterator[Dataset]:
    for child in item.get("ContentSequence") or ():
        name = child.get("ConceptNameCodeSequence")
        if child.ValueType == "NUM" and name and name[0].CodeValue == code:
            yield child
        yield from _numbers(child, code)
