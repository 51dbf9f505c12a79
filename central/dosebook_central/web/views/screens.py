"""Values read from screens: review them by keyboard, undo, call an accepted one wrong, export."""

from collections.abc import Sequence
from typing import Final

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from dosebook_central.access.rights import Right
from dosebook_central.audit import log
from dosebook_central.domain.screen_review import Act, Confirmed, State
from dosebook_central.domain.screen_text import confirm
from dosebook_central.screens.decide import Verdict, decide
from dosebook_central.screens.export import cases, written
from dosebook_central.screens.opening import Screens
from dosebook_central.store import box_decisions
from dosebook_central.store.queries import screens
from dosebook_central.store.queries.screens import Listed, Wanted
from dosebook_central.web.context import context
from dosebook_central.web.gate import act, me, needs, tell
from dosebook_central.web.screen_cards import OF_ANOTHER, Card, cards
from dosebook_protocol.screen_text import TypedError, is_as_read, number_in

bp = Blueprint("screens", __name__, url_prefix="/screens")

_PAGE: Final = 20
_DONE: Final = {
    "void": "Taken out of the dose; it waits for review.",
    "disown": "Nothing of this screen counts any more.",
}
_UNPROCESSABLE: Final = 422
_CONFLICT: Final = "Somebody else decided on this value meanwhile. This is how it stands now."


@bp.get("")
@needs(Right.SCREEN_REVIEW)
def show() -> str:
    """Show the values of one state, those that wait the longest first."""
    wanted = _wanted()
    record_id, _, path = request.args.get("after", "").partition(" ")
    with context().engine.connect() as connection:
        listed = screens.list_values(connection, wanted, _PAGE + 1, (record_id, path))
        shown = cards(connection, Screens(context().evidence), listed[:_PAGE])
        found = {
            "cards": shown,
            "has_more": len(listed) > _PAGE,
            "counts": screens.counts(connection, wanted),
            "choices": screens.choices(connection),
        }
        if not _is_part():
            found["tallies"] = screens.tallies(connection)
    if shown:
        tell("screen.list", "screen_value", "", values=len(shown), state=wanted.state.value)
    part = "parts/screen_cards.html" if _is_part() else "screens.html"
    return render_template(part, wanted=wanted, **found)


@bp.get("/<record_id>/frame")
@needs(Right.EVIDENCE_READ)
def frame(record_id: str) -> Response:
    """Hand out the whole screen as a picture."""
    with context().engine.connect() as connection:
        screen = screens.get_screen(connection, record_id)
    if screen is None:
        abort(404)
    opened = Screens(context().evidence).open(*screen)
    if isinstance(opened, str):
        abort(404, opened)
    tell("evidence.read", "record", record_id, picture="screen")
    return Response(opened.frame, mimetype="image/png")


@bp.get("/cases.zip")
@needs(Right.SCREEN_REVIEW)
def export() -> Response:
    """Hand out corrected crops with what they say, for the regression set of the reader."""
    with context().engine.connect() as connection:
        found = list(cases(connection, Screens(context().evidence).open))
    tell("screen.export", "screen_value", "", cases=len(found))
    return Response(
        written(found),
        mimetype="application/zip",
        headers={"Content-Disposition": 'attachment; filename="screen-cases.zip"'},
    )


@bp.post("/<record_id>/confirm")
@needs(Right.SCREEN_REVIEW)
def confirm_value(record_id: str) -> ResponseReturnValue:
    """Accept the value as read, or as a person corrected it."""
    card = _card(record_id)
    if card.value is None:
        return _answer(card, error=card.problem)
    text = request.form.get("text", "").strip()[:40]
    try:
        doubt = number_in(card.value, text).doubt
    except TypedError as error:
        return _answer(card, error=str(error), text=text)
    if doubt and request.form.get("sure") != text:
        return _answer(
            card, error=f"{doubt} Press Enter again if the crop says so.", text=text, sure=text
        )
    verb: Act = "accept" if is_as_read(card.value, text) else "correct"
    return _decide(card, verb, confirmed=confirm(card.value, text))


@bp.post("/<record_id>/reject")
@needs(Right.SCREEN_REVIEW)
def reject(record_id: str) -> ResponseReturnValue:
    """Say that a value counts nowhere, and why."""
    return _against(record_id, "reject")


@bp.post("/<record_id>/void")
@needs(Right.SCREEN_REVIEW)
def void(record_id: str) -> ResponseReturnValue:
    """Call a value wrong that counts: it leaves the dose and waits for review."""
    return _against(record_id, "void")


