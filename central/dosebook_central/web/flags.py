"""What raised a flag on an exam, each in one sentence with its numbers and where they come from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from dosebook_central.domain.exam import Conflict, ConflictValue, Difference
from dosebook_central.dosimetry.exemptions import holds
from dosebook_central.dosimetry.values import WHOLE_EXAM, Derived
from dosebook_central.dosimetry.wording import events_text
from dosebook_central.store.queries.exams import ExamPage
from dosebook_central.web.instrument_words import flag_text
from dosebook_central.web.instruments import ExamReading
from dosebook_central.web.measures import qualifier
from dosebook_central.web.modalities import evidence_word
from dosebook_central.web.numbers import moment_text, number_text, quantity_label, texts_apart
from dosebook_protocol.language import ngettext
from dosebook_protocol.printed import unit_text

# Consoles round each number by itself: less than that between a total and its sum says nothing.
_ROUNDING: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Flag:
    """One sentence and how grave it is: `warn` asks for a look, `info` explains."""

    level: str
    sentence: str


def flags(page: ExamPage) -> Iterator[Flag]:
    """Every flag of an exam, gravest first."""
    for conflict in page.summary.conflicts:
        yield Flag("warn", _conflict(conflict, page))
    for one in page.summary.differences:
        if not is_rounding(one):
            yield Flag("warn", _difference(one))
    if page.head.state == "discontinued":
        yield Flag("info", "The procedure step was discontinued; what was given until then counts.")
    if page.head.state == "in progress":
        yield Flag("info", "The procedure step is still in progress: more may arrive.")
    if page.head.origin == "imported":
        yield Flag(
            "info",
            "Known from imported files only, not captured by a box here: it counts in this "
            "history and not in the statistics of this hospital.",
        )
    for note in page.summary.notes:
        yield Flag("info", note)
    if page.summary.deviation_count:
        sentence = ngettext(
            "The objects depart from their standard in %(num)d place; open a number to see.",
            "The objects depart from their standard in %(num)d places; open a number to see.",
            page.summary.deviation_count,
        )
        yield Flag("info", sentence)


def reading_flags(readings: Sequence[ExamReading]) -> Iterator[Flag]:
    """What is not sure of the readings of instruments, an overdue calibration among it (P18)."""
    told: dict[tuple[str, str], int] = {}
    for one in readings:
        name = one.words.instrument or one.source
        for flag in one.words.flags:
            told[(name, flag_text(flag.code))] = told.get((name, flag_text(flag.code)), 0) + 1
    for (name, text), number in told.items():
        readings_of = ngettext("%(num)d reading of", "%(num)d readings of", number)
        yield Flag("warn", f"{readings_of} {name}: {text}.")


def derived_flags(derived: Derived | None) -> Iterator[Flag]:
    """What dosimetry found contradictory or had to assume, each with its events."""
    found: dict[tuple[str, str], list[int]] = {}
    for one in derived.flags if derived else ():
        found.setdefault((one.code, one.sentence), []).append(one.event)
    for (code, sentence), events in found.items():
        level = "info" if code.startswith("assumed") else "warn"
        told = [event for event in sorted(set(events)) if event != WHOLE_EXAM]
        noun = ngettext("Event", "Events", len(told))
        where = f"{noun} {', '.join(map(str, told))}: " if told else ""
        whole = f"{where}{sentence}".rstrip(".")
        yield Flag(level, f"{whole[:1].upper()}{whole[1:]}.")


def exemption_flags(derived: Derived | None, place: str) -> Iterator[Flag]:
    """What is not compared here, and by which rule: absent from a comparison is never silent."""
    names = {"drl": "reference levels", "alert": "alert rules"}
    for one in derived.exemptions if derived else ():
        if holds(one, place):
            what = names.get(one.compared, " and ".join(names.values()))
            events = events_text(one.events)
            yield Flag("info", f"{events[:1].upper()}{events[1:]}, {what}: {one.text}.")


def is_rounding(one: Difference) -> bool:
    """Whether a stated total and the sum of its events are within 1 % of each other."""
    return abs(one.stated - one.summed) <= _ROUNDING * max(abs(one.stated), abs(one.summed))


def rounding_text(one: Difference) -> str:
    """The sum of events that rounding alone parts from the stated total, to stand below it."""
    place = qualifier("", None, one.plane, one.side)
    summed = texts_apart(one.stated, one.summed, one.quantity)[1]
    return f"events add up to {summed}{f' ({place})' if place else ''}"


def _difference(one: Difference) -> str:
    place = qualifier(one.quantity, one.phantom, one.plane, one.side)
    stated, summed = texts_apart(one.stated, one.summed, one.quantity)
    return (
        f"The report states a {quantity_label(one.quantity)}{f' ({place})' if place else ''} of "
        f"{stated} {unit_text(one.unit)}, its events add up to {summed}, "
        f"{_apart(one.stated, one.summed)} apart; the stated total is shown."
    )


def _conflict(conflict: Conflict, page: ExamPage) -> str:
    """The domain's sentence with each number and the object that it stands in."""
    if len(conflict.values) != 2:
        return conflict.sentence
    first, second = conflict.values
    texts = texts_apart(first.value, second.value, conflict.quantity)
    label = quantity_label(conflict.quantity)
    is_one_kind = first.kind == second.kind
    told = (
        f"{label} {texts[0]} {unit_text(first.unit)} in the {_where(first, page, is_one_kind)}, "
        f"{texts[1]} {unit_text(second.unit)} in the {_where(second, page, is_one_kind)}"
    )
    return f"{conflict.sentence.rstrip('.')}: {told}, {_apart(first.value, second.value)} apart."


def _where(value: ConflictValue, page: ExamPage, with_time: bool) -> str:  # noqa: FBT001 - of one caller
    record = page.records.get(value.record_id) if with_time else None
    when = f" captured {moment_text(record.captured_at)}" if record else ""
    return f"{evidence_word(value.kind)}{when}"


def _apart(one: Decimal, other: Decimal) -> str:
    larger = max(abs(one), abs(other))
    share = 100 * abs(one - other) / larger if larger else Decimal(0)
    return f"{number_text(share.quantize(Decimal('0.1') if share < 10 else Decimal(1)))} %"
