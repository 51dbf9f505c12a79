"""CT: CTDIvol, DLP per phantom, imaging totals, size-specific and effective dose."""

from dosebook_central.dosimetry.findings import Context, Findings
from dosebook_central.dosimetry.inputs import ExamInputs


def ct_findings(exam: ExamInputs, context: Context) -> Findings:
    """Derive the doses of the CT events of an exam."""
    del exam, context
    return Findings()
