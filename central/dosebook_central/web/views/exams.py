"""One exam: its numbers, its events, its evidences, and where each number comes from."""

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for

from dosebook_central.access.rights import Right
from dosebook_central.domain.exam import Basis, Measure, Source
from dosebook_central.store.queries.alerts import alerts_of
from dosebook_central.store.queries.derived import get_derived, get_version
from dosebook_central.store.queries.exams import ExamEvent, ExamPage, get_exam, get_source
from dosebook_central.store.same_exams import joined_into
from dosebook_central.web.context import context
from dosebook_central.web.derived_about import about
from dosebook_central.web.derived_panel import Panel, absences, headlines, panel
from dosebook_central.web.derived_source import derived_source
from dosebook_central.web.exam_events import STATED, event_parts
from dosebook_central.web.exam_levels import exam_levels
from dosebook_central.web.flags import (
    derived_flags,
    exemption_flags,
    flags,
    is_rounding,
    reading_flags,
    rounding_text,
)
from dosebook_central.web.gate import needs, tell
from dosebook_central.web.instrument_words import describe
from dosebook_central.web.instruments import readings_in
from dosebook_central.web.orders import orders_panel
from dosebook_central.web.provenance import Origin, event_value, origin, read_back
from dosebook_central.web.regions import region_text
from dosebook_central.web.same_exam_words import same_exam_notes
from dosebook_central.web.screen_cards import crops_of
from dosebook_central.web.transcript import is_transcript
from dosebook_protocol.screen import MEDIA_TYPE

bp = Blueprint("exams", __name__, url_prefix="/exams")

_SHOWN_ORIGINS = 12


@bp.get("/<exam_id>")
@needs(Right.PATIENT_READ)
def show(exam_id: str) -> str:
    """Show one exam."""
    page = _page(exam_id)
    tell("exam.read", "exam", exam_id)
    return _render(page)


@bp.get("/<exam_id>/measures/<int:index>")
@needs(Right.EVIDENCE_READ)
def measure(exam_id: str, index: int) -> str:
    """Show where a headline value comes from: beside the exam, or as a fragment."""
    page = _page(exam_id)
    if index >= len(page.summary.headline):
        abort(404)
    found = page.summary.headline[index]
    tell("evidence.read", "exam", exam_id, quantity=found.quantity)
    return _pane(page, found, f"m{index}", _origins(page, found))


@bp.get("/<exam_id>/events/<int:ordinal>/<quantity>")
@needs(Right.EVIDENCE_READ)
def event(exam_id: str, ordinal: int, quantity: str) -> str:
    """Show where one number of the event table comes from, with all else the event says."""
    page = _page(exam_id)
    line = next((one for one in page.events if one.ordinal == ordinal), None)
    if line is None or quantity not in {name for name, _ in STATED}:
        abort(404)
    tell("evidence.read", "exam", exam_id, event=ordinal, quantity=quantity)
    found, origins = _event_measure(page, line, quantity)
    return _pane(page, found, f"e{ordinal}-{quantity}", origins, line)


@bp.get("/<exam_id>/readings/<record_id>/<int:index>")
@needs(Right.EVIDENCE_READ)
def reading(exam_id: str, record_id: str, index: int) -> str:
    """Show where a number of an instrument comes from, whether it counts here or not."""
    page = _page(exam_id)
    with context().engine.connect() as connection:
        record = get_source(connection, exam_id, record_id)
    read = read_back(record) if record else None
    values = describe(read).values if read else ()
    if record is None or index >= len(values):
        abort(404)
    value = values[index]
    tell("evidence.read", "exam", exam_id, record=record_id, quantity=value.quantity)
    source = Source(record_id, value.path, value.original, value.original_unit)
    found = Measure(
        value.quantity, value.quantity, value.value, value.unit, Basis.SINGLE, sources=(source,)
    )
    origins = [origin(record, source, context().evidence)]
    return _pane(page, found, f"r{record_id}-{index}", origins)


@bp.get("/<exam_id>/derived/<int:version>/<int:index>")
@needs(Right.EVIDENCE_READ)
def derived(exam_id: str, version: int, index: int) -> str:
    """Show how a derived value came about, and what earlier versions said in its place."""
    page = _page(exam_id)
    with context().engine.connect() as connection:
        found = get_derived(connection, exam_id)
        chosen = get_version(connection, exam_id, version)
        if found is None or chosen is None or index >= len(chosen.values):
            abort(404)
        source = derived_source(
            chosen,
            index,
            next(one for one in found.versions if one.version == version),
            found.versions,
            found.in_force.version,
            lambda number: get_version(connection, exam_id, number),
        )
    tell("evidence.read", "exam", exam_id, quantity=source.value.quantity, version=version)
    pane = {"derived_source": source, "opened": f"d{index}"}
    if request.headers.get("HX-Request"):
        return render_template("parts/derived_evidence.html", page=page, **pane)
    return _render(page, **pane)


