"""Coefficient sets: what doses are derived with; a physicist switches them, with a reason."""

from collections.abc import Callable
from typing import Final

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from dosebook_central.access.rights import Right
from dosebook_central.audit import log
from dosebook_central.coefficients import shown, switch
from dosebook_central.dosimetry.package_diff import compare
from dosebook_central.dosimetry.package_reading import PackageError
from dosebook_central.store.queries import packages
from dosebook_central.store.queries.audit import AuditFilter, list_lines
from dosebook_central.store.queries.packages import Adopted, Switch
from dosebook_central.web import set_words
from dosebook_central.web.arguments import page_number
from dosebook_central.web.context import context
from dosebook_central.web.gate import act, me, needs

bp = Blueprint("sets", __name__, url_prefix="/sets")

_PAGE: Final = 100


@bp.get("")
@needs(Right.EVIDENCE_READ)
def show() -> str:
    """Show all sets by kind, those that count first."""
    state, words = request.args.get("state", "all"), request.args.get("q", "").strip()[:200]
    if state not in set_words.STATES:
        abort(404)
    with context().engine.connect() as connection:
        found = [one for one in packages.list_adopted(connection) if one.is_latest]
    return render_template(
        "sets.html",
        kinds=set_words.by_kind(one for one in found if set_words.fits(one, state, words)),
        counts={name: sum(set_words.fits(one, name) for one in found) for name in set_words.STATES},
        states=set_words.STATES,
        total=len(found),
        state=state,
        words=words,
    )


@bp.get("/<set_id>")
@needs(Right.EVIDENCE_READ)
def show_one(set_id: str) -> str:
    """Show one version of a set with its rows and who switched it."""
    versions, found = _find(set_id, request.args.get("version"))
    words = request.args.get("q", "").strip()[:200]
    page = page_number(request.args)
    rows = set_words.rows(found, words)
    columns, common = set_words.columns(found)
    with context().engine.connect() as connection:
        history = list_lines(connection, AuditFilter(object_id=set_id), limit=30)
    return render_template(
        "set.html",
        card=set_words.card(found),
        versions=[set_words.card(one) for one in versions],
        columns=columns,
        common=common,
        rows=rows[(page - 1) * _PAGE : page * _PAGE],
        row_count=len(rows),
        pages=max(1, -(-len(rows) // _PAGE)),
        page=page,
        words=words,
        history=[line for line in history if line.object_kind == "coefficient_set"],
        confirmation=set_words.CONFIRMATION,
    )


@bp.get("/<set_id>/changes")
@needs(Right.EVIDENCE_READ)
def changes(set_id: str) -> str:
    """Show which rows differ between two versions of a set."""
    _, before = _find(set_id, request.args.get("before"))
    _, after = _find(set_id, request.args.get("after"))
    kind = after.package.manifest.kind
    return render_template(
        "set_changes.html",
        before=set_words.card(before),
        after=set_words.card(after),
        changes=compare(kind, before.package.rows, after.package.rows),
    )


@bp.post("/<set_id>/switch")
@needs(Right.DOSIMETRY_MANAGE)
def turn(set_id: str) -> ResponseReturnValue:
    """Switch a set on or off."""
    is_enabled = request.form.get("to") == "on"
    return _switch(
        set_id,
        "set.enable" if is_enabled else "set.disable",
        lambda connection, by: switch.set_enabled(connection, set_id, by, is_enabled=is_enabled),
        f"The set is {'on' if is_enabled else 'off'}. Exams that it concerns are derived anew.",
    )


@bp.post("/<set_id>/unverified")
@needs(Right.DOSIMETRY_MANAGE)
def accept(set_id: str) -> ResponseReturnValue:
    """Accept the unverified rows of a set, confirmed in words, or leave them out again."""
    is_accepted = request.form.get("to") == "accept"
    if is_accepted and not set_words.is_confirmed(request.form.get("confirmation", "")):
        flash(f"Nothing was changed: write “{set_words.CONFIRMATION}” to accept the rows.", "warn")
        return redirect(url_for(".show_one", set_id=set_id))
    return _switch(
        set_id,
        "set.accept-unverified" if is_accepted else "set.refuse-unverified",
        lambda connection, by: switch.set_unverified(
            connection, set_id, by, is_accepted=is_accepted
        ),
        f"The unverified rows {'count where the set is on' if is_accepted else 'are left out'}.",
    )


def _switch(
    set_id: str, action: str, work: Callable[[Connection, Switch], Adopted], sentence: str
) -> ResponseReturnValue:
    _find(set_id, None)
    try:
        by = switch.switch_by(me().login, context().now(), request.form.get("why", ""))
        log.perform(
            context().engine,
            lambda connection: work(connection, by),
            lambda was: act(action, "coefficient_set", set_id, **shown.detail(was, by.why)),
        )
    except PackageError as error:
        flash(f"Nothing was changed: {error}.", "warn")
    else:
        flash(sentence, "ok")
    return redirect(url_for(".show_one", set_id=set_id))


def _find(set_id: str, version: str | None) -> tuple[list[Adopted], Adopted]:
    with context().engine.connect() as connection:
        versions = packages.versions_of(connection, set_id)
    found = [one for one in versions if version in (None, one.package.manifest.version)]
    if not found:
        abort(404)
    return versions, found[0]
