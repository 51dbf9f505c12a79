"""Keep what is drawn, have the box check it, and read pictures back with it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from dosebook_central.access.rights import Right
from dosebook_central.audit import log
from dosebook_central.screens.drawing import drafts
from dosebook_central.screens.drawing.reader import BoxReader, ReaderError
from dosebook_central.store.engine import writing
from dosebook_central.web.context import context
from dosebook_central.web.gate import act, me, needs, tell
from dosebook_central.web.screen_editor import ReadBack, checked, editor_page
from dosebook_central.web.views.screen_profiles import draft_or_404
from dosebook_protocol.screen_drawing.drawn import Draft, Drawn, drawn_of
from dosebook_protocol.screen_drawing.faults import mend_first, told
from dosebook_protocol.screen_drawing.form import changed
from dosebook_protocol.screen_drawing.toml import to_toml

bp = Blueprint("screen_drawing", __name__, url_prefix="/screens/profiles")

_SITTING: Final = timedelta(minutes=10)
_CONFLICT: Final = 409
_CHANGED: Final = (
    "Somebody else changed this draft meanwhile: load the page to see it. Saving again keeps yours."
)


@bp.post("/<draft_id>")
@needs(Right.SCREEN_REVIEW)
def save(draft_id: str) -> ResponseReturnValue:
    """Keep the form; with `do` add or remove a part of it first, for pages without a script."""
    draft = draft_or_404(draft_id)
    drawn = _drawn(draft)
    verb, _, path = request.form.get("do", "").partition(" ")
    changed(drawn.profile, verb, path)
    kept = _keep(draft, drawn)
    if _is_script():
        if kept is None:
            return {"problem": _CHANGED}, _CONFLICT
        return {"version": kept.version}
    if kept is None:
        return editor_page(replace(draft, drawn=drawn), error=_CHANGED), _CONFLICT
    if not verb:
        flash("Saved.")
    where = url_for("screen_profiles.edit", draft_id=draft_id, checked=1, _anchor=path or None)
    return redirect(where)


@bp.get("/<draft_id>/faults")
@needs(Right.SCREEN_REVIEW)
def faults(draft_id: str) -> ResponseReturnValue:
    """Say what is wrong with the profile as it is kept."""
    tree = draft_or_404(draft_id).drawn.profile
    found = checked(tree)
    return told(found.faults, tree, found.problem)


@bp.post("/<draft_id>/read")
@needs(Right.SCREEN_REVIEW)
def read(draft_id: str) -> ResponseReturnValue:
    """Keep the form, and read the pictures back with it."""
    draft = draft_or_404(draft_id)
    drawn = _drawn(draft)
    kept = _keep(draft, drawn)
    if kept is None:
        if _is_script():
            return render_template("parts/screen_read_back.html", read_back=None, error=_CHANGED)
        return editor_page(replace(draft, drawn=drawn), error=_CHANGED), _CONFLICT
    tell("screen-profile.read", "screen_draft", draft_id, pictures=len(kept.pictures))
    read_back = _read_back(kept)
    if _is_script():
        return render_template("parts/screen_read_back.html", draft=kept, read_back=read_back)
    return editor_page(kept, read_back=read_back)


def _read_back(draft: Draft) -> ReadBack:
    if not draft.pictures:
        return ReadBack(problem="There is no picture yet: add captures of the screen first.")
    found = checked(draft.drawn.profile)
    if found.problem:
        return ReadBack(problem=found.problem)
    if found.faults:
        return ReadBack(problem=mend_first(len(found.faults)))
    with context().engine.connect() as connection:
        pictures = drafts.get_pictures(connection, draft.id)
    try:
        return ReadBack(
            BoxReader(context().screen_reader).read(
                to_toml(draft.drawn.profile),
                pictures,
                grabbed=draft.drawn.grabbed,
                frames=draft.drawn.frames,
            )
        )
    except ReaderError as error:
        return ReadBack(problem=str(error))


def _drawn(draft: Draft) -> Drawn:
    """What the form says, the pixels of patches cut where their place is new."""

    def cut(box: Sequence[int]) -> str:
        if not draft.pictures:
            return ""
        with context().engine.connect() as connection:
            picture = drafts.get_picture(connection, draft.id, draft.pictures[0].number)
        try:
            return BoxReader(context().screen_reader).cut(picture or b"", box)
        except ReaderError:
            return ""  # the profile is then told to lack its pixels

    return drawn_of(request.form, draft.drawn, cut)


def _keep(draft: Draft, drawn: Drawn) -> Draft | None:
    """The draft as it is kept; None where somebody else was first.

    A sitting is one line of the activity log, not each of its changes.
    """
    # The version that the page of this person was made of.
    seen = replace(draft, version=request.form.get("version", draft.version, type=int))
    now = context().now()

    if drawn == draft.drawn and seen.version == draft.version:
        return draft

    def work(connection: Connection) -> Draft | None:
        return drafts.keep(connection, seen, drawn, me().login, now)

    if draft.changed_by == me().login and now - draft.changed_at < _SITTING and _is_script():
        with writing(context().engine) as connection:
            return work(connection)
    return log.perform(
        context().engine,
        work,
        lambda kept: act("screen-profile.save", "screen_draft", draft.id, done=kept is not None),
    )


def _is_script() -> bool:
    return request.headers.get("X-Requested-With") == "drawing"
