"""A patient's dose history: the timeline and the same numbers as a table."""

from flask import Blueprint, abort, render_template, request

from dosebook_central.access.rights import Right
from dosebook_central.store.queries.history import get_history
from dosebook_central.store.queries.same_exams import of_patient
from dosebook_central.web import timeline
from dosebook_central.web.context import context
from dosebook_central.web.gate import needs, tell
from dosebook_central.web.history_query import QUANTITIES, HistoryQuery, facets
from dosebook_central.web.history_rows import chart_rows, exam_rows
from dosebook_central.web.same_exam_words import shown

bp = Blueprint("history", __name__, url_prefix="/patients")


@bp.get("/<patient_id>")
@needs(Right.PATIENT_READ)
def show(patient_id: str) -> str:
    """Show one patient's exams; the address holds an opaque id and the query."""
    with context().engine.connect() as connection:
        history = get_history(connection, patient_id)
        has_doubles = history is not None and any(exam.may_be_double for exam in history.exams)
        doubles = of_patient(connection, patient_id) if has_doubles else []
    if history is None:
        abort(404)
    tell("history.read", "patient", patient_id, exams=len(history.exams))
    query = HistoryQuery.from_arguments(request.args)
    rows = timeline.rows(query.select(history.exams), query)
    lanes = timeline.lanes(rows)
    return render_template(
        "history.html",
        patient=history.patient,
        total=len(history.exams),
        rows=rows,
        chart_rows=chart_rows,
        exam_rows=exam_rows,
        lanes=lanes,
        points=timeline.points(rows),
        lane_data=[{"key": lane.key, "label": lane.label} for lane in lanes],
        query=query,
        facets=facets(history.exams),
        quantities=QUANTITIES,
        doubles=[shown(line) for line in doubles],
        many_institutions=len({exam.institution for exam in history.exams} - {""}) > 1,
    )
