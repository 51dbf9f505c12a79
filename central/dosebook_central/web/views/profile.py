"""One's own account: password, rights, language of the page."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from dosebook_central.access import users
from dosebook_central.access.passwords import MIN_LENGTH, PasswordRefusedError
from dosebook_central.access.rights import RIGHT_WORDS
from dosebook_central.access.users import Person
from dosebook_central.audit import log
from dosebook_central.web.context import context
from dosebook_central.web.gate import act, me, personal, sign_in

bp = Blueprint("profile", __name__)


@bp.get("/profile")
@personal
def password() -> str:
    """Show who is signed in, their rights and the form for a new password."""
    return _page()


@bp.post("/profile/password")
@personal
def change_password() -> ResponseReturnValue:
    """Change one's own password; other sessions of the account end, this one goes on."""
    current, new = request.form.get("current", ""), request.form.get("new", "")
    if new != request.form.get("again", ""):
        return _page(error="The two new passwords are not the same."), 422
    person = me()

    def change(connection: Connection) -> Person | None:
        users.set_password(connection, person, current, new)
        return users.find_person(connection, person.id)

    try:
        changed = log.perform(
            context().engine, change, lambda _: act("user.change-password", "user", person.login)
        )
    except PasswordRefusedError as error:
        return _page(error=str(error)), 422
    if changed is not None:
        sign_in(changed)
    flash("Your password is changed.")
    return redirect(url_for("home.show"))


def _page(error: str = "") -> str:
    return render_template(
        "profile.html", error=error, min_length=MIN_LENGTH, right_words=RIGHT_WORDS
    )
