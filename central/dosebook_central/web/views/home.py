"""What needs a person first, then what is new."""

from datetime import datetime, time, timedelta

from flask import Blueprint, render_template
from sqlalchemy import Connection

from dosebook_central.access.rights import Right
from dosebook_central.store import skin_dose
from dosebook_central.store.derivation_due import work_state
from dosebook_central.store.queries import alert_list, at_risk, boxes, exams, quarantine, screens
from dosebook_central.store.queries.procedures import Share, unmapped_share
from dosebook_central.store.queries.same_exams import count_open
from dosebook_central.store.queries.unassigned import count_waiting
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
        waiting = quarantine.counts(connection)["open"] if may(Right.QUARANTINE_READ) else 0
        share = unmapped_share(connection) if may(Right.PROCEDURE_MAP) else Share()
        conflict_count = exams.count_conflicts(connection) if conflicts else 0
        states = boxes.list_boxes(connection) if may(Right.BOX_READ) else []
        alerting = alert_list.alerting_exams(connection, [one.id for one in (*latest, *conflicts)])
        tasks = _tasks(connection)
    described = [describe(state, found.now()) for state in states]
    if latest or conflicts:
        tell("exam.list", "exam", "", exams=len(latest), conflicts=len(conflicts))
    return render_template(
        "home.html",
        latest=latest,
        conflicts=conflicts,
        conflict_count=conflict_count,
        alerting=alerting,
        waiting=waiting,
        share=share,
        boxes=[box for box in described if not box.is_registry],
        troubled=[box for box in described if box.level in {"warn", "alert"}],
        **tasks,
    )


def _tasks(connection: Connection) -> dict[str, object]:
    """Counts of what waits for this person's role; each by an index, whatever the archive holds."""
    tasks: dict[str, object] = {}
    today = context().now().astimezone().date()
    if may(Right.PATIENT_READ):
        yesterday = today - timedelta(days=1)
        since = datetime.combine(yesterday, time.min).astimezone()
        tasks["alerts"] = alert_list.count_alerts(connection, alert_list.AlertFilter(since=since))
        tasks["alerts_since"] = yesterday.isoformat()
    if may(Right.READING_ASSIGN):
        tasks["unassigned"] = count_waiting(connection)
    if may(Right.EXAM_JOIN):
        tasks["same_exams"] = count_open(connection)
    if may(Right.RISK_READ):
        year = (today - timedelta(days=365)).isoformat()
        tasks["at_risk"] = at_risk.count_at_risk(connection, year)
    if may(Right.SCREEN_REVIEW):
        tasks["screen_values"] = screens.count_waiting(connection)
    if may(Right.DOSIMETRY_MANAGE):
        tasks["work"] = work_state(connection)
        tasks["underived"] = exams.not_derived(connection)
        tasks["skin"] = skin_dose.counts(connection)
    return tasks
