"""Projection radiography and fluoroscopy: KAP, Ka,r per plane, their split, effective dose."""

from dosebook_central.dosimetry.findings import Context, Findings
from dosebook_central.dosimetry.inputs import ExamInputs
from dosebook_central.dosimetry.parts import part_of
from dosebook_central.dosimetry.projection_effective import effective_dose_findings
from dosebook_central.dosimetry.projection_split import split_findings
from dosebook_central.dosimetry.projection_totals import kap_of, total_findings
from dosebook_protocol.reading import EventKind

_OWN_TOTALS = frozenset({"dose_area_product", "dose_rp", "fluoro_time", "entrance_dose"})


def projection_findings(exam: ExamInputs, context: Context) -> Findings:
    """Derive the doses of the projection events of an exam; nothing where it has none."""
    events = tuple(event for event in exam.events if event.kind is EventKind.PROJECTION)
    if not events and all(total.quantity not in _OWN_TOTALS for total in exam.totals):
        return Findings()
    part = part_of(exam, EventKind.PROJECTION)
    kap = kap_of(exam)
    return (
        total_findings(exam, events, kap, part)
        + split_findings(exam, events, part)
        + effective_dose_findings(exam, events, context, kap, part)
    )
