"""Patients whom rules over a period name, each once, with every reason (R33)."""

from datetime import timedelta
from typing import Final

from flask import Blueprint, render_template, request

from dosebook_central.access.rights import Right
from dosebook_central.store.queries import alert_rules, at_risk
from dosebook_central.web.arguments import page_number
from dosebook_central.web.context import context
from dosebook_central.web.gate import needs, tell
from dosebook_central.web.library import library

bp = Blueprint("at_risk", __name__, url_prefix="/at-risk")

YEARS: Final = {"1": "in the last year", "5": "in the last 5 years", "all": "at any time"}
_PAGE: Final = 200


@bp.get("")
@needs(Right.RISK_READ)
def show() -> str:
    """Show whom rules name, those with the latest cause first."""
    years = request.args.get("years", "5")
    years = years if years in YEARS else "5"
    since = ""
    if years != "all":
        day = context().now().astimezone().date() - timedelta(days=round(int(years) * 365.25))
        since = day.isoformat()
    page = page_number(request.args)
    chosen = request.args.get("rule", "")
    with context().engine.connect() as connection:
        rules = [
            one.rule
            for one in alert_rules.list_rules(connection, library(connection))
            if one.rule.is_at_risk and one.is_enabled
        ]
        rule_id = chosen if chosen in {rule.id for rule in rules} else ""
        total = at_risk.count_at_risk(connection, since, rule_id)
        people = at_risk.patients_at_risk(
            connection, since, rule_id, limit=_PAGE, offset=(page - 1) * _PAGE
        )
    tell("risk.read", "patients-at-risk", "", lines=len(people))
    return render_template(
        "at_risk.html",
        people=people,
        total=total,
        rules={rule.id: rule for rule in rules},
        rule_id=rule_id,
        years=years,
        year_words=YEARS,
        page=page,
        pages=-(-total // _PAGE),
    )
