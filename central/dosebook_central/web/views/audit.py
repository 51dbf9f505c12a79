"""The activity log: who did what, when, to which object; and whether the log itself is whole."""

from datetime import UTC, datetime, time, timedelta

from flask import Blueprint, render_template, request

from dosebook_central.access.rights import Right
from dosebook_central.audit import log
from dosebook_central.store.queries.audit import AuditFilter, known_actions, list_lines
from dosebook_central.web.arguments import day, whole_number
from dosebook_central.web.context import context
from dosebook_central.web.gate import needs, tell

bp = Blueprint("audit", __name__, url_prefix="/audit")

_PAGE = 100


@bp.get("")
@needs(Right.AUDIT_READ)
def show() -> str:
    """Show matching lines, newest first."""
    asked = {
        key: request.args.get(key, "").strip()[:128]
        for key in ("actor", "action", "object", "since", "until")
    }
    until = _start(asked["until"])
    wanted = AuditFilter(
        actor=asked["actor"],
        action=asked["action"],
        object_id=asked["object"],
        since=_start(asked["since"]),
        until=until + timedelta(days=1) if until else None,
    )
    before = whole_number(request.args.get("before", ""))
    with context().engine.connect() as connection:
        lines = list_lines(connection, wanted, _PAGE, before)
        actions = known_actions(connection)
    tell("audit.read", "audit", "", lines=len(lines))
    return render_template(
        "audit.html", lines=lines, asked=asked, actions=actions, has_more=len(lines) == _PAGE
    )


@bp.post("/verify")
@needs(Right.AUDIT_READ)
def verify() -> str:
    """Walk the chain, against a line noted earlier if one is given."""
    number = whole_number(request.form.get("line", "").strip())
    noted = request.form.get("hash", "").strip().lower()
    anchor = (number, noted) if number and noted else None
    with context().engine.connect() as connection:
        check = log.verify(connection, anchor)
    tell("audit.verify", "audit", str(check.last_id), intact=check.is_intact)
    return render_template("audit_check.html", check=check, anchor=anchor)


def _start(text: str) -> datetime | None:
    found = day(text)
    return datetime.combine(found, time.min, UTC) if found else None
