"""The quantities that may be added up over exams, each with what must stand apart.

DLP stands apart by phantom (P11, P12) and AGD by side; CTDIvol, SSDE, Ka,r and peak skin dose are
not here, because they do not add up over exams (P13, P16).
"""

from dataclasses import dataclass
from typing import Final

from dosebook_protocol.quantities import QUANTITIES


@dataclass(frozen=True, slots=True)
class Choice:
    """One quantity to add up; `column` is its value in an exam's derived doses.

    `families` are the modalities whose exams are expected to have one: those without it are named.
    """

    key: str
    label: str
    quantity: str
    column: str
    families: frozenset[str]
    unit: str
    noun: str
    phantom: str | None = None
    side: str | None = None

    @property
    def is_count(self) -> bool:
        """Whether exams themselves are counted."""
        return self.quantity == ""

    @property
    def has_interval(self) -> bool:
        """Whether its values are estimates that carry an interval."""
        return self.quantity == "effective_dose"


def _choice(
    key: str,
    label: str,
    quantity: str,
    column: str,
    families: str,
    noun: str,
    phantom: str | None = None,
    side: str | None = None,
) -> Choice:
    unit = QUANTITIES[quantity].unit if quantity else ""
    return Choice(
        key, label, quantity, column, frozenset(families.split()), unit, noun, phantom, side
    )


_EVERY: Final = "ct xa dx mg nm io other"
_KAP: Final = "dose_area_product"
_AGD: Final = "average_glandular_dose"
_ACTIVITY: Final = "administered_activity"

CHOICES: Final = {
    choice.key: choice
    for choice in (
        _choice(
            "effective_dose",
            "Effective dose",
            "effective_dose",
            "effective_dose_msv",
            _EVERY,
            "effective dose",
        ),
        _choice("dlp-32", "DLP, 32 cm phantom", "dlp", "dlp_mgy_cm", "ct", "DLP", "32cm"),
        _choice("dlp-16", "DLP, 16 cm phantom", "dlp", "dlp_mgy_cm", "ct", "DLP", "16cm"),
        _choice("dlp-unstated", "DLP, phantom not stated", "dlp", "dlp_mgy_cm", "ct", "DLP", ""),
        _choice("kap", "KAP", _KAP, "dose_area_product_gy_cm2", "xa dx io", "KAP"),
        _choice("agd-left", "AGD, left breast", _AGD, "agd_left_mgy", "mg", "AGD", side="left"),
        _choice("agd-right", "AGD, right breast", _AGD, "agd_right_mgy", "mg", "AGD", side="right"),
        _choice(
            "activity",
            "Administered activity",
            _ACTIVITY,
            "administered_activity_mbq",
            "nm",
            "administered activity",
        ),
        _choice("exams", "Number of exams", "", "", "", "count"),
    )
}
