"""Whether a rule fires for one exam: the largest value it looks at, against its threshold."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from dosebook_central.domain.alerts.rule import Band, Conditions, Firing, NotJudged, Rule
from dosebook_central.domain.alerts.subject import Judged, Reference, Subject
from dosebook_central.domain.alerts.wording import number_beside
from dosebook_central.dosimetry.ct_events import acquisition_of
from dosebook_central.dosimetry.exemptions import acquisition_words, has_word
from dosebook_central.dosimetry.inputs import EventInputs
from dosebook_central.dosimetry.values import WHOLE_EXAM, Exemption
from dosebook_protocol.printed import full_text, unit_text

_PLACES: Final = {"16cm": "16 cm phantom", "32cm": "32 cm phantom", "a": "plane A", "b": "plane B"}
_WHOLE: Final = frozenset({"", "single", "all"})
_SIZES: Final = {"weight_kg": ("weight", "kg"), "age_years": ("age", "years")}


def judge(rule: Rule, subject: Subject) -> Firing | NotJudged | None:
    """Return why a rule fires, why it cannot be judged, or None where all is in order."""
    if not applies(rule, subject):
        return None
    values = [one for one in subject.values if _is_meant(rule, one)]
    if not values:
        return None
    if rule.when.age_from is not None or rule.when.age_below is not None:
        if subject.age_years is None:
            return NotJudged(rule, "the age at the exam is not known")
        if not _is_of_age(rule, subject.age_years):
            return None
    return _held(rule, values, subject)


def _held(rule: Rule, values: list[Judged], subject: Subject) -> Firing | NotJudged | None:
    """Hold the largest value against the threshold; what a rule of the place exempts is said."""
    if rule.times_room is not None:
        return _off_room(rule, rule.times_room, values, subject)
    exempted = [_exemption(rule, one, subject) for one in values]
    values = [one for one, exempt in zip(values, exempted, strict=True) if exempt is None]
    if not values:
        return NotJudged(rule, "; ".join(dict.fromkeys(one.text for one in exempted if one)))
    largest = max(values, key=lambda one: one.value)
    found = _threshold(rule, subject)
    if isinstance(found, NotJudged):
        return found
    threshold, against = found
    if not exceeds(rule, largest.value, threshold):
        return None
    return Firing(
        rule,
        _sentence(rule, largest, threshold, against),
        largest.value,
        threshold,
        largest.event,
        (subject.exam_id,),
    )


def judge_all(
    rules: Iterable[Rule], subject: Subject
) -> tuple[tuple[Firing, ...], tuple[NotJudged, ...]]:
    """Judge one exam by all rules of its own; those over a period are judged elsewhere.

    Of rules that ask the same of the same exams only the highest that fires is raised: a skin dose
    of 16 Gy is one alert, not four.
    """
    outcomes = [judge(rule, subject) for rule in rules if rule.period_days is None]
    highest: dict[tuple[object, ...], Firing] = {}
    for one in outcomes:
        if isinstance(one, Firing):
            key = (one.rule.kind, one.rule.quantity, one.rule.when)
            if key not in highest or one.threshold > highest[key].threshold:
                highest[key] = one
    return (
        tuple(highest.values()),
        tuple(one for one in outcomes if isinstance(one, NotJudged)),
    )


def applies(rule: Rule, subject: Subject) -> bool:
    """Whether an exam is one that a rule looks at; the age is asked separately."""
    when = rule.when
    return (
        (not when.modalities or subject.modality in when.modalities)
        and (not when.procedures or subject.procedure_id in when.procedures)
        and (not when.stations or subject.station in when.stations)
        and (not when.regions or not subject.regions.isdisjoint(when.regions))
    )


def exceeds(rule: Rule, value: Decimal, threshold: Decimal) -> bool:
    """Whether a value is above a threshold, or at it where the rule says so."""
    return value > threshold or (rule.comparison == ">=" and value == threshold)


def _is_meant(rule: Rule, one: Judged) -> bool:
    when = rule.when
    return (
        one.quantity == rule.quantity
        and (one.event == WHOLE_EXAM) is (rule.kind == "exam")
        and (when.phantom is None or one.phantom == when.phantom)
        and (rule.kind == "exam" or not when.regions or one.region in when.regions)
        and one.event_type not in when.except_event_types
        and (not when.is_of_events or (one.of is not None and _is_acquired(when, one.of)))
    )


def _is_acquired(when: Conditions, event: EventInputs) -> bool:
    """Whether a CT event was acquired as a rule asks, by words of its protocol and kind (P15)."""
    if when.protocols and not has_word(event.protocol, when.protocols):
        return False
    found = acquisition_words(acquisition_of(event))
    is_named = not when.acquisitions or not found.isdisjoint(when.acquisitions)
    return is_named and found.isdisjoint(when.except_acquisitions)


def _exemption(rule: Rule, one: Judged, subject: Subject) -> Exemption | None:
    if rule.times_drl is not None:
        return subject.exempting(one, "alert", "drl")
    return subject.exempting(one, "alert")


def _is_of_age(rule: Rule, years: Decimal) -> bool:
    when = rule.when
    return (when.age_from is None or years >= when.age_from) and (
        when.age_below is None or years < when.age_below
    )


def _threshold(rule: Rule, subject: Subject) -> tuple[Decimal, str] | NotJudged:
    if rule.threshold is not None:
        return rule.threshold, ""
    if rule.times_drl is not None:
        level = _of_quantity(rule, subject.references)
        if level is None:
            return NotJudged(rule, "no diagnostic reference level is in force for this exam")
        against = f"{rule.times_drl:f} times the reference level {level.value:f} ({level.name})"
        return level.value * rule.times_drl, against
    return _of_band(rule, subject)


def _off_room(
    rule: Rule, times: Decimal, values: Iterable[Judged], subject: Subject
) -> Firing | NotJudged | None:
    """Hold each value against the median of its room, up and down; zero is no factor of anything.

    A value that is so far off is kept and shown: a person decides what it was (P1).
    """
    median = _of_quantity(rule, subject.room_medians)
    if median is None:
        return NotJudged(rule, "too few earlier exams of this procedure in this room")
    for one in values:
        if one.plane not in _WHOLE:
            continue  # one plane of two is no fraction of what the room gives with both
        if one.value > median.value * times or 0 < one.value * times < median.value:
            return Firing(
                rule,
                _room_sentence(rule, one, median),
                one.value,
                median.value,
                one.event,
                (subject.exam_id,),
            )
    return None


def _of_band(rule: Rule, subject: Subject) -> tuple[Decimal, str] | NotJudged:
    """The threshold of the patient's band: by weight, by age only where weight is not known."""
    for by in ("weight_kg", "age_years"):
        bands = [band for band in rule.bands if band.by == by]
        size = subject.weight_kg if by == "weight_kg" else subject.age_years
        if bands and size is not None:
            for band in bands:
                if band.holds(size):
                    return band.threshold, f"for {_band_text(band)}"
            return NotJudged(rule, f"no band holds a patient of {size:f} {_SIZES[by][1]}")
    asked = " or ".join(sorted({_SIZES[band.by][0] for band in rule.bands}, reverse=True))
    return NotJudged(rule, f"the {asked} of the patient is not known")


