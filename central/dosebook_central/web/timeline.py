"""A history as rows: the chart draws exactly what the table says (R13)."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dosebook_central.store.queries.history import HistoryExam
from dosebook_central.web.history_query import HistoryQuery
from dosebook_central.web.measures import Shown, key_measures, largest
from dosebook_central.web.modalities import (
    FAMILIES,
    HEADLINE,
    evidence_word,
    family,
    family_label,
)
from dosebook_central.web.numbers import local_time_text


@dataclass(frozen=True, slots=True)
class Row:
    """One exam as the table shows it and as the chart draws it."""

    exam: HistoryExam
    lane: str
    drawn: Shown | None  # whose value is the mark's area
    listed: tuple[Shown, ...]
    title: str  # what was done, as the sender says it
    region: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One line of the chart: a family of modalities and the scale of its marks."""

    key: str
    label: str
    count: int
    largest: Shown | None


def rows(exams: Iterable[HistoryExam], query: HistoryQuery) -> list[Row]:
    """Rows in the order of the query."""
    made = [_row(exam, query.quantity) for exam in exams]
    column, is_descending = query.sort.lstrip("-"), query.sort.startswith("-")
    return sorted(made, key=lambda row: _order(row, column), reverse=is_descending)


def lanes(made: Iterable[Row]) -> list[Lane]:
    """The lanes that occur, in the fixed order of modalities."""
    by_lane: dict[str, list[Row]] = {}
    for row in made:
        by_lane.setdefault(row.lane, []).append(row)
    return [
        Lane(
            key,
            family_label(key),
            len(by_lane[key]),
            max(
                (row.drawn for row in by_lane[key] if row.drawn),
                key=lambda shown: shown.value,
                default=None,
            ),
        )
        for key in FAMILIES
        if key in by_lane
    ]


def points(made: Iterable[Row]) -> list[dict[str, Any]]:
    """The chart's data, oldest first; exams without a time stay in the table."""
    drawn = sorted((row for row in made if row.exam.started), key=lambda row: row.exam.started)
    return [_point(row) for row in drawn]


def _row(exam: HistoryExam, quantity: str) -> Row:
    lane = family(exam.modality)
    listed = tuple(key_measures(exam.headline, exam.modalities))
    return Row(
        exam=exam,
        lane=lane,
        drawn=largest(exam.headline, listed, (quantity,) if quantity else HEADLINE[lane]),
        listed=listed,
        title=exam.description or exam.protocol or "procedure not stated",
        region=", ".join(exam.regions),
    )


def _point(row: Row) -> dict[str, Any]:
    return {
        "id": row.exam.id,
        "at": row.exam.started[:19],
        "lane": row.lane,
        "value": row.drawn.full if row.drawn else None,
        "when": local_time_text(row.exam.started),
        "what": row.title,
        "where": row.exam.station,
        "region": row.region,
        "modality": " + ".join(row.exam.modalities),
        "lines": [shown.sentence for shown in row.listed] or ["no dose stated"],
        "evidence": evidence_word(row.exam.evidence_kind),
        "conflict": row.exam.has_conflict,
        "imported": row.exam.origin == "imported",
    }


def _order(row: Row, column: str) -> tuple[Any, ...]:
    started = row.exam.started
    if column == "value":
        # Values of one quantity compare; different quantities stand apart, by name.
        return (
            row.drawn is not None,
            row.drawn.quantity if row.drawn else "",
            row.drawn.value if row.drawn else Decimal(0),
            started,
        )
    if column == "effective":
        dose = row.exam.effective_dose
        return (dose is not None, dose.value if dose else Decimal(0), started)
    words = {
        "modality": "+".join(row.exam.modalities),
        "description": row.title.casefold(),
        "region": row.region.casefold(),
        "evidence": row.exam.evidence_kind,
    }
    return (words.get(column, ""), started, row.exam.id)
