"""Coded concepts that the simulators write, and their spelling in legacy SRT (PS3.16 annex J)."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept: value, scheme, meaning."""

    value: str
    scheme: str
    meaning: str


def dcm(value: str, meaning: str) -> Code:
    """Return a concept of the DICOM dictionary."""
    return Code(value, "DCM", meaning)


def sct(value: str, meaning: str) -> Code:
    """Return a SNOMED CT concept."""
    return Code(value, "SCT", meaning)


# Procedures and intents (CID 10005, CID 3629, CID 3108)
CT_PROCEDURE: Final = sct("77477000", "Computed Tomography X-Ray")
PROJECTION_PROCEDURE: Final = dcm("113704", "Projection X-Ray")
MAMMOGRAPHY: Final = sct("71651007", "Mammography")
PET_PROCEDURE: Final = sct("241443006", "PET study for localization of tumor")
DIAGNOSTIC: Final = sct("261004008", "Diagnostic Intent")
COMBINED_INTENT: Final = sct("1279505009", "Combined Diagnostic and Therapeutic Intent")
HAS_INTENT: Final = sct("363703001", "Has Intent")
ASSOCIATED_PROCEDURE: Final = sct("363589002", "Associated Procedure")

# Regions (CID 4030, CID 4031)
HEAD: Final = sct("69536005", "Head")
NECK: Final = sct("45048000", "Neck")
CHEST: Final = sct("816094009", "Chest")
ABDOMEN: Final = sct("818981001", "Abdomen")
PELVIS: Final = sct("816092008", "Pelvis")
ABDOMEN_PELVIS: Final = sct("818982008", "Abdomen and Pelvis")
TRUNK: Final = sct("416775004", "Chest, Abdomen and Pelvis")
ENTIRE_BODY: Final = sct("38266002", "Entire body")
LUMBAR_SPINE: Final = sct("122496007", "Lumbar spine")
HEART: Final = sct("80891009", "Heart")
HIP: Final = sct("29836001", "Hip")
HAND: Final = sct("85562004", "Hand")
KNEE: Final = sct("72696002", "Knee")
BREAST: Final = sct("76752008", "Breast")
LEFT_BREAST: Final = sct("80248007", "Left breast")
RIGHT_BREAST: Final = sct("73056007", "Right breast")
LEFT: Final = sct("7771000", "Left")
RIGHT: Final = sct("24028007", "Right")

# Views (CID 4010, CID 4014)
CRANIO_CAUDAL: Final = sct("399162004", "cranio-caudal")
MEDIO_LATERAL_OBLIQUE: Final = sct("399368009", "medio-lateral oblique")
POSTERO_ANTERIOR: Final = sct("272479007", "postero-anterior")
ANTERO_POSTERIOR: Final = sct("399348003", "antero-posterior")

# Kinds of irradiation event (CID 10002, CID 10013)
FLUOROSCOPY: Final = sct("44491008", "Fluoroscopy")
STATIONARY: Final = dcm("113611", "Stationary Acquisition")
ROTATIONAL: Final = dcm("113613", "Rotational Acquisition")
CT_SEQUENCED: Final = dcm("113804", "Sequenced Acquisition")
CT_SPIRAL: Final = sct("116152004", "Spiral Acquisition")
CT_CONSTANT_ANGLE: Final = dcm("113805", "Constant Angle Acquisition")
CT_STATIONARY: Final = dcm("113806", "Stationary Acquisition")
WITHOUT_CONTRAST: Final = sct("399331006", "CT without contrast")
WITH_CONTRAST: Final = sct("27483000", "Diagnostic radiography with contrast media")

