"""The activity log: who did what, when, to which object; and whether the log itself is whole."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from flask import Blueprint, Response, render_template, request
from sqlalchemy import Engine

from dosebook_central.access.rights import Right
from dosebook_central.audit import log
from dosebook_central.store.queries.audit import (
    AuditFilter,
    AuditLine,
    known_actions,
    list_lines,
)
from dosebook_central.web.arguments import day, whole_number
from dosebook_central.web.context import context
from dosebook_central.web.csv_text import csv_lines
from dosebook_central.web.gate import needs, tell

bp = Blueprint("audit", __name__, url_prefix="/audit")

_PAGE = 100
_AT_A_TIME = 1000
_COLUMNS = ("line", "at", "who", "act", "object", "id", "detail", "hash")


@bp.get("")
@needs(Right.AUDIT_READ)
def show() -> str:
    """Show matching lines, newest first."""
    asked = _asked()
    wanted = _filter(asked)
    before = whole_number(request.args.get("before", ""))
    with context().engine.connect() as connection:
        lines = list_lines(connection, wanted, _PAGE, before)
        actions = known_actions(connection)
    tell("audit.read", "audit", "", lines=len(lines))
    return render_template(
        "audit.html",
        lines=lines,
        asked=asked,
        actions=actions,
        is_later_page=before is not None,
        has_more=len(lines) == _PAGE,
    )


@bp.get("/lines.csv")
@needs(Right.AUDIT_READ)
def export() -> Response:
    """Hand out every matching line as a file, newest first."""
    asked = _asked()
    # What was typed is never logged; which filters were set tells how much left.
    tell("audit.export", "audit", "", filters=[key for key, text in asked.items() if text])
    rows = (
        (
            one.id,
            one.at.astimezone(UTC).isoformat(timespec="seconds"),
            one.actor,
            one.action,
            one.object_kind,
            one.object_id,
            json.dumps(one.detail, sort_keys=True, ensure_ascii=False),
            one.hash,
        )
        for one in _every(context().engine, _filter(asked))
    )
    today = context().now().astimezone().date()
    return Response(
        csv_lines(_COLUMNS, rows),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="activity-{today}.csv"'},
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


def _asked() -> dict[str, str]:
    keys = ("actor", "action", "object", "since", "until")
    return {key: request.args.get(key, "").strip()[:128] for key in keys}


def _filter(asked: dict[str, str]) -> AuditFilter:
    until = _start(asked["until"])
    return AuditFilter(
        actor=asked["actor"],
        action=asked["action"],
        object_id=asked["object"],
        since=_start(asked["since"]),
        until=until + timedelta(days=1) if until else None,
    )


def _every(engine: Engine, wanted: AuditFilter) -> Iterator[AuditLine]:
    """Every line that matches; the log may be longer than a process can hold."""
    before = None
    while True:
        with engine.connect() as connection:
            lines = list_lines(connection, wanted, _AT_A_TIME, before)
        yield from lines
        if len(lines) < _AT_A_TIME:
            return
        before = lines[-1].id


def _start(text: str) -> datetime | None:
    """When a day begins in the zone of the registry, in which the page shows its times."""
    found = day(text)
    return datetime.combine(found, time.min).astimezone() if found else None
