"""X-ray dose reports: CT, projection and mammography RDSR, their Enhanced SR and 88.76 relatives.

A report is told by its content; template id and SOP class only confirm (P39).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from dosebook_protocol import codes
from dosebook_protocol.codes import Key
from dosebook_protocol.dicom import rdsr_check, rdsr_events, rdsr_totals
from dosebook_protocol.dicom.deviations import Deviations
from dosebook_protocol.dicom.quirks import Quirks
from dosebook_protocol.dicom.sr_content import Item, key_of
from dosebook_protocol.dicom.sr_fields import Fields
from dosebook_protocol.dicom.sr_identity import identified
from dosebook_protocol.reading import Code, CodedItem, IrradiationEvent, Outcome, Reading, Total

ENHANCED_SR: Final = "1.2.840.10008.5.1.4.1.1.88.22"
ENHANCED_RDSR: Final = "1.2.840.10008.5.1.4.1.1.88.76"

EVENTS: Final = frozenset(
    {codes.CT_ACQUISITION, codes.IRRADIATION_EVENT_X_RAY_DATA, codes.ENHANCED_EVENT_SUMMARY_DATA}
)
ACCUMULATED: Final = frozenset(
    {
        codes.CT_ACCUMULATED_DOSE_DATA,
        codes.ACCUMULATED_X_RAY_DOSE_DATA,
        codes.ENHANCED_ACCUMULATED_DOSE_DATA,
    }
)
DETAILS: Final = frozenset({("130505", "DCM")})
"""Containers of irradiation details (TID 10043), which are kept and not read."""
_OWN: Final = EVENTS | ACCUMULATED | DETAILS
_HOISTED: Final = _OWN | {codes.RADIOPHARMACEUTICAL_ADMINISTRATION}
_FIELDS: Final = frozenset({codes.PROCEDURE_REPORTED, codes.SCOPE_OF_ACCUMULATION})
_CT_CONTAINERS: Final = frozenset({codes.CT_ACQUISITION, codes.CT_ACCUMULATED_DOSE_DATA})
_CT_TEMPLATE: Final = "10011"
_PROJECTION_TEMPLATE: Final = "10001"


def hoist(root: Item, notes: Deviations) -> None:
    """Bring event and accumulated containers that hang below others to the root (P39)."""
    for child in list(root.children):
        if child.value_type == "CONTAINER":
            root.children.extend(_taken_out(child, notes))


def _taken_out(parent: Item, notes: Deviations) -> list[Item]:
    found = []
    for child in list(parent.children):
        if child.concept in _HOISTED:
            notes.add(
                "nested-container", child.path, "a container of the root, found below another"
            )
            parent.children.remove(child)
            found.append(child)
        if child.value_type == "CONTAINER":
            found.extend(_taken_out(child, notes))
    return found


def is_rdsr(root: Item) -> bool:
    """Say whether the document is an X-ray dose report, by its root concept or its containers."""
    if root.concept == codes.X_RAY_RADIATION_DOSE_REPORT:
        return True
    return any(child.concept in _OWN for child in root.children)


def read_rdsr(root: Item, base: Reading, offset: str, quirks: Quirks, notes: Deviations) -> Reading:
    """Read an X-ray dose report; `base` holds its patient, study and equipment.

    Raises:
        UnreadableError: a dose in it cannot be converted.
    """
    fields = Fields(root, _FIELDS, notes, without=_OWN)
    reported = fields.code(codes.PROCEDURE_REPORTED)
    kind = _kind(root, base, key_of(reported))
    _note_template(base.template, kind, notes)
    report = rdsr_events.Report(offset, is_mammography=kind == "rdsr-mammography")
    read = [
        (child.path, rdsr_events.event(child, report, notes))
        for child in root.children
        if child.concept in EVENTS
    ]
    events = identified(quirks.carried_forward(read, notes), base, notes)
    totals, items = _accumulated(root, events, notes)
    rdsr_check.compare(totals, events, notes)
    _note_details(root, notes)
    scope_uid, step_uid = _scope_uids(fields)
    return replace(
        base,
        outcome=Outcome.READ,
        kind=kind,
        procedure_reported=reported,
        intent=_intent(fields),
        scope=fields.code(codes.SCOPE_OF_ACCUMULATION),
        scope_uid=scope_uid,
        performed_step_uid=base.performed_step_uid or step_uid,
        events=events,
        totals=tuple(totals),
        items=(*fields.collected.all_items(), *items),
    )


def _kind(root: Item, base: Reading, reported: Key) -> str:
    """Name the family by what the report contains, its procedure only where that is silent."""
    if base.sop_class_uid == ENHANCED_RDSR:
        return "rdsr-enhanced"
    concepts = {child.concept for child in root.children}
    is_ct = bool(concepts & _CT_CONTAINERS)
    if not is_ct and not concepts & _OWN:
        is_ct = reported == codes.COMPUTED_TOMOGRAPHY_X_RAY
    if is_ct:
        return "esr-dose-ct" if base.sop_class_uid == ENHANCED_SR else "rdsr-ct"
    return "rdsr-mammography" if _is_mammography(root, reported) else "rdsr-projection"


def _is_mammography(root: Item, reported: Key) -> bool:
    if reported == codes.MAMMOGRAPHY:
        return True
    return any(
        container.child(codes.ACCUMULATED_AVERAGE_GLANDULAR_DOSE) is not None
        or container.child(codes.AVERAGE_GLANDULAR_DOSE) is not None
        for container in root.children
        if container.concept in _OWN
    )


def _accumulated(
    root: Item, events: Sequence[IrradiationEvent], notes: Deviations
) -> tuple[list[Total], list[CodedItem]]:
    totals: list[Total] = []
    items: list[CodedItem] = []
    containers = [child for child in root.children if child.concept in ACCUMULATED]
    several = rdsr_totals.of_several_sources(containers)
    for child, of_several in zip(containers, several, strict=True):
        stated, rest = rdsr_totals.totals(child, notes, of_several=of_several)
        items.extend(rest)
        items.extend(rdsr_totals.add_further(totals, stated, events, notes))
    if not totals:
        notes.add("no-totals", "", "the report states no total")
    return totals, items


def _intent(fields: Fields) -> Code | None:
    reported = fields.item(codes.PROCEDURE_REPORTED)
    intent = reported.child(codes.HAS_INTENT) if reported is not None else None
    return intent.code() if intent is not None else None


def _scope_uids(fields: Fields) -> tuple[str, str]:
    """Return what was accumulated, and the performed step where that is it (CID 10001)."""
    scope = fields.item(codes.SCOPE_OF_ACCUMULATION)
    if scope is None:
        return "", ""
    step = scope.child(codes.PERFORMED_STEP_UID)
    uids = [text for child in scope.children if (text := child.text())]
    return (uids[0] if uids else ""), (step.text() if step is not None else "")


def _note_template(template: str, kind: str, notes: Deviations) -> None:
    """Note a template id that is missing or that of another kind; the content decided (P39)."""
    due = _CT_TEMPLATE if kind in ("rdsr-ct", "esr-dose-ct") else _PROJECTION_TEMPLATE
    if not template:
        notes.add("no-template-id", "(0040,A504)", f"no template id; read by content as TID {due}")
    elif template != due and kind != "rdsr-enhanced":
        detail = f"template id {template!r}; read by content as TID {due}"
        notes.add("template-id", "(0040,A504)", detail)


def _note_details(root: Item, notes: Deviations) -> None:
    count = sum(child.concept in DETAILS for child in root.children)
    if count:
        detail = f"{count} containers of irradiation details (TID 10043) are kept, not read"
        notes.add("details-not-read", "130505", detail)
