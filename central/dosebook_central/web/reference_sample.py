"""The exams behind one sample: each with its value, or why it is left out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from dosebook_central.domain.drl.site import SiteExam, SiteLine


@dataclass(frozen=True, slots=True)
class SampleLine:
    """One exam of a sample; `value` in the unit of the level, None for one that is left out."""

    exam_id: str
    day: str
    room: str
    value: Decimal | None
    is_low: bool = False
    excluded: str = ""


def sample_lines(line: SiteLine, exams: Iterable[SiteExam]) -> list[SampleLine]:
    """The exams of a sample, the highest value first, then those left out by day."""
    known: Mapping[str, SiteExam] = {exam.exam_id: exam for exam in exams}
    low = {exam_id for exam_id, _ in line.sample.unusually_low}
    counted = [
        _line(known[exam_id], value, is_low=exam_id in low)
        for exam_id, value in reversed(line.sample.values)
    ]
    left = [_line(known[exam_id], None, excluded=why) for exam_id, why in line.sample.left_out]
    return counted + sorted(left, key=lambda one: (one.day, one.exam_id))


def _line(
    exam: SiteExam, value: Decimal | None, *, is_low: bool = False, excluded: str = ""
) -> SampleLine:
    return SampleLine(exam.exam_id, exam.started[:10], exam.room, value, is_low, excluded)
