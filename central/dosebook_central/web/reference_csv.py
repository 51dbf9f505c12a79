"""Reference levels and samples as CSV: numbers with a point, ISO dates, the unit in the header."""

from collections.abc import Iterable, Mapping
from typing import Final

from dosebook_central.domain.drl.levels import Level
from dosebook_central.domain.drl.site import SiteLine
from dosebook_central.web.csv_text import csv_lines
from dosebook_central.web.level_words import level_unit
from dosebook_central.web.reference_panels import room_name
from dosebook_central.web.reference_query import ReferenceQuery
from dosebook_central.web.reference_sample import SampleLine

_TABLE: Final = (
    "country", "authority", "year", "set", "procedure_id", "procedure", "level_procedure", "group",
    "scope", "quantity", "unit", "room", "since", "until", "n", "p25", "median", "p75", "level",
    "median_and_level", "left_out",
)  # fmt: skip


def table_csv(lines: Iterable[SiteLine], names: Mapping[str, str], query: ReferenceQuery) -> str:
    """All samples of a period, one line a level and room; the unit stands in its column."""
    rows: list[Iterable[object]] = []
    for line in lines:
        level, sample = line.level, line.sample
        five = sample.quartiles
        numbers = (five.p25, five.median, five.p75) if five else (None, None, None)
        rows.append(
            (
                level.country, level.authority, level.year, level.package_id, line.procedure_id,
                names.get(line.procedure_id, ""), level.procedure, level.group.text, level.scope,
                level.quantity, level_unit(level), room_name(line.room), query.since, query.until,
                sample.n, *numbers, level.value, sample.against(level.value),
                sum(sample.excluded.values()),
            )
        )  # fmt: skip
    return "".join(csv_lines(_TABLE, rows))


def sample_csv(lines: Iterable[SampleLine], level: Level) -> str:
    """The exams of one sample; those left out have a reason in the place of a value."""
    value = f"{level.quantity} ({level_unit(level)})"
    header = ("exam", "date", "room", value, "unusually_low", "left_out_because")
    rows = (
        (one.exam_id, one.day, one.room, one.value, "yes" if one.is_low else "no", one.excluded)
        for one in lines
    )
    return "".join(csv_lines(header, rows))
