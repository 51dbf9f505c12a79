"""What lists take out of an exam's summary: values and modalities, without their provenance.

Of a summary only this becomes objects: the rest of it is ten times as much. Taking it out in the
database is slower, on PostgreSQL by far.
"""

from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, String, cast

from dosebook_central.store.models import Exam
from dosebook_protocol.reading import Number


@dataclass(frozen=True, slots=True)
class ListedMeasure:
    """What lists show of a `domain.exam.Measure`."""

    quantity: str
    value: Number
    unit: str
    plane: str | None = None
    side: str | None = None
    phantom: str | None = None


@dataclass(frozen=True, slots=True)
class ListedPart:
    """What lists show of a `domain.exam.Part`."""

    modality: str


@dataclass(frozen=True, slots=True)
class Listed:
    """What lists show of a `domain.exam.ExamSummary`."""

    headline: tuple[ListedMeasure, ...] = ()
    parts: tuple[ListedPart, ...] = ()


_LISTED: Final = TypeAdapter(Listed)


def summary_text() -> ColumnElement[str]:
    """The column that `listed` reads."""
    return cast(Exam.summary, String)


def listed(summary: str) -> Listed:
    """Take out what lists show."""
    return _LISTED.validate_json(summary)