# Planes (CID 10003), phantoms (CID 4052), reference points (CID 10025)
SINGLE_PLANE: Final = dcm("113622", "Single Plane")
PLANE_A: Final = dcm("113620", "Plane A")
PLANE_B: Final = dcm("113621", "Plane B")
HEAD_PHANTOM: Final = dcm("113690", "IEC Head Dosimetry Phantom")
BODY_PHANTOM: Final = dcm("113691", "IEC Body Dosimetry Phantom")
RP_15CM: Final = dcm("113860", "15cm from Isocenter toward Source")
RP_ENTRANCE: Final = dcm("113865", "Entrance exposure to a 4.2 cm breast thickness")

# Materials (CID 10006, CID 10016) and filters (CID 10007)
COPPER: Final = sct("66925006", "Copper")
ALUMINUM: Final = sct("12503006", "Aluminum")
TUNGSTEN: Final = sct("26194003", "Tungsten")
RHODIUM: Final = sct("59801003", "Rhodium")
STRIP_FILTER: Final = dcm("113650", "Strip filter")

# Nuclear medicine (CID 25, CID 18, CID 11)
FDG: Final = sct("35321007", "Fluorodeoxyglucose F^18^")
FLUORINE_18: Final = sct("77004003", "^18^Fluorine")
INTRAVENOUS: Final = sct("47625008", "Intravenous route")

YES: Final = sct("373066001", "Yes")

# What SRT users write for the concepts above; "or … compound" is their habit for filters.
_SRT: Final[dict[str, tuple[str, str]]] = {
    "77477000": ("P5-08000", ""), "71651007": ("P5-40010", ""), "241443006": ("P5-0A00A", ""),
    "261004008": ("R-408C3", ""), "1279505009": ("R-002E9", ""), "363703001": ("G-C0E8", ""),
    "363589002": ("G-C2D0", ""), "69536005": ("T-D1100", ""), "45048000": ("T-D1600", ""),
    "816094009": ("T-D3000", ""), "818981001": ("T-D4000", ""), "816092008": ("T-D6000", ""),
    "818982008": ("R-FAB57", ""), "416775004": ("R-FAB56", ""), "38266002": ("T-D0010", ""),
    "122496007": ("T-11503", ""), "80891009": ("T-32000", ""), "29836001": ("T-D2500", ""),
    "85562004": ("T-D8700", ""), "72696002": ("T-D9200", ""),
    "76752008": ("T-04000", ""), "80248007": ("T-04030", ""), "73056007": ("T-04020", ""),
    "7771000": ("G-A101", ""), "24028007": ("G-A100", ""), "399162004": ("R-10242", ""),
    "399368009": ("R-10226", ""), "272479007": ("R-40888", ""), "399348003": ("R-10206", ""),
    "44491008": ("P5-06000", ""), "116152004": ("P5-08001", ""), "399331006": ("P5-0808E", ""),
    "27483000": ("P5-00100", ""), "66925006": ("C-127F9", "Copper or Copper compound"),
    "12503006": ("C-120F9", "Aluminum or Aluminum compound"),
    "26194003": ("C-164F9", "Tungsten or Tungsten compound"),
    "59801003": ("C-167F9", "Rhodium or Rhodium compound"),
    "35321007": ("C-B1031", ""), "77004003": ("C-111A1", ""), "47625008": ("G-D101", ""),
    "373066001": ("R-0038D", ""), "408730004": ("G-C32C", ""), "272741003": ("G-C171", ""),
    "91723000": ("T-D0005", ""), "89457008": ("C-10072", ""), "304283002": ("R-42806", ""),
    "417881006": ("F-61FDB", ""), "410675002": ("G-C340", ""), "363698007": ("G-C0E3", ""),
    "12738006": ("T-A0100", ""), "89837001": ("T-74000", ""), "10200004": ("T-62000", ""),
    "39607008": ("T-28000", ""),
}  # fmt: skip


def as_srt(code: Code) -> Code:
    """Return the concept as a sender from before SNOMED CT spells it."""
    if code.scheme != "SCT" or code.value not in _SRT:
        return code
    value, meaning = _SRT[code.value]
    return Code(value, "SRT", meaning or code.meaning)
