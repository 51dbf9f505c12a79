"""Modalities: their words, their colour families and what is shown first for each."""

from collections.abc import Iterable
from functools import cache
from typing import Final

from markupsafe import Markup

FAMILIES: Final[dict[str, tuple[str, frozenset[str]]]] = {
    "ct": ("CT", frozenset({"CT"})),
    "xa": ("XA · RF", frozenset({"XA", "RF"})),
    "dx": ("DX · CR", frozenset({"DX", "CR", "RG"})),
    "mg": ("MG", frozenset({"MG"})),
    "nm": ("NM · PT", frozenset({"NM", "PT"})),
    "io": ("Dental", frozenset({"IO", "PX"})),
    "other": ("Other", frozenset()),
}
# What stands for an exam in a list: one quantity per family, each on its own scale.
HEADLINE: Final[dict[str, tuple[str, ...]]] = {
    "ct": ("dlp", "ctdi_vol"),
    "xa": ("dose_area_product", "dose_rp"),
    "dx": ("dose_area_product", "entrance_dose", "dose_rp"),
    "mg": ("average_glandular_dose", "entrance_dose"),
    "nm": ("administered_activity", "dlp"),
    "io": ("dose_area_product", "dlp"),
    "other": ("dose_area_product", "dlp", "dose_rp", "entrance_dose"),
}
WORDS: Final = {
    "CT": "Computed tomography",
    "XA": "Angiography",
    "RF": "Fluoroscopy",
    "DX": "Digital radiography",
    "CR": "Computed radiography",
    "MG": "Mammography",
    "NM": "Nuclear medicine",
    "PT": "PET",
    "IO": "Intra-oral radiography",
    "PX": "Panoramic radiography",
}
EVIDENCE_WORDS: Final = {
    "rdsr-ct": "CT dose report (RDSR)",
    "rdsr-projection": "X-ray dose report (RDSR)",
    "rdsr-mammography": "Mammography dose report (RDSR)",
    "rdsr-enhanced": "Enhanced dose report (RDSR)",
    "esr-dose-ct": "CT dose in Enhanced SR",
    "rrdsr": "Radiopharmaceutical dose report",
    "patient-rdsr": "Patient dose report (P-RDSR)",
    "image-header": "Image header",
    "dose-sc-header": "Dose picture header",
    "mpps": "Performed procedure step (MPPS)",
    "instrument": "Instrument's reading",
    "screen": "Dose screen",
    "other": "Other object",
}

EVIDENCE_SHORT: Final = {
    "rdsr-ct": "RDSR",
    "rdsr-projection": "RDSR",
    "rdsr-mammography": "RDSR",
    "rdsr-enhanced": "Enhanced RDSR",
    "esr-dose-ct": "Enhanced SR",
    "rrdsr": "RRDSR",
    "patient-rdsr": "P-RDSR",
    "dose-sc-header": "Dose picture",
    "mpps": "MPPS",
}


@cache
def family(modality: str) -> str:
    """The colour family of a modality code."""
    code = modality.upper()
    return next((key for key, (_, codes) in FAMILIES.items() if code in codes), "other")


def family_label(key: str) -> str:
    """The words of a family."""
    return FAMILIES[key][0]


def chips(modalities: Iterable[str]) -> Markup:
    """The modality chips of an exam: the code in the colour of its family."""
    return _chips(tuple(modalities))


def evidence_word(kind: str) -> str:
    """A kind of evidence in words."""
    return EVIDENCE_WORDS.get(kind, kind)


def evidence_short(kind: str) -> str:
    """A kind of evidence in a column of a list, which the words of `evidence_word` explain."""
    return EVIDENCE_SHORT.get(kind) or evidence_word(kind)


@cache
def _chips(modalities: tuple[str, ...]) -> Markup:
    chip = Markup('<span class="chip m-{}">{}</span>')
    inner = Markup("").join(chip.format(family(code), code or "?") for code in modalities)
    return Markup('<span class="chips">{}</span>').format(inner)
