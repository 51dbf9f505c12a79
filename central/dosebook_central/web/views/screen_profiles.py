"""Profiles of screens that are drawn: begin a draft, its pictures, and the file of it."""

import re
import tomllib
from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection
from werkzeug.datastructures import FileStorage

from dosebook_central.access.rights import Right
from dosebook_central.audit import log
from dosebook_central.screens.drawing import drafts
from dosebook_central.screens.drawing.reader import BoxReader, ReaderError
from dosebook_central.screens.opening import Screens
from dosebook_central.store.queries.screens import get_screen
from dosebook_central.web.context import context
from dosebook_central.web.gate import act, may, me, needs, tell
from dosebook_central.web.screen_editor import checked, editor_page
from dosebook_protocol.screen_drawing.drawn import MOST_PICTURES, Draft, new_profile, sized
from dosebook_protocol.screen_drawing.form import Tree, unknown_keys
from dosebook_protocol.screen_drawing.toml import to_toml
from dosebook_protocol.screen_drawing.upload import MOST_BYTES, Upload, UploadError, taken_in

bp = Blueprint("screen_profiles", __name__, url_prefix="/screens/profiles")

_MOST_TOML: Final = 256 * 1024
_NOT_IN_A_NAME: Final = re.compile(r"[^a-z0-9-]")
_UNPROCESSABLE: Final = 422


class _RefusedError(Exception):
    """What a person gave cannot be used; the text says why, and what to do."""


@bp.get("")
@needs(Right.SCREEN_REVIEW)
def show() -> ResponseReturnValue:
    """Show the drafts, and how to begin one."""
    return _front()


@bp.post("")
@needs(Right.SCREEN_REVIEW)
def begin() -> ResponseReturnValue:
    """Begin a draft: from nothing, from a file, or from a profile that comes with the box."""
    try:
        tree, pictures = _first_tree(), _pictures()
    except (_RefusedError, ReaderError) as error:
        return _front(str(error)), _UNPROCESSABLE
    if pictures:
        tree = sized(tree, pictures[0].width, pictures[0].height)

    def work(connection: Connection) -> str | None:
        draft_id = drafts.add_draft(connection, tree, me().login, context().now())
        for picture in pictures if draft_id else ():
            drafts.add_picture(connection, draft_id or "", picture)
        return draft_id

    draft_id = log.perform(
        context().engine,
        work,
        lambda made: act(
            "screen-profile.begin", "screen_draft", made or "", pictures=len(pictures)
        ),
    )
    if draft_id is None:
        said = f"There are {drafts.MOST_DRAFTS} drafts already: delete one that is done."
        return _front(said), _UNPROCESSABLE
    return redirect(url_for(".edit", draft_id=draft_id))


@bp.get("/<draft_id>")
@needs(Right.SCREEN_REVIEW)
def edit(draft_id: str) -> str:
    """Show a draft: the picture with what is drawn on it, and the form of all of it.

    What is wrong with it takes the box seconds to say: the page's script asks for it later, and
    `checked` asks for it at once.
    """
    draft = draft_or_404(draft_id)
    if draft.pictures:
        tell("screen-profile.open", "screen_draft", draft_id, pictures=len(draft.pictures))
    is_asked = "checked" in request.args
    return editor_page(draft, checked(draft.drawn.profile) if is_asked else None)


@bp.post("/<draft_id>/pictures")
@needs(Right.SCREEN_REVIEW)
def add_pictures(draft_id: str) -> ResponseReturnValue:
    """Add pictures: files, or a screen that a box sent."""
    draft = draft_or_404(draft_id)
    try:
        pictures = _pictures()
        if not pictures:
            raise _RefusedError("Choose at least one PNG.")
    except (_RefusedError, ReaderError) as error:
        return editor_page(draft, picture_error=str(error)), _UNPROCESSABLE

    def work(connection: Connection) -> int:
        added = [drafts.add_picture(connection, draft_id, one) for one in pictures]
        tree = draft.drawn.profile
        if not tree.get("screen"):
            tree = sized(tree, pictures[0].width, pictures[0].height)
            drawn = replace(draft.drawn, profile=tree)
            drafts.keep(connection, draft, drawn, me().login, context().now())
        return sum(one is not None for one in added)

    added = log.perform(
        context().engine,
        work,
        lambda added: act("screen-profile.add-picture", "screen_draft", draft_id, pictures=added),
    )
    if added < len(pictures):
        flash(f"{MOST_PICTURES} pictures at most: {added} were added.", "warn")
    return redirect(url_for(".edit", draft_id=draft_id))


@bp.get("/<draft_id>/pictures/<int:number>.png")
@needs(Right.SCREEN_REVIEW)
def picture(draft_id: str, number: int) -> Response:
    """Hand out a picture; opening its draft was written to the activity log."""
    with context().engine.connect() as connection:
        png = drafts.get_picture(connection, draft_id, number)
    if png is None:
        abort(404)
    return Response(png, mimetype="image/png")