def _of_quantity(rule: Rule, references: Iterable[Reference]) -> Reference | None:
    fitting = [one for one in references if one.quantity == rule.quantity]
    return min(fitting, key=lambda one: one.value) if fitting else None


def _band_text(band: Band) -> str:
    name, unit = _SIZES[band.by]
    if band.low is None and band.high is None:
        return f"any {name}"
    if band.low is None:
        return f"{name} below {band.high:f} {unit}"
    if band.high is None:
        return f"{name} from {band.low:f} {unit}"
    return f"{name} {band.low:f} to {band.high:f} {unit}"


def _sentence(rule: Rule, one: Judged, threshold: Decimal, against: str) -> str:
    relation = "above" if rule.comparison == ">" or one.value > threshold else "at"
    unit = unit_text(rule.unit)
    limit = f"{full_text(threshold)} {unit}" + (f", {against}" if against else "")
    return f"{_said(rule, one, threshold)} is {relation} {limit}: {rule.title}."


def _room_sentence(rule: Rule, one: Judged, median: Reference) -> str:
    is_more = one.value > median.value
    ratio = one.value / median.value if is_more else median.value / one.value
    times = full_text(Decimal(f"{ratio:.2g}"))
    relation = f"{times} times" if is_more else f"1/{times} of"
    number = full_text(Decimal(f"{median.value:.4g}"))
    return (
        f"{_said(rule, one, median.value)} is {relation} the {median.name}, "
        f"{number} {unit_text(rule.unit)}: {rule.title}."
    )


def _said(rule: Rule, one: Judged, threshold: Decimal) -> str:
    """The value with its unit and what it is of."""
    places = [_PLACES[name] for name in (one.phantom, one.plane) if name in _PLACES]
    places += [one.side] if one.side else []
    where = f" ({', '.join(places)})" if places else ""
    event = "" if one.event == WHOLE_EXAM else f" of event {one.event}"
    value = number_beside(one.value, threshold)
    return f"{rule.label} {value} {unit_text(rule.unit)}{where}{event}"
