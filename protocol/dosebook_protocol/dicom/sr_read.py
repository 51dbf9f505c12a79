"""Any structured report: told by its content, read by the reader for it, or refused in words."""

from dataclasses import replace
from typing import Final

from dosebook_protocol import codes
from dosebook_protocol.dicom import rdsr, rrdsr, vendor_sr
from dosebook_protocol.dicom.context import base_reading, object_offset
from dosebook_protocol.dicom.deviations import Deviations
from dosebook_protocol.dicom.errors import UnreadableError
from dosebook_protocol.dicom.moments import utc_offset
from dosebook_protocol.dicom.node import Node
from dosebook_protocol.dicom.quirks import quirks_of
from dosebook_protocol.dicom.sr_content import Item, content
from dosebook_protocol.dicom.sr_context import completed_equipment, completed_patient
from dosebook_protocol.reading import Outcome, Reading

_PATIENT_RDSR: Final = frozenset({"1.2.840.10008.5.1.4.1.1.88.73", "1.2.840.10008.5.1.4.1.1.88.75"})
_DOSE_CLASSES: Final = frozenset(
    {"1.2.840.10008.5.1.4.1.1.88.67", "1.2.840.10008.5.1.4.1.1.88.68", rdsr.ENHANCED_RDSR}
)
_ESTIMATES: Final = (
    "Patient Radiation Dose SR: it holds estimates of the dose to this patient, made from "
    "irradiation events that are reported elsewhere, and no event of its own; kept, and replayed "
    "once estimates are read"
)


def read_sr(root: Node) -> Reading:
    """Read a structured report; a refusal keeps patient, study and equipment beside its reason."""
    notes = Deviations()
    base = base_reading(root, kind="other", reader="sr", notes=notes)
    base = replace(base, equipment=completed_equipment(base.equipment, root))
    quirks = quirks_of(base.equipment)
    for name, note in quirks.notes:
        notes.add("known-quirk", "", f"{name}: {note}")
    document = content(root, quirks.concepts)
    base = replace(base, patient=completed_patient(base.patient, document, notes))
    offset = object_offset(root)
    if offset and offset != utc_offset(offset).replace(":", ""):
        meant = utc_offset(offset) or "nothing"
        notes.add("not-an-offset", "(0008,0201)", f"{offset!r} is no offset; read as {meant}")
    rdsr.hoist(document, notes)
    try:
        if _is_estimate(document, base):
            read = replace(
                base, outcome=Outcome.QUARANTINED, kind="patient-rdsr", reason=_ESTIMATES
            )
        elif rdsr.is_rdsr(document):
            base = replace(base, reader="rdsr")
            read = rdsr.read_rdsr(document, base, offset, quirks, notes)
        elif rrdsr.is_rrdsr(document):
            base = replace(base, reader="rrdsr")
            read = rrdsr.read_rrdsr(document, base, offset, notes)
        elif vendor_sr.is_siemens_summary(document):
            base = replace(base, reader="vendor-sr")
            read = vendor_sr.read_siemens_summary(document, base, notes)
        else:
            read = _no_dose(document, base)
    except UnreadableError as refusal:
        read = replace(base, outcome=Outcome.QUARANTINED, reason=str(refusal))
    if read.outcome is Outcome.READ and not (read.events or read.totals):
        read = _empty(document, read)
    return replace(read, deviations=notes.result())


def _is_estimate(document: Item, base: Reading) -> bool:
    """Say whether the document is a Patient Radiation Dose SR (TID 10030)."""
    if document.concept == codes.PATIENT_RADIATION_DOSE_REPORT:
        return True
    return base.sop_class_uid in _PATIENT_RDSR and not rdsr.is_rdsr(document)


def _empty(document: Item, read: Reading) -> Reading:
    """Say what became of a dose report in which there is neither an event nor a total."""
    if not document.children:
        reason = "a dose report without content: it was cut short, or never filled"
        return replace(read, outcome=Outcome.QUARANTINED, reason=reason)
    if any(child.concept in rdsr.DETAILS for child in document.children):
        reason = "a dose report of irradiation details (TID 10043) alone: kept, not read"
        return replace(read, outcome=Outcome.QUARANTINED, reason=reason)
    reason = "a dose report that states neither an irradiation event nor a total"
    return replace(read, outcome=Outcome.NO_DOSE, reason=reason)


def _no_dose(document: Item, base: Reading) -> Reading:
    name = document.name_code()
    title = f"({name.value}, {name.scheme}) “{name.meaning}”" if name is not None else "no title"
    reason = f"a structured report without radiation dose: its root concept is {title}"
    if base.sop_class_uid in _DOSE_CLASSES:
        reason = (
            f"a dose report class, but no content of a dose report: its root concept is {title}"
        )
        return replace(base, outcome=Outcome.QUARANTINED, reason=reason)
    return replace(base, outcome=Outcome.NO_DOSE, reason=reason)
