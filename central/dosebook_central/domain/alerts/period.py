"""Rules over a period: sums and counts of one patient's exams in a window that moves with time.

They find whom to look at; they are no reason to refuse an exam (P59).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from dosebook_central.domain.alerts.judge import exceeds
from dosebook_central.domain.alerts.rule import EXAMS, Firing, Rule
from dosebook_central.domain.alerts.wording import number_beside
from dosebook_central.domain.day import day_of
from dosebook_protocol.printed import full_text, unit_text

_UNMAPPED: Final = "unmapped"


@dataclass(frozen=True, slots=True)
class PastExam:
    """One exam of a patient as rules over a period see it; absent values are not known (P29)."""

    exam_id: str
    started: str
    modality: str
    procedure_id: str = ""
    station: str = ""
    regions: tuple[str, ...] = ()
    age_years: Decimal | None = None
    is_therapeutic: bool = False
    effective_dose: Decimal | None = None
    dose_area_product: Decimal | None = None
    dose_rp: Decimal | None = None
    peak_skin_dose: Decimal | None = None
    administered_activity: Decimal | None = None


def judge_period(rule: Rule, exams: Sequence[PastExam], until: str = "") -> Firing | None:
    """Return the latest window in which a rule gave cause, or only the one that ends at `until`.

    Diagnostic exams only: therapeutic exposures never add to them (R100).
    """
    if until and not any(one.exam_id == until and _is_meant(rule, one) for one in exams):
        return None
    fitting = sorted((exam for exam in exams if _is_meant(rule, exam)), key=lambda one: one.started)
    groups = _by_region(fitting) if rule.same_region else [("", fitting)]
    found = [
        firing
        for region, group in groups
        for firing in [_latest(rule, region, group, until)]
        if firing is not None
    ]
    return max(found, key=lambda one: (one.until, one.value), default=None)


def _is_meant(rule: Rule, exam: PastExam) -> bool:
    when = rule.when
    if exam.is_therapeutic or (when.modalities and exam.modality not in when.modalities):
        return False
    if rule.kind != "count" and getattr(exam, rule.quantity) is None:
        return False
    if when.age_from is not None or when.age_below is not None:
        if exam.age_years is None:
            return False
        if when.age_from is not None and exam.age_years < when.age_from:
            return False
        if when.age_below is not None and exam.age_years >= when.age_below:
            return False
    return (
        (not when.procedures or exam.procedure_id in when.procedures)
        and (not when.stations or exam.station in when.stations)
        and (not when.regions or not set(when.regions).isdisjoint(exam.regions))
        and day_of(exam.started) is not None
    )


def _by_region(exams: Iterable[PastExam]) -> list[tuple[str, list[PastExam]]]:
    groups: dict[str, list[PastExam]] = {}
    for exam in exams:
        for region in set(exam.regions) - {_UNMAPPED}:  # two unknown places are not one place
            groups.setdefault(region, []).append(exam)
    return sorted(groups.items())


def _latest(rule: Rule, region: str, exams: Sequence[PastExam], until: str) -> Firing | None:
    latest: Firing | None = None
    for first, last, total in _windows(rule, exams):
        window = exams[first : last + 1]
        if until and window[-1].exam_id != until:
            continue
        threshold = rule.threshold or Decimal(0)
        if exceeds(rule, total, threshold):
            latest = _firing(rule, region, window, total, threshold)
    return latest


def _windows(rule: Rule, exams: Sequence[PastExam]) -> Iterator[tuple[int, int, Decimal]]:
    """For each exam the window that ends with it: first, last, and the sum or count inside."""
    first, total = 0, Decimal(0)
    for last, exam in enumerate(exams):
        total += _amount(rule, exam)
        end = day_of(exam.started)
        while end and (end - (day_of(exams[first].started) or end)).days > (rule.period_days or 0):
            total -= _amount(rule, exams[first])
            first += 1
        yield first, last, total


def _amount(rule: Rule, exam: PastExam) -> Decimal:
    return Decimal(1) if rule.quantity == EXAMS else getattr(exam, rule.quantity)


def _firing(
    rule: Rule, region: str, window: Sequence[PastExam], total: Decimal, threshold: Decimal
) -> Firing:
    since, until = window[0].started[:10], window[-1].started[:10]
    where = f" of one region ({region.replace('_', ' ')})" if region else ""
    count = "1 exam" if len(window) == 1 else f"{len(window)} exams"
    span = f"between {since} and {until}" if since != until else f"on {since}"
    if rule.kind == "count":
        is_one = len(window) == 1
        above, at = ("is more than", "reaches") if is_one else ("are more than", "reach")
        what = f"{count}{where} {span}"
        bound = f"{threshold:f} in {rule.period_days} days"
    else:
        above, at = "is above", "is at"
        value, unit = number_beside(total, threshold), unit_text(rule.unit)
        what = f"{rule.label} of {value} {unit} from {count}{where} {span}"
        bound = f"{full_text(threshold)} {unit} in {rule.period_days} days"
    relation = above if total > threshold else at
    return Firing(
        rule,
        f"{what} {relation} {bound}: {rule.title}.",
        total,
        threshold,
        exam_ids=tuple(exam.exam_id for exam in window),
        since=since,
        until=until,
    )
