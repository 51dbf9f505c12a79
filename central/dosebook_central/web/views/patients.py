"""Find a patient. What is typed travels in the body of a POST, never in an address (P-rule 10)."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from dosebook_central.access.rights import Right
from dosebook_central.store.queries import patients
from dosebook_central.web.context import context
from dosebook_central.web.gate import needs, tell

bp = Blueprint("patients", __name__, url_prefix="/patients")


@bp.get("")
@needs(Right.PATIENT_READ)
def form() -> str:
    """Show the empty search."""
    return render_template("patients.html", text="", hits=None)


@bp.post("")
@needs(Right.PATIENT_READ)
def search() -> ResponseReturnValue:
    """Search by name, identifier or accession number; as a fragment while a person types."""
    text = request.form.get("q", "")[:200].strip()
    with context().engine.connect() as connection:
        hits = patients.search(connection, text) if text else []
    is_live = request.headers.get("HX-Request") == "true"
    if text:
        tell("patient.search", "patient", "", hits=len(hits))
    template = "parts/hits.html" if is_live else "patients.html"
    return render_template(
        template,
        text=text,
        hits=hits,
        limit=patients.SEARCH_LIMIT,
        is_too_short=patients.is_too_short(text),
    )
