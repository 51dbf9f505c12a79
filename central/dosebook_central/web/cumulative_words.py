"""What stands beside a sum of doses in words: how it is made, what it leaves out, how to read it.

The sentences of this module were chosen with care: an effective dose is an estimate for a reference
person, not a property of this patient (P31), and what was received before is no reason to refuse
an exam that is needed now (P59). Change them only with a medical physicist.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dosebook_central.store.queries.cumulative import ExamLine
from dosebook_central.web.cumulative_sums import Cumulative
from dosebook_protocol.language import ngettext

REFERENCE_PERSON: Final = "estimate for a reference person"
SPLIT: Final = (
    "An irradiation event over several regions is split in equal parts over them, so that the "
    "regions add up to the events. Whole body and unknown regions are never spread over others."
)
_MEANING: Final = {
    "effective_dose": (
        "Effective dose is an estimate for a reference person. It weighs exams of different kinds "
        "on one scale; it does not know this patient's organs, and it is no measure of the health "
        "of one person."
    ),
    "dlp": (
        "DLP tells what the scanner put out, referred to a phantom. Values of the 16 cm and the "
        "32 cm phantom are not alike and are shown apart."
    ),
    "dose_area_product": (
        "KAP tells how much radiation left the tube, over the area of the field. The KAP of two "
        "planes adds up; what one place of the skin received does not follow from it."
    ),
    "average_glandular_dose": (
        "AGD is the mean dose to the glandular tissue of one breast. Left and right are two organs "
        "and are never added to each other."
    ),
    "administered_activity": (
        "Activity of different substances adds up as a number only: the dose depends on the "
        "substance. Effective dose puts them on one scale."
    ),
    "": "An exam that irradiated several regions counts once in each of them, and once in all.",
}
_DECISION: Final = (
    "What was received before does not change what the next exam adds. An exam that is needed "
    "stays needed; this page helps to find earlier images and to choose the method."
)


@dataclass(frozen=True, slots=True)
class Remark:
    """One sentence about a sum, with the exams that it speaks of."""

    sentence: str
    exams: tuple[ExamLine, ...] = ()


def remarks(found: Cumulative) -> Iterator[Remark]:
    """What a sum leaves out, estimates or takes from elsewhere, what matters most first."""
    noun = found.choice.noun
    if found.without:
        yield Remark(
            f"{_exams(found.without, f'no {noun}')}: not counted, not zero.", found.without
        )
    if found.partial:
        yield Remark(
            f"{_exams(found.partial, f'{noun} of some parts or events only')}: "
            "what is known counts, the rest is not zero.",
            found.partial,
        )
    if found.waiting and not found.choice.is_count:
        wait = ngettext("%(num)d exam waits", "%(num)d exams wait", len(found.waiting))
        yield Remark(f"{wait} for {noun} to be derived: not counted yet.", found.waiting)
    if found.apart:
        other = "breast" if found.choice.side else "phantom"
        yield Remark(
            f"{_exams(found.apart, f'{noun} of another {other} only')}: never added to this one.",
            found.apart,
        )
    if found.typical:
        yield Remark(
            f"{_exams(found.typical, 'a typical value of the procedure')}, because no own dose "
            "gives one.",
            found.typical,
        )
    if found.choice.has_interval and found.exact_count:
        yield Remark(
            ngettext(
                "%(num)d exam without an interval: the range counts it as exact.",
                "%(num)d exams without an interval: the range counts them as exact.",
                found.exact_count,
            )
        )
    outside = tuple(exam for exam in found.exams if exam.origin == "imported")
    if outside:
        sentence = ngettext(
            "%(num)d exam comes from elsewhere and counts here.",
            "%(num)d exams come from elsewhere and count here.",
            len(outside),
        )
        yield Remark(sentence, outside)
    undated = tuple(exam for exam in found.exams if not exam.started)
    if undated:
        yield Remark(f"{_exams(undated, 'no date')}: counted over all time only.", undated)


def meaning(found: Cumulative) -> tuple[str, ...]:
    """How to read the chosen quantity, in one paragraph each."""
    what = _MEANING.get(found.choice.quantity, "")
    regions = () if found.choice.is_count else (SPLIT,)
    return (*filter(None, (what,)), *regions, _DECISION)


def _exams(exams: tuple[ExamLine, ...], what: str) -> str:
    return f"{ngettext('%(num)d exam has', '%(num)d exams have', len(exams))} {what}"
