"""The people who sign in: add, change rights, unlock, deactivate. Nobody is deleted."""

from collections.abc import Callable

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from dosebook_central.access import users
from dosebook_central.access.authentication import is_locked
from dosebook_central.access.passwords import PasswordRefusedError, one_time_password
from dosebook_central.access.rights import RIGHT_WORDS, ROLES, Right
from dosebook_central.access.users import UserError
from dosebook_central.audit import log
from dosebook_central.web.context import context
from dosebook_central.web.gate import act, needs

bp = Blueprint("people", __name__, url_prefix="/people")


@bp.get("")
@needs(Right.USER_MANAGE)
def show() -> str:
    """Show all accounts."""
    return _page()


@bp.post("")
@needs(Right.USER_MANAGE)
def add() -> ResponseReturnValue:
    """Add a person; the one-time password is shown once, here."""
    form = {key: request.form.get(key, "").strip() for key in ("login", "name", "role")}
    password = one_time_password()
    try:
        log.perform(
            context().engine,
            lambda connection: users.insert_user(
                connection, form["login"], form["name"], form["role"], password
            ),
            lambda number: act("user.add", "user", str(number), role=form["role"]),
        )
    except (UserError, PasswordRefusedError) as error:
        return _page(error=str(error), form=form), 422
    return _page(handed_out=(form["login"], password))


@bp.get("/<int:user_id>")
@needs(Right.USER_MANAGE)
def edit(user_id: int) -> str:
    """Show one account with its rights."""
    account = _account(user_id)
    return render_template(
        "person.html",
        account=account,
        standing=_standing(account),
        roles=ROLES,
        right_words=RIGHT_WORDS,
    )


@bp.post("/<int:user_id>/rights")
@needs(Right.USER_MANAGE)
def change_rights(user_id: int) -> ResponseReturnValue:
    """Set role and rights; a new role brings its own rights."""
    account = _account(user_id)
    role = request.form.get("role", "")
    if role not in ROLES:
        abort(400)
    if request.form.get("standing", _standing(account)) != _standing(account):
        flash("Not saved: role or rights were changed while this form was open.", "warn")
        return redirect(url_for(".edit", user_id=user_id))
    ticked = {Right(name) for name in request.form.getlist("right") if name in set(Right)}
    rights = ticked if role == account.person.role else ROLES[role].rights
    return _do(
        user_id,
        "user.change-rights",
        lambda connection: users.set_role(connection, user_id, role, rights),
        f"{account.person.name}: {ROLES[role].label}, rights saved.",
        role=role,
        rights=sorted(rights),
    )


@bp.post("/<int:user_id>/unlock")
@needs(Right.USER_MANAGE)
def unlock(user_id: int) -> ResponseReturnValue:
    """Let a locked person try again."""
    name = _account(user_id).person.name
    return _do(user_id, "user.unlock", lambda c: users.unlock(c, user_id), f"{name} may try again.")


@bp.post("/<int:user_id>/active")
@needs(Right.USER_MANAGE)
def change_active(user_id: int) -> ResponseReturnValue:
    """Deactivate or reactivate an account."""
    is_active = request.values.get("active") == "yes"
    name = _account(user_id).person.name
    return _do(
        user_id,
        "user.reactivate" if is_active else "user.deactivate",
        lambda c: users.set_active(c, user_id, is_active=is_active),
        f"{name} may sign in again." if is_active else f"{name} is signed out and may not sign in.",
        undo="" if is_active else url_for(".change_active", user_id=user_id, active="yes"),
    )


@bp.post("/<int:user_id>/password")
@needs(Right.USER_MANAGE)
def reset(user_id: int) -> ResponseReturnValue:
    """Hand out a new one-time password."""
    login = _account(user_id).person.login
    password = one_time_password()
    log.perform(
        context().engine,
        lambda connection: users.reset_password(connection, user_id, password),
        lambda _: act("user.reset-password", "user", str(user_id)),
    )
    return _page(handed_out=(login, password))


def _do(
    user_id: int,
    action: str,
    work: Callable[[Connection], None],
    done: str,
    *,
    undo: str = "",
    **detail: object,
) -> ResponseReturnValue:
    try:
        log.perform(context().engine, work, lambda _: act(action, "user", str(user_id), **detail))
    except UserError as error:
        flash(str(error), "warn")
    else:
        flash(done, f"undo:{undo}" if undo else "message")
    return redirect(url_for(".show"))


def _standing(account: users.Account) -> str:
    """What a form of rights was opened on: the role and each right."""
    return " ".join([account.person.role, *sorted(account.person.rights)])


def _account(user_id: int) -> users.Account:
    with context().engine.connect() as connection:
        account = users.get_account(connection, user_id)
    if account is None:
        abort(404)
    return account


def _page(
    error: str = "",
    form: dict[str, str] | None = None,
    handed_out: tuple[str, str] | None = None,
) -> str:
    with context().engine.connect() as connection:
        accounts = users.list_accounts(connection)
    now = context().now()
    locked = {one.person.id for one in accounts if is_locked(one.locked_until, now)}
    return render_template(
        "people.html",
        accounts=accounts,
        locked=locked,
        roles=ROLES,
        error=error,
        form=form or {},
        handed_out=handed_out,
    )
