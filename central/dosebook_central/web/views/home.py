"""What needs a person first, then what is new."""

from flask import Blueprint, render_template

from dosebook_central.access.rights import Right
from dosebook_central.store.queries import boxes, exams, quarantine
from dosebook_central.store.queries.procedures import Share, unmapped_share
from dosebook_central.web.box_words import describe
from dosebook_central.web.context import context
from dosebook_central.web.gate import may, personal, tell

bp = Blueprint("home", __name__)


@bp.get("/")
@personal
def show() -> str:
    """Show this person's tasks and the latest exams, as far as their rights go."""
    found = context()
    with found.engine.connect() as connection:
        latest = exams.latest(connection) if may(Right.PATIENT_READ) else []
        conflicts = exams.with_conflict(connection) if may(Right.PATIENT_READ) else []
        underived = exams.not_derived(connection) if may(Right.PATIENT_READ) else []
        waiting = quarantine.counts(connection)["open"] if may(Right.QUARANTINE_READ) else 0
        share = unmapped_share(connection) if may(Right.PROCEDURE_MAP) else Share()
        states = boxes.list_boxes(connection) if may(Right.BOX_READ) else []
    described = [describe(state, found.now()) for state in states]
    if latest or conflicts or underived:
        listed = {"exams": len(latest), "conflicts": len(conflicts), "underived": len(underived)}
        tell("exam.list", "exam", "", **listed)
    return render_template(
        "home.html",
        latest=latest,
        conflicts=conflicts,
        underived=underived,
        waiting=waiting,
        share=share,
        boxes=described,
        troubled=[box for box in described if box.level in {"warn", "alert"}],
    )
