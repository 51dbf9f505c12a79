"""Exams that may be one: decide that they are one or two, or take that back."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from dosebook_central.access.rights import Right
from dosebook_central.audit import log
from dosebook_central.same_exams import decide as decisions
from dosebook_central.store import same_exams
from dosebook_central.store.queries.same_exams import briefly, count_open, list_open
from dosebook_central.web.arguments import page_number
from dosebook_central.web.context import context
from dosebook_central.web.gate import act, me, needs, tell
from dosebook_central.web.same_exam_words import reason_text, shown, yielding_text

bp = Blueprint("same_exams", __name__, url_prefix="/same-exams")

_PAGE = 25
_STATES = ("open", "one", "two")
_GONE = (
    "Nothing was decided: the exams changed, somebody else decided meanwhile, or what ties them "
    "names two patients. Look again."
)


_DONE = {
    True: "One exam: the dose of the other counts no more.",
    False: "Two exams: not shown again unless what they say changes.",
}


@bp.get("")
@needs(Right.EXAM_JOIN)
def show() -> ResponseReturnValue:
    """Show the pairs that wait, or those that were decided."""
    state = request.args.get("state", "open")
    if state not in _STATES:
        abort(404)
    page = page_number(request.args)
    first = (page - 1) * _PAGE
    with context().engine.connect() as connection:
        is_open = state == "open"
        lines = list_open(connection, _PAGE + 1, first) if is_open else []
        decided = [] if is_open else same_exams.list_decided(connection, state, _PAGE + 1, first)
        named = [name for one in decided for name in (one.counted_exam_id, one.other_exam_id)]
        exams = briefly(connection, named) if named else {}
        count = count_open(connection)
    if page > 1 and not (lines or decided):  # what stood there was decided
        return _to(state, page=1)
    if lines or exams:
        tell("exam.list", "exam", "", exams=len(exams) or 2 * len(lines[:_PAGE]))
    return render_template(
        "same_exams.html",
        state=state,
        page=page,
        count=count,
        pairs=[shown(line) for line in lines[:_PAGE]],
        decided=decided[:_PAGE],
        has_more=len(lines or decided) > _PAGE,
        exams=exams,
        yielding_text=yielding_text,
        reason_text=reason_text,
    )


@bp.post("/<first_id>/<second_id>")
@needs(Right.EXAM_JOIN)
def decide(first_id: str, second_id: str) -> ResponseReturnValue:
    """Say that two exams are one, of which the chosen one counts, or that they are two."""
    reason = request.form.get("reason", "").strip()[:200]
    counted = request.form.get("counts", "")
    is_one = request.form.get("decision") == "one"
    if counted not in {first_id, second_id}:
        abort(400)
    if not reason:
        flash("Write in a few words how you know; others will ask.", "warn")
        return _to(anchor=f"pair-{first_id}-{second_id}")
    other = second_id if counted == first_id else first_id
    verb = decisions.one if is_one else decisions.two
    made = log.perform(
        context().engine,
        lambda connection: verb(connection, counted, other, reason, me().login, context().now()),
        lambda made: act(
            "exam.join" if is_one else "exam.keep-apart",
            "exam",
            counted,
            other=other,
            decision=made or 0,
        ),
    )
    if made is None:
        flash(_GONE, "warn")
    else:
        flash(_DONE[is_one], f"undo:{url_for('.undo', decision_id=made)}")
    return _to()


@bp.post("/decisions/<int:decision_id>/undo")
@needs(Right.EXAM_JOIN)
def undo(decision_id: int) -> ResponseReturnValue:
    """Take a decision back."""
    is_done = log.perform(
        context().engine,
        lambda connection: decisions.take_back(
            connection, decision_id, me().login, context().now()
        ),
        lambda is_done: act("exam.join-undo", "same-exam", str(decision_id), done=is_done),
    )
    flash(
        "Taken back: both exams are as they were." if is_done else _GONE, "" if is_done else "warn"
    )
    return redirect(url_for(".show"))


def _to(state: str = "open", *, page: int = 0, anchor: str = "") -> ResponseReturnValue:
    """Go to a page of the list; without a number to the one that the form stood on."""
    number = page or page_number(request.form)
    return redirect(
        url_for(
            ".show",
            state=state if state != "open" else None,
            page=number if number > 1 else None,
            _anchor=anchor or None,
        )
    )
