"""Who may open which page: an endpoint that nobody marked is refused to everyone."""

from collections.abc import Callable
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from flask import Flask, abort, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from dosebook_central.access import users
from dosebook_central.access.rights import Right
from dosebook_central.access.users import Person
from dosebook_central.audit import log
from dosebook_central.web.arguments import has_nul
from dosebook_central.web.context import context

PUBLIC: Final = "public"
PERSONAL: Final = "personal"  # any signed-in person

View = TypeVar("View", bound=Callable[..., Any])


def needs(right: Right) -> Callable[[View], View]:
    """Open a page to those who have a right."""
    return _mark(right.value)


def public(view: View) -> View:
    """Open a page to everybody, signed in or not."""
    return _mark(PUBLIC)(view)


def personal(view: View) -> View:
    """Open a page to everyone who is signed in."""
    return _mark(PERSONAL)(view)


def requirement(app: Flask, endpoint: str) -> str | None:
    """What an endpoint asks for; None when nobody said, which refuses everyone."""
    if endpoint == "static":
        return PUBLIC
    return getattr(app.view_functions.get(endpoint), "dosebook_gate", None)


def me() -> Person:
    """The person of this request; only where the gate let one through."""
    person: Person | None = g.get("person")
    if person is None:
        abort(401)
    return person


def may(right: str) -> bool:
    """Whether the person of this request has a right; for templates."""
    person: Person | None = g.get("person")
    return person is not None and person.may(right)


def tell(action: str, kind: str = "", object_id: str = "", **detail: Any) -> None:
    """Write what this person does to the activity log, before it is shown."""
    log.record(context().engine, act(action, kind, object_id, **detail))


def act(action: str, kind: str = "", object_id: str = "", **detail: Any) -> log.Act:
    """An act of this person, to be written with the change that it tells of."""
    detail["from"] = request.remote_addr or ""
    return log.Act(me().login, action, kind, object_id, detail)


def sign_in(person: Person) -> None:
    """Start a session for a person, free of whatever the browser brought."""
    session.clear()
    session["user"] = person.id
    session["epoch"] = person.session_epoch
    session.permanent = True


def install(app: Flask) -> None:
    """Put the gate before every request of an application."""
    app.before_request(_check)


def _check() -> ResponseReturnValue | None:
    if request.endpoint is None:  # 404 or 405, which tells nothing
        return None
    if has_nul(request):
        abort(400)
    asked = requirement(current_app, request.endpoint)
    if request.endpoint != "static":
        g.person = _find_person()
    if asked == PUBLIC:
        return None
    person: Person | None = g.person
    if person is None:
        return _send_to_login()
    if asked is None or (asked != PERSONAL and not person.may(asked)):
        log.record(
            context().engine,
            act("page.refuse", "page", request.endpoint, right=asked or "nobody's"),
        )
        abort(403)
    if person.must_change_password and request.endpoint not in {
        "profile.password",
        "profile.change_password",
        "login.leave",
    }:
        return redirect(url_for("profile.password"))
    return None


def _find_person() -> Person | None:
    user_id = session.get("user")
    if not isinstance(user_id, int):
        return None
    with context().engine.connect() as connection:
        person = users.find_person(connection, user_id)
    if person is None or person.session_epoch != session.get("epoch"):
        session.clear()
        return None
    return person


def _send_to_login() -> ResponseReturnValue:
    if request.headers.get("HX-Request"):
        page = urlsplit(request.headers.get("HX-Current-URL", ""))
        back = f"{page.path}?{page.query}".rstrip("?")
        return "", 401, {"HX-Redirect": url_for("login.form", next=back or None)}
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("login.form", next=wanted if wanted != "/" else None))


def _mark(requirement_of_view: str) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.dosebook_gate = requirement_of_view  # type: ignore[attr-defined]  # a function takes any
        return view

    return mark
