"""What machines ask, and the switch between light and dark."""

import re
from typing import Final

from flask import Blueprint, g, jsonify, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf
from sqlalchemy import text

from dosebook_central.web.context import context
from dosebook_central.web.gate import public

_LOCAL: Final = re.compile(r"/(?!/)[^\\\x00-\x20\x7f]*")

bp = Blueprint("service", __name__)


@bp.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """Say whether the registry serves and takes doses in: 200, else 503 with the reason."""
    try:
        with context().engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except Exception:  # noqa: BLE001  # whatever fails here means: not healthy
        status, reason = "failing", "the database does not answer"
    else:
        reason = context().intake_trouble()
        status = "degraded" if reason else "ok"
    answer = {"status": status, "reason": reason, "version": context().version}
    return jsonify(answer), 200 if status == "ok" else 503


@bp.get("/session")
@public
def session_state() -> ResponseReturnValue:
    """Say who is signed in, and which token forms need now: an open page asks before it sends."""
    person = g.person
    return jsonify({"login": person.login if person else "", "token": generate_csrf()})


@bp.post("/theme")
@public
def theme() -> ResponseReturnValue:
    """Remember light or dark in a cookie of this browser."""
    wanted = request.form.get("theme", "")
    response = make_response(redirect(_back()))
    if wanted in {"light", "dark"}:
        response.set_cookie(
            "dosebook-theme",
            wanted,
            max_age=365 * 86400,
            samesite="Lax",
            secure=context().secure_cookies,
        )
    else:
        response.delete_cookie("dosebook-theme")
    return response


@bp.get("/browser")
@public
def browser() -> str:
    """Say in plain HTML that this browser is too old (R93)."""
    return render_template("browser.html")


def _back() -> str:
    target = request.form.get("back", "/")
    return target if is_local(target) else "/"


def is_local(target: str) -> bool:
    """Whether an address stays on this registry.

    Browsers leave tabs and newlines out and read a backslash as a slash: "/<tab>/elsewhere" is
    "//elsewhere" to them.
    """
    return _LOCAL.fullmatch(target) is not None
