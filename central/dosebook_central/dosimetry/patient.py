"""Age at the exam, and whether what is stated about size can be true (P28, P30)."""

from dosebook_central.dosimetry.findings import Age
from dosebook_central.dosimetry.inputs import ExamInputs


def age_at(exam: ExamInputs) -> Age | None:
    """Return the age at the exam, from birth date and exam date, else as stated."""
    del exam
    return None


def is_therapeutic(exam: ExamInputs) -> bool:
    """Whether the radiation itself was the treatment (R100): radionuclide therapy, radiotherapy."""
    del exam
    return False
