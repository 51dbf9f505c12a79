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
from dosebook_central.domain.alerts.rule import Rule, meaning_of
from dosebook_central.domain.procedures.vocabulary import vocabulary_of
from dosebook_central.store.derivation_due import mark_due
from dosebook_central.store.queries import alert_list, alert_rules
from dosebook_central.store.queries.alert_rules import StoredRule
from dosebook_central.web import rule_form
from dosebook_central.web.alert_query import AlertQuery
from dosebook_central.web.arguments import Arguments
from dosebook_central.web.context import context
from dosebook_central.web.gate import act, me, needs, tell
from dosebook_central.web.library import library

bp = Blueprint("alerts", __name__, url_prefix="/alerts")

_NEW: Final = "new"
_PAGE: Final = 200
_ID: Final = re.compile(r"[^a-z0-9]+")


@bp.get("")
@needs(Right.PATIENT_READ)
def show() -> str:
    """Show the alerts that stand, the latest first."""
    with context().engine.connect() as connection:
        titles = {one.rule.id: one.rule.title for one in _rules(connection)}
        firing = alert_list.alert_rules(connection)
        rooms = alert_list.alert_rooms(connection)
        query = AlertQuery.from_arguments(request.args, firing, rooms)
        total = alert_list.count_alerts(connection, query.filter())
        lines = alert_list.list_alerts(
            connection, query.filter(), limit=_PAGE, offset=(query.page - 1) * _PAGE
        )
    tell("alerts.read", "alerts", "", lines=len(lines))
    return render_template(
        "alerts.html",
        query=query,
        lines=lines,
        total=total,
        pages=-(-total // _PAGE),
        levels=rule_form.LEVELS,
        rules={rule_id: titles.get(rule_id, rule_id) for rule_id in firing},
        rooms=rooms,
    )


@bp.get("/rules")
@needs(Right.STATISTICS_READ)
def rules() -> str:
    """Show all rules: those that are on, then those that are off."""
    words = request.args.get("q", "").strip()[:80]
    with context().engine.connect() as connection:
        found = _rules(connection)
    shown = [one for one in found if _is_meant(one, words)]
    shown.sort(key=lambda one: (one.rule.quantity, one.rule.id))
    return render_template(
        "rules.html",
        groups={
            state: [one for one in shown if one.is_enabled is state] for state in (True, False)
        },
        total=len(found),
        words=words,
        **_words(),
    )


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
    with context().engine.connect() as connection:
        procedures = vocabulary_of(library(connection)).procedures
    said = rule_form.entered(request.form, rule_id if stored else _id_of(request.form), procedures)
    if said.rule is None:
        return _form(rule_id, said.fields, stored, errors=said.errors), 422
    if request.form.get("do") == "try":
        return _form(rule_id, said.fields, stored, tried=_try(said.rule))
    if stored and request.form.get("of", type=int) not in {None, stored.rule.version}:
        said_meanwhile = (
            f"{stored.changed_by} saved version {stored.rule.version} while this form was open. "
            "Look at it under Versions; what you entered stands below, and saving again puts it "
            "in its place."
        )
        return _form(rule_id, said.fields, stored, errors=(said_meanwhile,)), 409
    is_enabled = request.form.get("is_enabled") == "yes"
    version = _save(said.rule, is_enabled=is_enabled)
    flash(
        f"Version {version} of “{said.rule.title}” is "
        f"{'in force; all exams are judged again' if is_enabled else 'saved, switched off'}.",
        f"undo:{url_for('.undo', rule_id=said.rule.id, version=version)}",
    )
    return redirect(url_for(".rules"))


@bp.post("/rules/<rule_id>/undo/<int:version>")
@needs(Right.DOSIMETRY_MANAGE)
def undo(rule_id: str, version: int) -> ResponseReturnValue:
    """Take back the latest version: one more version says again what was said before it."""
    stored = _find(rule_id)
    if stored.rule.version != version:
        flash("Not taken back: the rule was changed once more meanwhile.", "warn")
        return redirect(url_for(".rule", rule_id=rule_id))
    with context().engine.connect() as connection:
        former = alert_rules.version_before(connection, library(connection), rule_id)
    if former is None:  # it was new
        _save(stored.rule, is_enabled=False)
        flash(f"“{stored.rule.title}” is switched off.")
        return redirect(url_for(".rules"))
    number = _save(former.rule, is_enabled=former.is_enabled)
    flash(
        f"Taken back: version {number} of “{former.rule.title}” says what version "
        f"{former.rule.version} said, {'on' if former.is_enabled else 'off'}."
    )
    return redirect(url_for(".rules"))


def _save(rule: Rule, *, is_enabled: bool) -> int:
    now, actor = context().now(), me().login

    def work(connection: Connection) -> int:
        version = alert_rules.save_rule(
            connection, rule, is_enabled=is_enabled, actor=actor, now=now
        )
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
        today = context().now().astimezone().date()
        here = context()
        return preview(connection, rule, library(connection), here.country, today, here.place)


def _form(
    rule_id: str,
    fields: object,
    stored: StoredRule | None = None,
    *,
    errors: tuple[str, ...] = (),
    tried: Preview | None = None,
) -> str:
    with context().engine.connect() as connection:
        versions = alert_rules.rule_versions(connection, rule_id)
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
        "quantities": {name: meaning_of(name) for name in rule_form.QUANTITIES},
        "modalities": rule_form.MODALITIES,
        "bands": rule_form.BANDS,
    }


def _rules(connection: Connection) -> list[StoredRule]:
    return alert_rules.list_rules(connection, library(connection))


def _find(rule_id: str) -> StoredRule:
    with context().engine.connect() as connection:
        found = next((one for one in _rules(connection) if one.rule.id == rule_id), None)
    if found is None:
        abort(404)
    return found


def _is_meant(stored: StoredRule, words: str) -> bool:
    """Whether a rule holds every word of a search."""
    rule = stored.rule
    said = " ".join((rule.title, rule.id, rule.label, *rule.when.modalities, *rule.when.regions))
    return all(word in said.casefold() for word in words.casefold().split())


def _id_of(form: Arguments) -> str:
    """An id for a new rule: its title, and a tail that keeps it apart from others."""
    words = _ID.sub("-", form.get("title", "").lower()).strip("-")[:40]
    return f"{words or 'rule'}-{uuid4().hex[:6]}"
