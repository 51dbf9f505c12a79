"""Coded values that become part of the reading's own vocabulary, by code (P11, P16, P37)."""

from typing import Final

from dosebook_protocol.codes import Key
from dosebook_protocol.dicom.sr_content import key_of
from dosebook_protocol.reading import BreastSide, Code, Phantom, Plane

_PLANES: Final[dict[Key, Plane]] = {  # CID 10003
    ("113622", "DCM"): Plane.SINGLE,
    ("113620", "DCM"): Plane.A,
    ("113621", "DCM"): Plane.B,
    ("113890", "DCM"): Plane.ALL,
}
_PHANTOMS: Final[dict[Key, Phantom]] = {  # CID 4052: IEC head 16 cm, IEC body 32 cm
    ("113690", "DCM"): "16cm",
    ("113691", "DCM"): "32cm",
}
_SIDES: Final[dict[Key, BreastSide]] = {  # CID 6022 and CID 244
    ("80248007", "SCT"): "left",
    ("73056007", "SCT"): "right",
    ("63762007", "SCT"): "both",
    ("7771000", "SCT"): "left",
    ("24028007", "SCT"): "right",
    ("51440002", "SCT"): "both",
}
_ANSWERS: Final[dict[Key, bool]] = {  # CID 230
    ("373066001", "SCT"): True,
    ("373067005", "SCT"): False,
}


def plane(code: Code | None) -> Plane | None:
    """Return the acquisition plane of a code, None where it is another or absent."""
    return _PLANES.get(key_of(code))


def phantom(code: Code | None) -> Phantom | None:
    """Return the phantom diameter of a code: never assumed (P11)."""
    return _PHANTOMS.get(key_of(code))


def side(code: Code | None) -> BreastSide | None:
    """Return the breast of a laterality code, never of its text (P37)."""
    return _SIDES.get(key_of(code))


def answer(code: Code | None) -> bool | None:
    """Return yes or no of a code."""
    return _ANSWERS.get(key_of(code))
