"""What could not be accepted: why, what to do, replay, dismiss, undo. Nothing is deleted here."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from dosebook_central.access.rights import Right
from dosebook_central.audit import log
from dosebook_central.store.queries import quarantine
from dosebook_central.web.advice import what_to_do
from dosebook_central.web.arguments import page_number
from dosebook_central.web.context import context
from dosebook_central.web.gate import act, needs, tell

bp = Blueprint("quarantine", __name__, url_prefix="/quarantine")

_PAGE = 50


@bp.get("")
@needs(Right.QUARANTINE_READ)
def show() -> ResponseReturnValue:
    """Show the items in one state."""
    state = request.args.get("state", "open")
    if state not in quarantine.STATES:
        abort(404)
    page = page_number(request.args)
    with context().engine.connect() as connection:
        items = quarantine.list_items(connection, state, _PAGE + 1, (page - 1) * _PAGE)
        counts = quarantine.counts(connection)
    if page > 1 and not items:  # what stood there was dealt with
        return redirect(url_for(".show", state=state))
    return render_template(
        "quarantine.html",
        items=[(item, what_to_do(item.code, item.reason)) for item in items[:_PAGE]],
        counts=counts,
        state=state,
        page=page,
        has_more=len(items) > _PAGE,
    )


@bp.post("/<item_id>/replay")
@needs(Right.QUARANTINE_RESOLVE)
def replay(item_id: str) -> ResponseReturnValue:
    """Feed an item to ingest once more."""
    _need(item_id)
    replayer = context().replayer
    if replayer is None:
        flash("This process cannot replay: run dosebook-registry run.", "warn")
        return _back()
    tell("quarantine.replay", "quarantine", item_id)
    is_accepted, sentence = replayer.replay(item_id)
    flash(sentence, "ok" if is_accepted else "warn")
    return _back()


@bp.post("/<item_id>/dismiss")
@needs(Right.QUARANTINE_RESOLVE)
def dismiss(item_id: str) -> ResponseReturnValue:
    """Set an open item aside, with a note that says why."""
    _need(item_id)
    note = request.form.get("note", "").strip()[:500]
    if not note:
        flash("Write in a few words why it is set aside; others will ask.", "warn")
        return _back()
    is_done = log.perform(
        context().engine,
        lambda connection: quarantine.dismiss(connection, item_id, note, context().now()),
        lambda is_done: act("quarantine.dismiss", "quarantine", item_id, done=is_done),
    )
    if is_done:
        flash("Set aside. It stays in the store.", f"undo:{url_for('.reopen', item_id=item_id)}")
    else:
        flash("Somebody else dealt with it meanwhile.", "warn")
    return _back()


@bp.post("/<item_id>/reopen")
@needs(Right.QUARANTINE_RESOLVE)
def reopen(item_id: str) -> ResponseReturnValue:
    """Take a dismissal back."""
    _need(item_id)
    log.perform(
        context().engine,
        lambda connection: quarantine.reopen(connection, item_id, context().now()),
        lambda is_done: act("quarantine.reopen", "quarantine", item_id, done=is_done),
    )
    flash("Open again.")
    return _back()


def _need(item_id: str) -> None:
    with context().engine.connect() as connection:
        if quarantine.get_item(connection, item_id) is None:
            abort(404)


def _back() -> ResponseReturnValue:
    state, page = request.form.get("state", "open"), page_number(request.form)
    known = state if state in quarantine.STATES else "open"
    return redirect(url_for(".show", state=known, page=page if page > 1 else None))
