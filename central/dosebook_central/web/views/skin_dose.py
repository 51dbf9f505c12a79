"""The skin dose map of an exam: the picture with all it assumes, or why there is none."""

from datetime import UTC, datetime

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from dosebook_central.access.rights import Right
from dosebook_central.audit.log import perform
from dosebook_central.store import skin_dose as store
from dosebook_central.store.queries.exams import get_exam
from dosebook_central.web.context import context
from dosebook_central.web.gate import act, needs, tell
from dosebook_central.web.skin_words import dose_text, view_of

bp = Blueprint("skin_dose", __name__, url_prefix="/exams/<exam_id>/skin-dose")
bp.add_app_template_filter(dose_text)


@bp.get("")
@needs(Right.PATIENT_READ)
def show(exam_id: str) -> str:
    """Show the map; as a fragment while it is being computed."""
    with context().engine.connect() as connection:
        page = get_exam(connection, exam_id)
        rows = store.history(connection, exam_id)
    if page is None:
        abort(404)
    is_fragment = bool(request.headers.get("HX-Request"))
    if not is_fragment:
        tell("skin_dose.read", "exam", exam_id)
    return render_template(
        "parts/skin_dose.html" if is_fragment else "skin_dose.html",
        page=page,
        patient=page.patient,
        view=view_of(rows[0]) if rows else None,
        earlier=rows[1:],
    )


@bp.get("/preview")
@needs(Right.PATIENT_READ)
def preview(exam_id: str) -> str:
    """Show the small picture that stands on the exam's own page."""
    with context().engine.connect() as connection:
        row = store.latest(connection, exam_id)
    return render_template(
        "parts/skin_preview.html", exam_id=exam_id, view=view_of(row) if row else None
    )


@bp.post("/call-off")
@needs(Right.DOSIMETRY_MANAGE)
def call_off(exam_id: str) -> ResponseReturnValue:
    """End a computation that waits or runs."""
    now = datetime.now(UTC)
    perform(
        context().engine,
        lambda connection: store.call_off(connection, exam_id, now),
        lambda was_open: act("skin_dose.call_off", "exam", exam_id, was_open=was_open),
    )
    return redirect(url_for(".show", exam_id=exam_id))


@bp.post("/retry")
@needs(Right.DOSIMETRY_MANAGE)
def retry(exam_id: str) -> ResponseReturnValue:
    """Queue a computation that failed again."""
    perform(
        context().engine,
        lambda connection: store.retry(connection, exam_id),
        lambda was_failed: act("skin_dose.retry", "exam", exam_id, was_failed=was_failed),
    )
    return redirect(url_for(".show", exam_id=exam_id))