@bp.post("/<record_id>/undo")
@needs(Right.SCREEN_REVIEW)
def undo(record_id: str) -> ResponseReturnValue:
    """Take back the last decision on a value."""
    return _decide(_card(record_id), "undo")


@bp.post("/<record_id>/settle")
@needs(Right.SCREEN_REVIEW)
def settle(record_id: str) -> ResponseReturnValue:
    """Say that what stands here is right, whatever somebody at the box decided."""
    card = _card(record_id)
    one = card.listed
    log.perform(
        context().engine,
        lambda connection: box_decisions.settle(connection, one.record_id, one.path, me().login),
        lambda count: act("screen.settle", "record", one.record_id, value=one.path, done=count),
    )
    flash("What stands here is kept.")
    return redirect(url_for(".show", state=_wanted().state.value, disputed=1))


def _against(record_id: str, verb: Act) -> ResponseReturnValue:
    """Decide against a value; a screen of another exam goes as a whole."""
    note = request.form.get("note", "").strip()[:200]
    if not note:
        abort(400)
    return _decide(_card(record_id), "disown" if note == OF_ANOTHER else verb, note=note)


def _decide(
    card: Card, verb: Act, *, note: str = "", confirmed: Confirmed | None = None
) -> ResponseReturnValue:
    one = card.listed
    seen = request.form.get("seen", card.seen, type=int)
    verdict = Verdict(one.record_id, one.path, verb, note, confirmed, seen)
    state = log.perform(
        context().engine,
        lambda connection: _decided(connection, verdict),
        lambda state: act(
            f"screen.{verb}", "record", one.record_id, value=one.path, done=state is not None
        ),
    )
    if state is None:
        return _answer(_card(one.record_id), error=_CONFLICT)
    return _answer(_card(one.record_id), verb=verb, others=_others(one))


def _decided(connection: Connection, verdict: Verdict) -> State | None:
    """Decide; who decides anew has looked at what somebody in the room said otherwise."""
    state = decide(connection, verdict, me().login, context().now())
    if state is not None and verdict.act != "undo":
        box_decisions.settle(connection, verdict.record_id, verdict.path, me().login)
    return state


def _others(listed: Listed) -> list[Card]:
    """The other values of its screen: a decision on the whole of it changed them too."""
    with context().engine.connect() as connection:
        found = screens.values_of(connection, listed.record_id)
        return cards(
            connection,
            Screens(context().evidence),
            [one for one in found if one.path != listed.path],
        )


def _answer(
    card: Card,
    *,
    verb: str = "",
    error: str = "",
    text: str = "",
    sure: str = "",
    others: Sequence[Card] = (),
) -> ResponseReturnValue:
    """The card as it stands, for a page that stays; else back to where the form was."""
    if not _is_part():
        _flash(card, verb, error)
        return redirect(_back(card, verb))
    wanted = _wanted()
    with context().engine.connect() as connection:
        counted = screens.counts(connection, wanted)
    page = render_template(
        "parts/screen_decided.html",
        card=card,
        others=others,
        verb=verb,
        error=error,
        text=text,
        sure=sure,
        counts=counted,
        wanted=wanted,
    )
    return page, _UNPROCESSABLE if error else 200


def _flash(card: Card, verb: str, error: str) -> None:
    if error:
        flash(error, "warn")
    elif verb == "undo":
        flash("Taken back.")
    else:
        word = _DONE.get(verb, "Kept.")
        undo_url = url_for(".undo", record_id=card.listed.record_id, path=card.listed.path)
        flash(word, f"undo:{undo_url}")


def _back(card: Card, verb: str) -> str:
    if request.form.get("exam") and card.listed.exam_id:
        return url_for("exams.show", exam_id=card.listed.exam_id)
    wanted = _wanted()
    state = State.WAITING if verb in {"void", "undo"} else wanted.state
    return url_for(
        ".show",
        state=state.value,
        profile=wanted.profile or None,
        box=wanted.box_id or None,
        disputed=1 if wanted.disputed else None,
    )


def _card(record_id: str) -> Card:
    path = request.form.get("path") or request.args.get("path", "")
    with context().engine.connect() as connection:
        listed = screens.get_value(connection, record_id, path)
        if listed is None:
            abort(404)
        return cards(connection, Screens(context().evidence), [listed])[0]


def _wanted() -> Wanted:
    given = request.form if request.method == "POST" else request.args
    state = given.get("state", State.WAITING.value)
    if state not in {one.value for one in State}:
        abort(404)
    disputed = bool(given.get("disputed"))
    return Wanted(State(state), given.get("profile", ""), given.get("box", ""), disputed)


def _is_part() -> bool:
    return bool(request.headers.get("HX-Request"))
