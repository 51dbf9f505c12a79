"""What raised a flag on an exam, each in one sentence."""

from collections.abc import Iterator
from dataclasses import dataclass

from dosebook_central.store.queries.exams import ExamPage
from dosebook_central.web.measures import qualifier
from dosebook_central.web.numbers import number_text, quantity_label, unit_text


@dataclass(frozen=True, slots=True)
class Flag:
    """One sentence and how grave it is: `warn` asks for a look, `info` explains."""

    level: str
    sentence: str


def flags(page: ExamPage) -> Iterator[Flag]:
    """Every flag of an exam, gravest first."""
    for conflict in page.summary.conflicts:
        yield Flag("warn", conflict.sentence)
    for one in page.summary.differences:
        place = qualifier(one.quantity, one.phantom, one.plane, one.side)
        yield Flag(
            "warn",
            f"The stated {quantity_label(one.quantity)}{f' ({place})' if place else ''} of "
            f"{number_text(one.stated, one.quantity)} is not the sum of its events, "
            f"{number_text(one.summed, one.quantity)} {unit_text(one.unit)}.",
        )
    if page.head.state == "discontinued":
        yield Flag("info", "The procedure step was discontinued; what was given until then counts.")
    if page.head.state == "in progress":
        yield Flag("info", "The procedure step is still in progress: more may arrive.")
    for note in page.summary.notes:
        yield Flag("info", note)
    if page.summary.deviation_count:
        number = page.summary.deviation_count
        noun = "place" if number == 1 else "places"
        yield Flag(
            "info",
            f"The objects depart from their standard in {number} {noun}; open a number to see.",
        )
