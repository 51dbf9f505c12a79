"""Readings that came without a patient: give each to its exam, or say that nobody was exposed."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from dosebook_central.access.rights import Right
from dosebook_central.audit import log
from dosebook_central.exams import matching
from dosebook_central.store.matching import Decided
from dosebook_central.store.queries import unassigned
from dosebook_central.store.queries.unassigned import LooseReading
from dosebook_central.web.arguments import page_number
from dosebook_central.web.context import context
from dosebook_central.web.gate import act, may, me, needs, tell
from dosebook_central.web.transcript import Transcript, is_transcript, transcript_of
from dosebook_central.web.unassigned import Chosen, Shown, chosen

bp = Blueprint("unassigned", __name__, url_prefix="/unassigned")

_PAGE = 50
_GONE = "Somebody else decided on it meanwhile, or the exam is not here any more."


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which readings are looked at."""

    state: str
    box: str
    page: int

    @property
    def kept(self) -> dict[str, Any]:
        """The same for an address; what is not said there is the default."""
        stated = {"state": self.state, "box": self.box, "page": self.page}
        return {name: one for name, one in stated.items() if one not in {"waiting", "", 1}}


@bp.get("")
@needs(Right.READING_ASSIGN)
def show() -> str:
    """Show the readings of one state by room; the first that waits is opened."""
    return _render("")


@bp.get("/<record_id>")
@needs(Right.READING_ASSIGN)
def show_one(record_id: str) -> str:
    """Show one reading with its candidates: beside the list, or as a fragment."""
    with context().engine.connect() as connection:
        one = chosen(connection, record_id)
    if one is None:
        abort(404)
    if not request.headers.get("HX-Request"):
        return _render(record_id)
    _tell(one)
    return render_template(
        "parts/unassigned_one.html", chosen=one, wire=_wire(one), wanted=_wanted()
    )


@bp.post("/<record_id>/assign")
@needs(Right.READING_ASSIGN)
def assign(record_id: str) -> ResponseReturnValue:
    """Give a reading to an exam."""
    exam_id = request.form.get("exam", "")
    is_done = log.perform(
        context().engine,
        lambda connection: matching.assign(
            connection, record_id, exam_id, me().login, context().now()
        ),
        lambda is_done: act("reading.assign", "record", record_id, exam=exam_id, done=is_done),
    )
    return _after(record_id, is_done, "Assigned: it counts with that exam now.")


@bp.post("/<record_id>/set-aside")
@needs(Right.READING_ASSIGN)
def set_aside(record_id: str) -> ResponseReturnValue:
    """Say that a reading exposed no patient, and why."""
    reason = request.form.get("reason", "").strip()[:200]
    if not reason:
        flash("Write in a few words what it was; others will ask.", "warn")
        return _to(record_id)
    is_done = log.perform(
        context().engine,
        lambda connection: matching.set_aside(
            connection, record_id, reason, me().login, context().now()
        ),
        lambda is_done: act("reading.set-aside", "record", record_id, done=is_done),
    )
    return _after(record_id, is_done, "Set aside: nobody was exposed. It stays in the store.")


@bp.post("/<record_id>/undo")
@needs(Right.READING_ASSIGN)
def undo(record_id: str) -> ResponseReturnValue:
    """Let a decided reading wait again."""
    is_done = log.perform(
        context().engine,
        lambda connection: matching.take_back(connection, record_id, me().login, context().now()),
        lambda is_done: act("reading.undo", "record", record_id, done=is_done),
    )
    flash("Taken back: it waits again." if is_done else _GONE, "" if is_done else "warn")
    return _to(record_id if is_done else "")


def _after(record_id: str, is_done: bool, sentence: str) -> ResponseReturnValue:  # noqa: FBT001 - of two callers
    """Go on with the reading that came after the decided one in the list."""
    if is_done:
        flash(sentence, f"undo:{url_for('.undo', record_id=record_id)}")
    else:
        flash(_GONE, "warn")
    follower = request.form.get("next", "")
    with context().engine.connect() as connection:
        if follower and unassigned.is_waiting(connection, follower):
            return _to(follower)
    return _to()


def _render(record_id: str) -> str:
    wanted = _wanted()
    first = (wanted.page - 1) * _PAGE
    with context().engine.connect() as connection:
        decided: list[tuple[LooseReading, Decided]] = []
        if wanted.state == "waiting":
            listed = unassigned.list_waiting(connection, wanted.box, _PAGE + 1, first)
        else:
            decided = unassigned.list_decided(
                connection, wanted.state, wanted.box, _PAGE + 1, first
            )
            listed = [loose for loose, _ in decided]
        # Without a choice the first that waits is open: its candidates are what one comes for.
        opened = record_id or (listed[0].record_id if listed and not decided else "")
        one = chosen(connection, opened) if opened else None
        found = {
            "rows": [Shown(loose) for loose in listed[:_PAGE]],
            "decisions": {loose.record_id: made for loose, made in decided},
            "given": unassigned.given_exams(connection, decided[:_PAGE]),
            "has_more": len(listed) > _PAGE,
            "waiting": unassigned.count_waiting(connection),
            "rooms": unassigned.rooms(connection),
        }
    if one is not None:
        _tell(one)
    if found["given"]:
        tell("exam.list", "exam", "", exams=len(decided[:_PAGE]))
    wire = _wire(one) if one is not None else None
    return render_template("unassigned.html", chosen=one, wire=wire, wanted=wanted, **found)


def _wire(one: Chosen) -> Transcript | None:
    """What went over the wire of an instrument, for those who may see sources."""
    loose, main = one.shown.loose, one.shown.words.main
    if not is_transcript(loose.media_type) or not may(Right.EVIDENCE_READ):
        return None
    try:
        content = context().evidence.get(loose.evidence_sha256)
    except (KeyError, OSError):
        return None
    return transcript_of(content, one.shown.reading, main.original if main else "")


def _tell(one: Chosen) -> None:
    tell("reading.read", "record", one.shown.loose.record_id, candidates=len(one.candidates))


def _wanted() -> Wanted:
    given = request.form if request.method == "POST" else request.args
    state = given.get("state", "waiting")
    if state not in unassigned.STATES:
        abort(404)
    return Wanted(state, given.get("box", ""), page_number(given))


def _to(record_id: str = "") -> ResponseReturnValue:
    """Go to a reading or to the list, in the state, box and page of before."""
    kept = _wanted().kept
    if record_id:
        return redirect(url_for(".show_one", record_id=record_id, **kept))
    return redirect(url_for(".show", **kept))
