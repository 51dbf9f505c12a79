"""Whether the screen shows the patient of the running exam (P51)."""

from collections.abc import Sequence
from typing import Final

from dosebook_edge.capture.screen.reading import Check, Exam, PatientText, Refusal
from dosebook_edge.capture.screen.spelling import differing

_SURE: Final = 0.9
"""A number read with this confidence that differs in one place is another number."""


def agreement(shown: Sequence[PatientText], exam: Exam) -> Check | Refusal | None:
    """A check of every value, or the refusal of the whole screen; None where nothing compares.

    Neither says any number: both end in logs and in health.
    """
    wanted = {"id": exam.patient_id, "accession": exam.accession}
    compared = [(one, wanted[one.what]) for one in shown if wanted.get(one.what)]
    if not compared:
        return None
    uncertain = False
    for one, expected in compared:
        apart = differing(one.text, expected)
        if one.text and (apart > 1 or (apart == 1 and one.confidence >= _SURE)):
            what = "patient" if one.what == "id" else "order"
            said = f"the screen shows another {what} than the exam that runs"
            return Refusal("wrong-patient", said)
        uncertain = uncertain or apart > 0
    if uncertain:
        return Check("patient", "fail", "the number of the patient could not be read for certain")
    return Check("patient", "pass")
