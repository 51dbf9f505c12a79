"""Typical effective doses of an examination: the last resort, of no patient in particular.

They need a mapped procedure, or a region that has one typical value only; children have none.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from dosebook_central.dosimetry.findings import Context
from dosebook_central.dosimetry.inputs import EventInputs
from dosebook_central.dosimetry.intervals import REFERENCE_PERSON
from dosebook_central.dosimetry.patient import ADULT
from dosebook_central.dosimetry.sets import Library, Row, view
from dosebook_central.dosimetry.values import DerivedValue, Input, Method, Place
from dosebook_protocol.quantities import plain
from dosebook_protocol.reading import EventKind

LABEL: Final = "typical value of the examination, not of this patient"
NO_INTERVAL: Final = "no interval: its source gives one value for all patients"

# Examination of the typical set by procedure of ours; what is not here has no typical value.
_EXAMINATIONS: Final[Mapping[str, str]] = {
    procedure: examination
    for examination, procedures in {
        "Chest radiograph": "dx_chest_pa dx_chest_lateral dx_chest_ap_bed",
        "Abdomen radiograph": "dx_abdomen",
        "Pelvis / hip radiograph": "dx_pelvis dx_hip",
        "Cervical spine radiograph": "dx_cspine",
        "Thoracic spine radiograph": "dx_tspine_ap dx_tspine_lateral",
        "Lumbar spine radiograph": "dx_lspine_ap dx_lspine_lateral dx_lspine_oblique",
        "Skull radiograph": "dx_skull",
        "Upper extremity radiograph": (
            "dx_shoulder dx_clavicle dx_humerus dx_elbow dx_forearm dx_wrist dx_hand dx_bone_age"
        ),
        "Lower extremity radiograph": "dx_femur dx_knee dx_tibia_fibula dx_ankle dx_foot",
        "Intraoral dental radiograph": "io_periapical io_bitewing",
        "Panoramic dental": "px_panoramic",
        "Dental CBCT": "cbct_dental_small cbct_dental_large",
        "Upper GI barium": "rf_upper_gi",
        "Small-bowel follow-through": "rf_small_bowel",
        "Barium enema": "rf_contrast_enema",
        "Coronary angiography": "xa_coronary",
        "PCI": "xa_pci",
        "Mammography": "mg_screening mg_diagnostic",
        "Bone scan": "nm_bone",
        "Myocardial perfusion": "nm_myocardial_tc",
        "Thyroid Tc-99m": "nm_thyroid_tc",
        "Lung perfusion": "nm_lung_perfusion",
        "Renal": "nm_renal_dynamic",
        "Parathyroid": "nm_parathyroid",
        "Brain SPECT": "nm_brain_perfusion",
        "Sentinel node": "nm_sentinel_node",
        "White-cell scan": "nm_white_cells",
        "MUGA": "nm_muga",
        "Hepatobiliary (HIDA)": "nm_hepatobiliary",
    }.items()
    for procedure in procedures.split()
}
# Procedures of a part, by the beginning of their ids: a bone scan says nothing of a radiograph.
_OF_FAMILY: Final = {
    EventKind.PROJECTION: ("dx_", "io_", "px_", "cbct_", "rf_", "xa_"),
    EventKind.MAMMOGRAPHY: ("mg_",),
    EventKind.RADIOPHARMACEUTICAL: ("nm_",),
}
# Modalities whose regions tell the examination, as the typical set names them.
_BY_REGION: Final = {"DX": "DX", "CR": "DX", "RG": "DX", "IO": "IO", "PX": "PX", "RF": "RF"}

_Table = tuple[Mapping[str, "_Typical"], Mapping[tuple[str, str], "_Typical"]]
_Typical = tuple[Decimal, str, Method]  # mSv, examination, method


def typical_effective_dose(
    family: EventKind, modality: str, events: Sequence[EventInputs], context: Context, part: int
) -> tuple[DerivedValue, ...]:
    """Return the typical effective dose of an adult's part in all, empty where there is none.

    The mapped procedure decides, if it is of this family. Without one, each region of a radiograph
    does, if one value stands for it; radiographs of several regions add up.
    """
    procedure = context.procedure_id
    if context.age is None or context.age.years < ADULT:
        return ()
    if procedure and not procedure.startswith(_OF_FAMILY[family]):
        return ()
    by_examination, by_region = view(context.library, _typical_table)
    regions = list(dict.fromkeys(_region(context, event) for event in events))
    region = regions[0] if len(regions) == 1 else ""
    examination = by_examination.get(_EXAMINATIONS.get(procedure, ""))
    if examination is not None:
        return (_value([examination], region, part),)
    kind = _BY_REGION.get(modality, "") if family is EventKind.PROJECTION else ""
    if procedure or not kind or not events:
        return ()
    found = [by_region.get((kind, one)) for one in regions]
    known = [one for one in found if one is not None]
    return (_value(known, region, part),) if len(known) == len(found) else ()


def _region(context: Context, event: EventInputs) -> str:
    finding = context.regions.get(event.ordinal)
    return finding.region if finding is not None else ""


def _value(found: Sequence[_Typical], region: str, part: int) -> DerivedValue:
    method = found[0][2]
    return DerivedValue(
        "effective_dose",
        plain(sum((value for value, _, _ in found), Decimal(0))),
        "mSv",
        method,
        Place(part=part, region=region),
        label=LABEL,
        inputs=tuple(
            Input(f"typical value, {examination}", str(value), "mSv", f"set {one.coefficient_set}")
            for value, examination, one in found
        ),
        notes=(REFERENCE_PERSON, NO_INTERVAL),
        is_estimate=True,
        is_headline=True,
    )


def _typical_table(library: Library) -> _Table:
    """Read typical values by examination, and by modality and region where only one is there."""
    by_examination: dict[str, _Typical] = {}
    by_region: dict[tuple[str, str], list[_Typical]] = {}
    for package in library.of("typical-dose"):
        for row in package.rows_in_force:
            manifest = package.manifest
            typical = (Decimal(row["typical_E_mSv"]), row["procedure"],
                       _method(row, manifest.id, manifest.version))  # fmt: skip
            by_examination.setdefault(row["procedure"], typical)
            if row["body_region"]:
                by_region.setdefault((row["modality"], row["body_region"]), []).append(typical)
    alone = {place: found[0] for place, found in by_region.items() if len(found) == 1}
    return by_examination, alone


def _method(row: Row, set_id: str, set_version: str) -> Method:
    return Method(
        "typical",
        f"typical effective dose of the examination: {row['procedure']}",
        "1",
        row["source"],
        set_id,
        set_version,
    )