@bp.get("/<exam_id>/evidence/<record_id>")
@needs(Right.EVIDENCE_DOWNLOAD)
def download(exam_id: str, record_id: str) -> Response:
    """Hand out the original object, bit by bit as it was captured."""
    with context().engine.connect() as connection:
        found = get_source(connection, exam_id, record_id)
    if found is None:
        abort(404)
    try:
        content = context().evidence.get(found.record.evidence_sha256)
    except (KeyError, OSError):
        abort(404)
    tell("evidence.download", "record", record_id, exam=exam_id)
    # The name is the hash: a patient's name or UID does not belong in a file name.
    name = f"{found.record.evidence_sha256[:16]}{_suffix(found.record.media_type)}"
    return Response(
        content,
        mimetype="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _suffix(media_type: str) -> str:
    if is_transcript(media_type):
        return ".txt"
    return {"application/dicom": ".dcm", MEDIA_TYPE: ".cbor"}.get(media_type, ".bin")


def _page(exam_id: str) -> ExamPage:
    with context().engine.connect() as connection:
        page = get_exam(connection, exam_id)
        # The address of an exam that was decided to be another one leads there.
        counted = joined_into(connection, exam_id) if page is None else None
    if counted is not None:
        abort(redirect(url_for(".show", exam_id=counted)))
    if page is None:
        abort(404)
    return page


def _render(page: ExamPage, **pane: object) -> str:
    with context().engine.connect() as connection:
        found = get_derived(connection, page.head.id)
        orders = orders_panel(connection, page, found.derived if found else None)
        alerts = alerts_of(connection, page.head.id)
        levels = exam_levels(connection, page.head.id, found.derived) if found else None
        instruments = readings_in(connection, page)
        same = same_exam_notes(connection, page)
    values = found.derived if found else None
    parts = event_parts(page.events, values, request.args.get("region", ""))
    views = {row.event.ordinal: row.view for part in parts for row in part.rows if row.view}
    figures = _figures(page)
    exempted = exemption_flags(values, context().place)
    return render_template(
        "exam.html",
        page=page,
        patient=page.patient,
        alerts=alerts,
        levels=levels,
        flags=[*flags(page), *reading_flags(instruments), *derived_flags(values), *exempted],
        parts=parts,
        chosen_region=request.args.get("region", ""),
        figures=figures,
        roundings=_roundings(page),
        found=found,
        headlines=headlines(values, [name for name, _ in figures]) if values else [],
        panel=panel(values, views) if values else Panel(),
        absences=absences(values) if values else [],
        about=about(values) if values else None,
        with_skin_dose=bool({"XA", "RF"} & set(_modalities(page))),
        region_text=region_text,
        orders=orders,
        instruments=instruments,
        same=same,
        **pane,
    )


def _modalities(page: ExamPage) -> list[str]:
    return [part.modality for part in page.summary.parts] or [page.head.modality]


def _figures(page: ExamPage) -> list[tuple[str, list[tuple[int, Measure]]]]:
    """Headline values by quantity; planes, breasts and phantoms stand below one another."""
    found: dict[str, list[tuple[int, Measure]]] = {}
    for index, one in enumerate(page.summary.headline):
        found.setdefault(one.quantity, []).append((index, one))
    return list(found.items())


def _roundings(page: ExamPage) -> dict[str, list[str]]:
    """By quantity, what rounding makes of the sum of its events."""
    found: dict[str, list[str]] = {}
    for one in filter(is_rounding, page.summary.differences):
        found.setdefault(one.quantity, []).append(rounding_text(one))
    return found


def _pane(
    page: ExamPage,
    found: Measure,
    key: str,
    origins: list[Origin],
    line: ExamEvent | None = None,
) -> str:
    pane = {
        "measure": found,
        "opened": key,
        "origins": origins,
        "hidden_origins": max(0, len(found.sources) - len(origins)),
        "line": line,
        "crops": crops_of(origins),
    }
    if request.headers.get("HX-Request"):
        return render_template("parts/evidence.html", page=page, **pane)
    return _render(page, **pane)


def _origins(page: ExamPage, found: Measure) -> list[Origin]:
    made = []
    with context().engine.connect() as connection:
        for source in found.sources[:_SHOWN_ORIGINS]:
            record = get_source(connection, page.head.id, source.record_id)
            if record is not None:
                made.append(origin(record, source, context().evidence))
    return made


def _event_measure(page: ExamPage, line: ExamEvent, quantity: str) -> tuple[Measure, list[Origin]]:
    with context().engine.connect() as connection:
        record = get_source(connection, page.head.id, line.record_id)
    reading = read_back(record) if record else None
    if record is None or reading is None or line.record_index >= len(reading.events):
        abort(404)
    value = event_value(reading.events[line.record_index], quantity)
    if value is None:
        abort(404)
    source = Source(line.record_id, value.path, value.original, value.original_unit)
    found = Measure(
        quantity=quantity,
        label=value.quantity,
        value=value.value,
        unit=value.unit,
        basis=Basis.SINGLE,
        plane=line.plane or None,  # type: ignore[arg-type]
        side=line.side or None,  # type: ignore[arg-type]
        phantom=line.phantom or None,  # type: ignore[arg-type]
        sources=(source,),
    )
    return found, [origin(record, source, context().evidence, line.record_index)]
