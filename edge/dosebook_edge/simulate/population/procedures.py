"""What the simulated hospital does, with doses like those that national surveys report.

Levels are medians of an adult of 75 kg; a scan's spread is log-normal. They are for load and
statistics, not a reference for anybody's dose.
"""

from dataclasses import dataclass
from typing import Final

from dosebook_edge.simulate import codes
from dosebook_edge.simulate.codes import Code, sct

CERVICAL_SPINE: Final = sct("122494005", "Cervical spine")
MEDRONATE: Final = sct("96390006", "Technetium Tc^99m^ medronate")
SESTAMIBI: Final = sct("424299003", "Technetium Tc^99m^ sestamibi")


@dataclass(frozen=True, slots=True)
class Procedure:
    """One kind of exam.

    `names` are what rooms call it. CT: `level` is CTDIvol in mGy and `length_mm` the scan, once a
    phase. Projection: `level` is the kerma-area product of the exam in Gy.cm2 over `events`
    exposures, `kerma_mgy` the air kerma at the reference point. Mammography: AGD of a view in mGy.
    Nuclear: activity in MBq; `with_ct` adds a low-dose CT.
    """

    key: str
    modality: str
    names: tuple[str, ...]
    region: Code
    level: float
    length_mm: int = 0
    phases: int = 1
    is_head: bool = False
    bolus: bool = False
    events: int = 1
    kerma_mgy: float = 0.0
    fluoro_s: int = 0
    agent: Code | None = None
    with_ct: bool = False


def _dx(key: str, region: Code, level: float, events: int, *names: str) -> Procedure:
    return Procedure(key, "DX", names, region, level, events=events)


PROCEDURES: Final = {
    one.key: one
    for one in (
        Procedure("ct_head", "CT", ("CT head", "CT^SCHAEDEL_NATIV", "Scanner cérébral", "Head wo"),
                  codes.HEAD, 47, 150, is_head=True),
        Procedure("ct_chest", "CT", ("CT chest", "Thorax^01_TX_STD", "Scanner thoracique"),
                  codes.CHEST, 6.5, 330),
        Procedure("ct_abdomen_pelvis", "CT", ("CT abdomen pelvis", "Abdomen/Becken KM", "TAP AP"),
                  codes.ABDOMEN_PELVIS, 8.5, 460),
        Procedure("ct_chest_abdomen_pelvis", "CT",
                  ("CT chest abdomen pelvis", "CAP^Staging", "TDM TAP injecté"),
                  codes.TRUNK, 8.0, 640),
        Procedure("ct_liver", "CT", ("CT liver 3 phases", "Leber 3-Phasen"),
                  codes.ABDOMEN, 9, 260, phases=3, bolus=True),
        Procedure("ct_lumbar", "CT", ("CT lumbar spine", "LWS Spirale"),
                  codes.LUMBAR_SPINE, 14, 220),
        Procedure("ct_neck", "CT", ("CT neck", "Hals^Routine"), codes.NECK, 9.5, 250),
        Procedure("ct_coronary", "CT", ("CT coronary angiography", "Coro CTA"),
                  codes.HEART, 14, 140, bolus=True),
        _dx("dx_chest", codes.CHEST, 0.12, 2, "Chest PA/LAT", "Thorax p.a.", "RX thorax face"),
        _dx("dx_pelvis", codes.PELVIS, 1.7, 1, "Pelvis AP", "Becken a.p.", "Bassin face"),
        _dx("dx_lumbar", codes.LUMBAR_SPINE, 3.0, 2, "Lumbar spine", "LWS 2 Ebenen"),
        _dx("dx_cervical", CERVICAL_SPINE, 0.35, 2, "Cervical spine", "HWS 2 Ebenen"),
        _dx("dx_abdomen", codes.ABDOMEN, 1.9, 1, "Abdomen AP", "ASP"),
        _dx("dx_hand", codes.HAND, 0.005, 2, "Hand", "Hand 2 Ebenen", "Main"),
        _dx("dx_knee", codes.KNEE, 0.02, 2, "Knee", "Knie 2 Ebenen", "Genou"),
        Procedure("px_panoramic", "PX", ("Panoramic", "OPG"),
                  sct("661005", "Jaw region"), 0.085),
        Procedure("mg_screening", "MG", ("Mammography screening", "Mammographie 2 Ebenen bds."),
                  codes.BREAST, 1.5, events=4),
        Procedure("xa_coronary", "XA", ("Coronary angiography", "Koronarangiographie"),
                  codes.HEART, 24, events=10, kerma_mgy=380, fluoro_s=260),
        Procedure("xa_pci", "XA", ("PCI", "Coronary angiography with PCI"),
                  codes.HEART, 55, events=18, kerma_mgy=950, fluoro_s=840),
        Procedure("xa_tace", "XA", ("TACE liver", "Chimioembolisation"),
                  codes.ABDOMEN, 150, events=14, kerma_mgy=800, fluoro_s=1100),
        Procedure("rf_swallow", "RF", ("Barium swallow", "Breischluck"),
                  codes.CHEST, 4, events=6, kerma_mgy=22, fluoro_s=120),
        Procedure("nm_bone", "NM", ("Bone scan", "Skelettszintigraphie"),
                  codes.ENTIRE_BODY, 600, agent=MEDRONATE),
        Procedure("nm_heart", "NM", ("Myocardial perfusion rest", "Myokardszintigraphie"),
                  codes.HEART, 500, agent=SESTAMIBI),
        Procedure("pt_fdg", "PT", ("PET/CT FDG whole body", "TEP-TDM FDG"),
                  codes.ENTIRE_BODY, 250, agent=codes.FDG, with_ct=True),
    )
}  # fmt: skip
