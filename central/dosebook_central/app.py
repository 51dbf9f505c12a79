"""The registry's pages as one WSGI application."""

import logging
from typing import Any, Final

from flask import Flask, g, render_template, request
from flask_wtf.csrf import CSRFError, CSRFProtect
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from dosebook_central.store.engine import why_unavailable
from dosebook_central.web import (
    gate,
    headers,
    instrument_words,
    measures,
    modalities,
    names,
    numbers,
    regions,
)
from dosebook_central.web.arguments import WholeNumber
from dosebook_central.web.assets import Assets, AssetsMissingError
from dosebook_central.web.context import WebContext
from dosebook_central.web.session_cookie import Sessions
from dosebook_central.web.views import BLUEPRINTS
from dosebook_protocol import language, printed
from dosebook_protocol.logs import log

SESSION_COOKIE: Final = "dosebook"
THEME_COOKIE: Final = "dosebook-theme"

_ERRORS: Final = {
    400: ("This request cannot be read", "Go back, load the page again and try once more."),
    401: ("You are not signed in", "Sign in and open the page again."),
    403: (
        "You may not open this page",
        "Your account lacks the right. Ask an administrator of this registry for it.",
    ),
    404: (
        "There is no such page",
        (
            "The address may be incomplete, or what it names was reconciled into another exam. "
            "Search for the patient."
        ),
    ),
    405: ("This page cannot be used like that", "Go back and use the buttons of the page."),
    413: (
        "The upload is too large",
        "Import fewer files at a time, or use dosebook-registry import.",
    ),
}

_NO_DATABASE: Final = (
    "The database cannot be used at the moment",
    (
        "Nothing was changed. Doses wait at the boxes until it can be used again. The registry's "
        "log says whether its disk is full or its server does not answer."
    ),
)
_log = logging.getLogger(__name__)


def create_app(context: WebContext) -> Flask:
    """Make the application; everything it reaches is in `context`."""
    app = Flask(
        __name__,
        template_folder="web/templates",
        static_folder="web/static",
        static_url_path="/static",
    )
    app.config.update(
        SECRET_KEY=context.secret_key,
        SESSION_COOKIE_NAME=SESSION_COOKIE,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=context.secure_cookies,
        PERMANENT_SESSION_LIFETIME=context.idle_time,
        MAX_CONTENT_LENGTH=context.upload_limit_bytes,
        MAX_FORM_PARTS=50_000,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,  # Referrer-Policy no-referrer leaves it nothing to check
    )
    app.session_interface = Sessions()
    app.extensions["dosebook"] = context
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    CSRFProtect(app)
    gate.install(app)
    headers.install(app, secure=context.secure_cookies)
    app.url_map.converters["int"] = WholeNumber
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    _teach_templates(app, context)
    app.register_error_handler(HTTPException, _show_error)
    app.register_error_handler(OperationalError, _show_no_database)
    app.register_error_handler(AssetsMissingError, _show_missing_assets)
    return app


def _teach_templates(app: Flask, context: WebContext) -> None:
    assets = Assets()

    def asset(name: str) -> str:
        return app.url_for("static", filename=assets.path(name))

    for module, words in (
        (printed, "full_text unit_text"),
        (numbers, "number_text quantity_label quantity_html phantom_text plane_text"),
        (numbers, "side_text local_time_text moment_text zone_text age_text date_text size_text"),
        (numbers, "indexed days_text lined_up"),
        (regions, "region_text"),
        (names, "name_text other_name_text sex_text"),
        (modalities, "chips family family_label evidence_word"),
        (measures, "basis_text key_measures measures_html qualifier"),
        (instrument_words, "flag_text"),
    ):
        app.jinja_env.filters.update({word: getattr(module, word) for word in words.split()})
    app.jinja_env.globals.update(
        asset=asset, may=gate.may, MISSING=numbers.MISSING, ngettext=language.ngettext
    )

    @app.context_processor
    def _common() -> dict[str, Any]:
        theme = request.cookies.get(THEME_COOKIE, "")
        return {
            "person": g.get("person"),
            "theme": theme if theme in {"light", "dark"} else "",
            "version": context.version,
            "organisation": context.organisation,
            "now": context.now(),
        }

    app.jinja_env.filters["since_text"] = lambda moment: numbers.since_text(moment, context.now())


def _show_error(error: HTTPException) -> Any:
    code = error.code or 500
    title, advice = _ERRORS.get(
        code,
        (
            "Something went wrong here",
            "Nothing was changed. The registry's log says what happened.",
        ),
    )
    if isinstance(error, CSRFError):
        title, advice = (
            "This form is too old",
            "You were signed out or signed in again since it was opened. Load the page again.",
        )
    if isinstance(error, RequestEntityTooLarge):
        code = 413
    return _error_page(code, title, advice)


def _show_no_database(error: OperationalError) -> Any:
    reason = why_unavailable(error)
    log(_log, logging.WARNING, "store_unavailable", reason=reason, error=error)
    return _error_page(503, *_NO_DATABASE)


def _error_page(code: int, title: str, advice: str) -> Any:
    if request.headers.get("HX-Request"):
        return render_template("parts/error.html", title=title, advice=advice), code
    return render_template("error.html", code=code, title=title, advice=advice), code


def _show_missing_assets(error: AssetsMissingError) -> Any:
    # No template: the page that would say it needs the same files.
    return f"{error}\n", 503, {"Content-Type": "text/plain; charset=utf-8"}
