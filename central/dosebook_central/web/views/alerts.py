"""What alert rules raised, the rules with their versions, and how often one would fire."""

import re
from typing import Final
from uuid import uuid4

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from dosebook_central.access.rights import Right
from dosebook_central.alerting.preview import Preview, preview
from dosebook_central.audit import log
from dosebook_central.derivation.due import mark_due
from dosebook_central.domain.alerts.rule import Rule
from dosebook_central.store.library_cache import LibraryCache
from dosebook_central.store.queries import alerts
from dosebook_central.store.queries.alerts import StoredRule
from dosebook_central.web import rule_form
from dosebook_central.web.context import context
from dosebook_central.web.gate import act, me, needs, tell

bp = Blueprint("alerts", __name__, url_prefix="/alerts")

_NEW: Final = "new"
_SHOWN: Final = 200
_ID: Final = re.compile(r"[^a-z0-9]+")
_LIBRARIES: Final = LibraryCache()


@bp.get("")
@needs(Right.PATIENT_READ)
def show() -> str:
    """Show the latest alerts that stand."""
    with context().engine.connect() as connection:
        lines = alerts.recent_alerts(connection, _SHOWN)
    tell("alerts.read", "alerts", "", lines=len(lines))
    return render_template("alerts.html", lines=lines, levels=rule_form.LEVELS, shown=_SHOWN)


@bp.get("/rules")
@needs(Right.STATISTICS_READ)
def rules() -> str:
    """Show all rules, those that are on first."""
    with context().engine.connect() as connection:
        found = _rules(connection)
    found.sort(key=lambda one: (not one.is_enabled, one.rule.quantity, one.rule.id))
    return render_template("rules.html", rules=found, **_words())


@bp.get("/rules/<rule_id>")
@needs(Right.STATISTICS_READ)
def rule(rule_id: str) -> str:
    """Show one rule as a form, with its versions."""
    if rule_id == _NEW:
        empty = {"kind": "exam", "quantity": "dose_rp", "comparison": ">=", "level": "notification"}
        return _form(rule_id, empty)
    stored = _find(rule_id)
    return _form(rule_id, rule_form.fields_of(stored.rule), stored)


@bp.post("/rules/<rule_id>")
@needs(Right.DOSIMETRY_MANAGE)
def change(rule_id: str) -> ResponseReturnValue:
    """Try a rule on the last days, or save it as a new version."""
    stored = None if rule_id == _NEW else _find(rule_id)
    said = rule_form.entered(request.form, rule_id if stored else _id_of(request.form))  # type: ignore[arg-type]
    if said.rule is None:
        return _form(rule_id, said.fields, stored, errors=said.errors), 422
    if request.form.get("do") == "try":
        return _form(rule_id, said.fields, stored, tried=_try(said.rule))
    is_enabled = request.form.get("is_enabled") == "yes"
    version = _save(said.rule, is_enabled=is_enabled)
    flash(
        f"Version {version} of “{said.rule.title}” is "
        f"{'in force; all exams are judged again' if is_enabled else 'saved, switched off'}."
    )
    return redirect(url_for(".rules"))


def _save(rule: Rule, *, is_enabled: bool) -> int:
    now, actor = context().now(), me().login

    def work(connection: Connection) -> int:
        version = alerts.save_rule(connection, rule, is_enabled=is_enabled, actor=actor, now=now)
        mark_due(connection)
        return version

    return log.perform(
        context().engine,
        work,
        lambda version: act(
            "rule.change", "alert-rule", rule.id, version=version, enabled=is_enabled
        ),
    )


def _try(rule: Rule) -> Preview:
    with context().engine.connect() as connection:
        library = _LIBRARIES.current(connection)
        today = context().now().astimezone().date()
        return preview(connection, rule, library, context().country, today)


def _form(
    rule_id: str,
    fields: object,
    stored: StoredRule | None = None,
    *,
    errors: tuple[str, ...] = (),
    tried: Preview | None = None,
) -> str:
    with context().engine.connect() as connection:
        versions = alerts.rule_versions(connection, rule_id)
    return render_template(
        "rule.html",
        rule_id=rule_id,
        fields=fields,
        stored=stored,
        errors=errors,
        tried=tried,
        versions=versions,
        **_words(),
    )


def _words() -> dict[str, object]:
    return {
        "kinds": rule_form.KINDS,
        "levels": rule_form.LEVELS,
        "quantities": rule_form.QUANTITIES,
        "modalities": rule_form.MODALITIES,
        "bands": rule_form.BANDS,
    }


def _rules(connection: Connection) -> list[StoredRule]:
    return alerts.list_rules(connection, _LIBRARIES.current(connection))


def _find(rule_id: str) -> StoredRule:
    with context().engine.connect() as connection:
        found = next((one for one in _rules(connection) if one.rule.id == rule_id), None)
    if found is None:
        abort(404)
    return found


def _id_of(form: rule_form.Form) -> str:
    """An id for a new rule: its title, and a tail that keeps it apart from others."""
    words = _ID.sub("-", form.get("title", "").lower()).strip("-")[:40]
    return f"{words or 'rule'}-{uuid4().hex[:6]}"
