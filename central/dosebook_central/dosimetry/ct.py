"""CT: CTDIvol, DLP per phantom, imaging totals, size-specific and effective dose."""

from dosebook_central.dosimetry.ct_effective import effective_findings
from dosebook_central.dosimetry.ct_events import acquisition_of
from dosebook_central.dosimetry.ct_totals import total_findings
from dosebook_central.dosimetry.findings import Context, Findings
from dosebook_central.dosimetry.inputs import ExamInputs
from dosebook_central.dosimetry.parts import part_of
from dosebook_central.dosimetry.ssde import ssde_findings
from dosebook_protocol.reading import EventKind

_OWN_TOTALS = frozenset({"dlp", "ctdi_vol"})


def ct_findings(exam: ExamInputs, context: Context) -> Findings:
    """Derive the doses of the CT events of an exam, or of its totals where no events are known."""
    events = tuple(
        (event, acquisition_of(event)) for event in exam.events if event.kind is EventKind.CT
    )
    if not events and all(total.quantity not in _OWN_TOTALS for total in exam.totals):
        return Findings()
    part = part_of(exam, EventKind.CT)
    return (
        total_findings(exam, events, context, part)
        + ssde_findings(events, context, part)
        + effective_findings(exam, events, context, part)
    )
