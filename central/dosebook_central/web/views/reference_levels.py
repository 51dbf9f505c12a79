"""A site's doses against diagnostic reference levels: box plots by procedure and room."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, render_template, request
from markupsafe import Markup

from dosebook_central.access.rights import Right
from dosebook_central.domain.drl.levels import Level, countries, procedures_of
from dosebook_central.domain.drl.sample import ENOUGH, Sample
from dosebook_central.domain.drl.site import ALL_ROOMS, SiteLine, site_lines
from dosebook_central.dosimetry.sets import Library
from dosebook_central.store.library_cache import LibraryCache
from dosebook_central.store.queries.reference_levels import share_mapped, site_exams
from dosebook_central.web.box_plot import Scale, box_plot
from dosebook_central.web.context import context
from dosebook_central.web.gate import needs, tell
from dosebook_central.web.numbers import MISSING, number_text, quantity_label, unit_text
from dosebook_central.web.reference_query import ReferenceQuery

bp = Blueprint("reference_levels", __name__, url_prefix="/reference-levels")

COUNTRY_NAMES: Final = {
    "AU": "Australia",
    "BE": "Belgium",
    "CH": "Switzerland",
    "DE": "Germany",
    "ES": "Spain",
    "EU": "European Union",
    "FR": "France",
    "GB": "United Kingdom",
    "IE": "Ireland",
    "JP": "Japan",
    "PL": "Poland",
    "US": "United States",
}
_LIBRARIES: Final = LibraryCache()


@dataclass(frozen=True, slots=True)
class Room:
    """One line of a panel: a room's sample, drawn and in words."""

    name: str
    sample: Sample
    position: str
    plot: Markup
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Panel:
    """One level with the samples of all rooms on a common axis."""

    procedure_id: str
    procedure: str
    level: Level
    level_text: str
    largest_text: str
    rooms: tuple[Room, ...]
    excluded: Mapping[str, int]

    @property
    def key(self) -> str:
        """What names the panel in the address of its exams."""
        return f"{self.level.quantity}:{self.level.group.text}:{self.level.procedure}"


@bp.get("")
@needs(Right.STATISTICS_READ)
def show() -> str:
    """Show the samples of a period beside the levels of a country."""
    with context().engine.connect() as connection:
        library = _LIBRARIES.current(connection)
        known = countries(library)
        query = ReferenceQuery.from_arguments(
            request.args,  # type: ignore[arg-type]
            context().now().astimezone().date(),
            known,
            context().country,
        )
        wanted = procedures_of(library, query.country)
        exams = list(site_exams(connection, query.since, query.until, wanted))
        done, mapped = share_mapped(connection, query.since, query.until)
    lines = site_lines(exams, library, query.country)
    panels = _panels(lines, _names(library))
    modalities = sorted({panel.level.modality for panel in panels})
    tell("statistics.read", "reference-levels", query.country, exams=len(exams))
    return render_template(
        "reference_levels.html",
        query=query,
        panels=[panel for panel in panels if query.modality in {"", panel.level.modality}],
        countries={code: COUNTRY_NAMES.get(code, code) for code in known},
        modalities=modalities,
        done=done,
        mapped=mapped,
        sampled=len(exams),
        enough=ENOUGH,
    )


def _panels(lines: Iterable[SiteLine], names: Mapping[str, str]) -> list[Panel]:
    grouped: dict[tuple[str, Level], list[SiteLine]] = {}
    for line in lines:
        grouped.setdefault((line.procedure_id, line.level), []).append(line)
    return [
        _panel(names.get(procedure, procedure), own)
        for (procedure, _), own in grouped.items()
        if any(line.sample.n for line in own)
    ]


def _panel(procedure: str, lines: list[SiteLine]) -> Panel:
    level = lines[0].level
    scale = Scale.of([line.sample for line in lines], level.value)
    # A site of one room needs no line for all rooms.
    shown = [line for line in lines if line.room != ALL_ROOMS or len(lines) > 2]
    whole = next(line.sample for line in lines if line.room == ALL_ROOMS)
    return Panel(
        lines[0].procedure_id,
        procedure,
        level,
        number_text(level.value, level.quantity),
        number_text(scale.largest, level.quantity),
        tuple(_room(line, scale) for line in shown),
        whole.excluded,
    )


def _room(line: SiteLine, scale: Scale) -> Room:
    level, sample = line.level, line.sample
    name = line.room or "All rooms"
    texts = {}
    if sample.quartiles is not None:
        five = sample.quartiles
        column = (five.p25, five.median, five.p75, level.value)
        texts = {
            "p25": number_text(five.p25, level.quantity, column),
            "median": number_text(five.median, level.quantity, column),
            "p75": number_text(five.p75, level.quantity, column),
        }
    position = sample.against(level.value)
    unit = unit_text(level.unit)
    held = number_text(level.value, level.quantity)
    label = (
        f"{quantity_label(level.quantity)}, {name}: n {sample.n}, "
        f"median {texts.get('median', MISSING)} {unit}, level {held} {unit}"
    )
    return Room(name, sample, position, box_plot(sample, level.value, scale, label), texts)


def _names(library: Library) -> Mapping[str, str]:
    return {
        row["procedure_id"]: row["name_en"]
        for package in library.of("procedures")
        for row in package.rows_in_force
    }
