"""Which exams a change of a coefficient package concerns: they are derived anew."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection

from dosebook_central.store.derivation_due import mark_due
from dosebook_central.store.models import Exam

# An exam is shown under its leading part (domain.modality): PET/CT as PT, so that a CT coefficient
# concerns PT and NM as well.
_NUCLEAR: Final = ("PT", "NM")
_WITH_CT: Final = (*_NUCLEAR, "CT")
_MODALITIES: Final[dict[str, tuple[str, ...]]] = {
    "effective-dose-nm": _NUCLEAR,
    "agents": _NUCLEAR,
    "effective-dose-ct": _WITH_CT,
    "size-specific": _WITH_CT,
    "organ-dose-ct": _WITH_CT,
    "exemptions": _WITH_CT,
    "effective-dose-agd": (*_WITH_CT, "MG"),
}
# Reference levels are compared when a page asks; alert thresholds are the text of first rules.
_NOT_DERIVED: Final = frozenset({"drl", "procedure-drl", "alert"})


def mark_affected(connection: Connection, kinds: Iterable[str]) -> int:
    """Make the exams due that packages of some kinds can change; returns how many."""
    derived = set(kinds) - _NOT_DERIVED
    if not derived:
        return 0
    if derived - _MODALITIES.keys():
        return mark_due(connection)
    modalities = {modality for kind in derived for modality in _MODALITIES[kind]}
    return mark_due(connection, Exam.modality.in_(sorted(modalities)))
