"""A site's doses against diagnostic reference levels: box plots by procedure and room."""

from dataclasses import dataclass

from flask import Blueprint, Response, abort, render_template, request
from sqlalchemy import Connection

from dosebook_central.access.rights import Right
from dosebook_central.domain.drl.levels import countries, procedures_of
from dosebook_central.domain.drl.sample import ENOUGH
from dosebook_central.domain.drl.site import SiteExam, SiteLine, site_lines
from dosebook_central.dosimetry.sets import Library
from dosebook_central.store.queries.reference_levels import share_mapped, site_exams
from dosebook_central.web.context import context
from dosebook_central.web.gate import needs, tell
from dosebook_central.web.level_words import country_name, level_key, level_unit, procedure_names
from dosebook_central.web.library import library
from dosebook_central.web.reference_csv import sample_csv, table_csv
from dosebook_central.web.reference_panels import panels_of, room_name
from dosebook_central.web.reference_query import ReferenceQuery
from dosebook_central.web.reference_sample import sample_lines

bp = Blueprint("reference_levels", __name__, url_prefix="/reference-levels")


@bp.get("")
@needs(Right.STATISTICS_READ)
def show() -> str:
    """Show the samples of a period beside the levels of a country."""
    with context().engine.connect() as connection:
        found = _read(connection)
        done, mapped = share_mapped(connection, found.query.since, found.query.until)
    query = found.query
    panels = panels_of(found.lines, procedure_names(found.library))
    tell("statistics.read", "reference-levels", query.country, exams=len(found.exams))
    return render_template(
        "reference_levels.html",
        query=query,
        panels=[panel for panel in panels if query.modality in {"", panel.level.modality}],
        countries={code: country_name(code) for code in countries(found.library)},
        modalities=sorted({panel.level.modality for panel in panels}),
        done=done,
        mapped=mapped,
        sampled=len(found.exams),
        enough=ENOUGH,
        has_home=bool(context().country) or "country" in request.args,
    )


@bp.get("/table.csv")
@needs(Right.STATISTICS_READ)
def table() -> Response:
    """Hand out the same numbers as a file."""
    with context().engine.connect() as connection:
        found = _read(connection)
    query = found.query
    lines = [line for line in found.lines if query.modality in {"", line.level.modality}]
    tell("statistics.export", "reference-levels", query.country, lines=len(lines))
    text = table_csv(lines, procedure_names(found.library), query)
    return _file(text, f"reference-levels-{query.country}-{query.since}-{query.until}")


@bp.get("/exams")
@needs(Right.STATISTICS_READ)
def exams() -> str:
    """Show the exams that made one sample, and those left out of it with the reason."""
    with context().engine.connect() as connection:
        found = _read(connection)
    line = _chosen(found)
    shown = sample_lines(line, found.exams)
    tell("statistics.read", "reference-levels", line.procedure_id, exams=len(shown))
    return render_template(
        "reference_exams.html",
        query=found.query,
        line=line,
        procedure=procedure_names(found.library).get(line.procedure_id, line.procedure_id),
        room=room_name(line.room),
        unit=level_unit(line.level),
        lines=shown,
        enough=ENOUGH,
    )


@bp.get("/exams.csv")
@needs(Right.STATISTICS_READ)
def sample() -> Response:
    """Hand out the exams of one sample as a file."""
    with context().engine.connect() as connection:
        found = _read(connection)
    line = _chosen(found)
    shown = sample_lines(line, found.exams)
    tell("statistics.export", "reference-levels", line.procedure_id, exams=len(shown))
    name = f"sample-{line.procedure_id}-{line.level.quantity}-{found.query.since}"
    return _file(sample_csv(shown, line.level), name)


@dataclass(frozen=True, slots=True)
class _Found:
    """What an address asks for."""

    query: ReferenceQuery
    library: Library
    exams: list[SiteExam]
    lines: tuple[SiteLine, ...]


def _read(connection: Connection) -> _Found:
    sets = library(connection)
    query = ReferenceQuery.from_arguments(
        request.args,
        context().now().astimezone().date(),
        countries(sets),
        context().country,
    )
    wanted = procedures_of(sets, query.country)
    if query.procedure:
        wanted &= {query.procedure}
    found = list(site_exams(connection, query.since, query.until, wanted))
    place = context().place if query.country == context().country else query.country
    return _Found(query, sets, found, site_lines(found, sets, query.country, place))


def _chosen(found: _Found) -> SiteLine:
    asked = (found.query.level, found.query.room)
    line = next((one for one in found.lines if (level_key(one.level), one.room) == asked), None)
    if line is None:
        abort(404)
    return line


def _file(text: str, name: str) -> Response:
    return Response(
        text,
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
