"""Projection radiography and fluoroscopy: KAP, Ka,r per plane, effective dose."""

from dosebook_central.dosimetry.findings import Context, Findings
from dosebook_central.dosimetry.inputs import ExamInputs


def projection_findings(exam: ExamInputs, context: Context) -> Findings:
    """Derive the doses of the projection events of an exam."""
    del exam, context
    return Findings()