@bp.post("/<draft_id>/pictures/<int:number>/delete")
@needs(Right.SCREEN_REVIEW)
def delete_picture(draft_id: str, number: int) -> ResponseReturnValue:
    """Delete a picture."""
    log.perform(
        context().engine,
        lambda connection: drafts.remove_picture(connection, draft_id, number),
        lambda gone: act("screen-profile.delete-picture", "screen_draft", draft_id, done=gone),
    )
    return redirect(url_for(".edit", draft_id=draft_id))


@bp.get("/<draft_id>/profile.toml")
@needs(Right.SCREEN_REVIEW)
def download(draft_id: str) -> Response:
    """Hand out the file, named by the id of the profile."""
    tree = draft_or_404(draft_id).drawn.profile
    tell("screen-profile.download", "screen_draft", draft_id)
    name = _NOT_IN_A_NAME.sub("", str(tree.get("id", "")))
    return Response(
        to_toml(tree),
        mimetype="application/toml",
        headers={"Content-Disposition": f'attachment; filename="{name or "profile"}.toml"'},
    )


@bp.post("/<draft_id>/delete")
@needs(Right.SCREEN_REVIEW)
def delete(draft_id: str) -> ResponseReturnValue:
    """Delete a draft with its pictures."""
    gone = log.perform(
        context().engine,
        lambda connection: drafts.delete_draft(connection, draft_id),
        lambda gone: act("screen-profile.delete", "screen_draft", draft_id, done=gone),
    )
    flash("The draft and its pictures are deleted." if gone else "It was deleted before.")
    return redirect(url_for(".show"))


def draft_or_404(draft_id: str) -> Draft:
    """The draft of an address."""
    with context().engine.connect() as connection:
        draft = drafts.get_draft(connection, draft_id)
    if draft is None:
        abort(404)
    return draft


def _front(error: str = "") -> str:
    with context().engine.connect() as connection:
        found = drafts.list_drafts(connection)
        screens, captures = [], []
        if may(Right.EVIDENCE_READ):
            screens = drafts.recent_screens(connection)
            captures = drafts.unread_captures(connection) if "captures" in request.args else []
    known, problem = [], ""
    try:
        known = BoxReader(context().screen_reader).known()
    except ReaderError as told:
        problem = str(told)
    return render_template(
        "screen_profiles.html",
        drafts=found,
        screens=screens,
        captures=captures,
        are_captures_asked="captures" in request.args,
        known=known,
        problem=problem,
        error=error,
        most_pictures=MOST_PICTURES,
    )


def _first_tree() -> Tree:
    file = request.files.get("profile")
    if file is not None and file.filename:
        return _tree_of_file(_read(file, _MOST_TOML))
    shipped = request.form.get("shipped", "")
    return BoxReader(context().screen_reader).profile(shipped) if shipped else new_profile()


def _tree_of_file(data: bytes) -> Tree:
    if len(data) > _MOST_TOML:
        raise _RefusedError("The profile is larger than 256 KB: it is no screen profile.")
    try:
        tree: dict[str, Any] = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _RefusedError(f"The profile is not TOML: {error}. Correct that line.") from None
    if unknown := unknown_keys(tree):
        raise _RefusedError(
            f"The profile has keys that this page does not know: {', '.join(unknown[:5])}. "
            "dosebook-box screen check tells what is meant."
        )
    return tree


def _pictures() -> list[Upload]:
    """The pictures of this request: uploaded, and of a record that a box sent."""
    found = []
    files = [one for one in request.files.getlist("pictures") if one.filename]
    if len(files) > MOST_PICTURES:
        raise _RefusedError(f"{MOST_PICTURES} pictures at most: choose fewer.")
    for number, file in enumerate(files, 1):
        # The name is not told: names of captures hold patients' names.
        found.append(_taken_in(_read(file, MOST_BYTES), f"Picture {number}"))
    if record_id := request.form.get("record", ""):
        found.append(_taken_in(_frame_of(record_id), "The screen of the box"))
    return found


def _read(file: FileStorage, most: int) -> bytes:
    """An uploaded file, and one byte more than it may have: that it is too large is seen."""
    with file.stream as stream:
        return stream.read(most + 1)


def _taken_in(data: bytes, what: str) -> Upload:
    try:
        return taken_in(data)
    except UploadError as error:
        raise _RefusedError(f"{what} is not taken in: {error}.") from None


def _frame_of(record_id: str) -> bytes:
    if not may(Right.EVIDENCE_READ):
        abort(403)
    with context().engine.connect() as connection:
        screen = get_screen(connection, record_id)
        capture = drafts.get_unread_capture(connection, record_id)
    if screen is None and capture is None:
        raise _RefusedError("That screen is not there any more: load the page again.")
    tell("evidence.read", "record", record_id, picture="screen")
    if screen is not None:
        opened = Screens(context().evidence).open(*screen)
        if isinstance(opened, str):
            raise _RefusedError(opened)
        return opened.frame
    try:
        data = context().evidence.get(capture or "")
    except (KeyError, OSError):
        raise _RefusedError("It is not in the evidence store: restore it from a backup.") from None
    return BoxReader(context().screen_reader).picture(data)
