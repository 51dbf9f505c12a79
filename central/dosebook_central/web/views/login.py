"""Sign in and out."""

import threading
from typing import Final

from flask import Blueprint, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from dosebook_central.access.authentication import authenticate
from dosebook_central.access.users import end_sessions
from dosebook_central.audit import log
from dosebook_central.web.context import context
from dosebook_central.web.gate import act, me, personal, public, sign_in
from dosebook_central.web.views.service import is_local

bp = Blueprint("login", __name__)

# Checking a password is dear on purpose, 64 MB and most of a core: strangers who try without end
# must not take the pages from those who are signed in.
_AT_A_TIME: Final = threading.BoundedSemaphore(3)


@bp.get("/login")
@public
def form() -> ResponseReturnValue:
    """Show the form, or go on when somebody is signed in already."""
    if g.person is not None:
        return redirect(_target())
    return render_template("login.html", target=request.args.get("next", ""))


@bp.post("/login")
@public
def enter() -> ResponseReturnValue:
    """Sign a person in; every failure reads the same."""
    login = request.form.get("login", "")
    password = request.form.get("password", "")
    here = request.remote_addr or ""
    target = request.args.get("next", "")
    if not _AT_A_TIME.acquire(blocking=False):
        return render_template("login.html", busy=True, target=target), 503, {"Retry-After": "2"}
    try:
        person = authenticate(context().engine, login, password, context().now())
    finally:
        _AT_A_TIME.release()
    # What was typed as a login may be a password typed into the wrong field: never logged.
    actor, action = (person.login, "session.start") if person else ("-", "session.refuse")
    log.record(context().engine, log.Act(actor, action, "session", "", {"from": here}))
    if person is None:
        return render_template("login.html", failed=True, target=target), 401
    sign_in(person)
    return redirect(_target())


@bp.post("/logout")
@personal
def leave() -> ResponseReturnValue:
    """Sign out: this and every other session of the account ends."""
    person = me()
    log.perform(
        context().engine,
        lambda connection: end_sessions(connection, person.id),
        lambda _: act("session.end", "session"),
    )
    session.clear()
    return redirect(url_for("login.form"))


def _target() -> str:
    target = request.args.get("next", "")
    return target if target and is_local(target) else url_for("home.show")
