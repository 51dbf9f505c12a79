"""What raw names of procedures mean: review them in one pass, accept, choose, set aside, undo."""

from dataclasses import replace
from decimal import Decimal
from typing import Final

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from dosebook_central.access.rights import Right
from dosebook_central.audit import log
from dosebook_central.domain.procedures.decisions import Act
from dosebook_central.domain.procedures.names import RawName
from dosebook_central.domain.procedures.resolve import candidates
from dosebook_central.domain.procedures.vocabulary import LANGUAGES, Vocabulary, vocabulary_of
from dosebook_central.procedures.decide import Outcome, Verdict, decide, undo_range
from dosebook_central.procedures.look import look
from dosebook_central.procedures.review import Moved
from dosebook_central.procedures.review import learn as learn_rules
from dosebook_central.store.queries import procedures as names
from dosebook_central.store.queries.packages import load_library
from dosebook_central.store.queries.procedures import Filter
from dosebook_central.web.arguments import whole_number
from dosebook_central.web.context import context
from dosebook_central.web.gate import act, me, needs
from dosebook_protocol.language import ngettext

bp = Blueprint("procedures", __name__, url_prefix="/procedures")

LEVELS: Final = tuple(map(Decimal, ("0.97", "0.95", "0.90", "0.85", "0.75")))
_OPEN: Final = (names.UNMAPPED, "suggested")
_PAGE: Final = 100
_MOST_AT_ONCE: Final = 5000


@bp.get("")
@needs(Right.PATIENT_READ)
def show() -> str:
    """Show the names of one state, those of the most exams first."""
    wanted = _wanted()
    with context().engine.connect() as connection:
        # Decided names leave the list: the next page begins after a name, not at a number.
        listed = names.list_names(connection, replace(wanted, after=_after()), _PAGE + 1)
        levels = [
            (level, *names.count_names(connection, replace(wanted, sure=level)))
            for level in LEVELS
            if wanted.state in _OPEN
        ]
        found = {
            "names": listed[:_PAGE],
            "has_more": len(listed) > _PAGE,
            "counts": names.counts(connection, wanted),
            "share": names.unmapped_share(connection),
            "levels": levels,
            "families": names.families(connection),
            "run": names.latest_run(connection),
            "vocabulary": _vocabulary(connection),
        }
    part = "parts/procedure_rows.html" if _is_part() else "procedures.html"
    return render_template(part, wanted=wanted, language=_language(), **found)


@bp.get("/search")
@needs(Right.PROCEDURE_MAP)
def search() -> str:
    """Find standard procedures by words of any language; without words, those a name may mean."""
    text = request.args.get("q", "").strip()
    with context().engine.connect() as connection:
        vocabulary = _vocabulary(connection)
        name = names.get_name(connection, request.args.get("name", ""))
    if text or name is None:
        found = vocabulary.search(text, name.family if name else "")
    else:
        found = candidates(RawName(name.family, name.raw), vocabulary)
    return render_template("parts/procedure_hits.html", found=found, language=_language())


@bp.get("/<name_id>")
@needs(Right.PATIENT_READ)
def show_name(name_id: str) -> str:
    """Show one name with every decision on it; choose a procedure without scripts."""
    with context().engine.connect() as connection:
        name = names.get_name(connection, name_id)
        if name is None:
            abort(404)
        return render_template(
            "procedure_name.html",
            name=name,
            history=names.history(connection, name_id),
            vocabulary=_vocabulary(connection),
            language=_language(),
        )


@bp.post("/<name_id>/confirm")
@needs(Right.PROCEDURE_MAP)
def confirm(name_id: str) -> ResponseReturnValue:
    """Confirm which procedure a name is."""
    return _decide(name_id, "confirm", request.form.get("procedure", ""))


@bp.post("/<name_id>/ignore")
@needs(Right.PROCEDURE_MAP)
def ignore(name_id: str) -> ResponseReturnValue:
    """Set a name aside: it names no procedure."""
    return _decide(name_id, "ignore")


@bp.post("/<name_id>/undo")
@needs(Right.PROCEDURE_MAP)
def undo(name_id: str) -> ResponseReturnValue:
    """Take back the last decision on a name."""
    return _decide(name_id, "undo")


@bp.post("/accept")
@needs(Right.PROCEDURE_MAP)
def accept() -> ResponseReturnValue:
    """Confirm every suggestion of at least a confidence, within the filters of the page."""
    level, wanted = request.form.get("level", ""), _wanted()
    if level not in {str(one) for one in LEVELS} or wanted.state not in _OPEN:
        abort(400)
    wanted = replace(wanted, sure=Decimal(level))

    def work(connection: Connection) -> Outcome:
        listed = names.list_names(connection, wanted, _MOST_AT_ONCE)
        verdicts = [Verdict(one.id, "confirm", one.suggestion_id) for one in listed]
        return decide(connection, load_library(connection), verdicts, me().login, context().now())

    done = log.perform(
        context().engine,
        work,
        lambda done: act(
            "procedure.accept",
            "procedure_decision",
            f"{done.first_decision}-{done.last_decision}",
            names=done.names,
            level=level,
        ),
    )
    span = f"{done.first_decision}-{done.last_decision}"
    flash(
        f"{_names(done.names)} confirmed, {_exams(done.exams)} to derive again.",
        f"undo:{url_for('.undo_batch', span=span)}" if done.names else "",
    )
    return _back()


@bp.post("/undo/<span>")
@needs(Right.PROCEDURE_MAP)
def undo_batch(span: str) -> ResponseReturnValue:
    """Take back one's own decisions of a range."""
    first, last = (whole_number(text) for text in span.partition("-")[::2])
    if first is None or last is None:
        abort(404)
    done = log.perform(
        context().engine,
        lambda connection: undo_range(
            connection,
            load_library(connection),
            (first, last),
            me().login,
            context().now(),
        ),
        lambda done: act("procedure.undo", "procedure_decision", span, names=done.names),
    )
    flash(f"{_names(done.names)} taken back.")
    return _back()


@bp.post("/learn")
@needs(Right.PROCEDURE_MAP)
def learn() -> ResponseReturnValue:
    """Look for new names, and learn rules from the confirmed ones."""

    def work(connection: Connection) -> tuple[int, Moved]:
        library = load_library(connection)
        new = look(connection, library)
        return new, learn_rules(connection, library, me().login, context().now())

    new, moved = log.perform(
        context().engine,
        work,
        lambda done: act("procedure.learn", "procedure_rules", new=done[0], names=done[1].names),
    )
    flash(
        f"{ngettext('%(num)d new name', '%(num)d new names', new)} found. By what was confirmed, "
        f"{_names(moved.names)} changed, {_exams(moved.exams)} to derive again."
    )
    return _back()


def _decide(name_id: str, verb: Act, procedure_id: str = "") -> ResponseReturnValue:
    with context().engine.connect() as connection:
        vocabulary = _vocabulary(connection)
        if names.get_name(connection, name_id) is None:
            abort(404)
    if verb == "confirm" and procedure_id not in vocabulary.procedures:
        abort(400)
    log.perform(
        context().engine,
        lambda connection: decide(
            connection,
            load_library(connection),
            [Verdict(name_id, verb, procedure_id)],
            me().login,
            context().now(),
        ),
        lambda done: act(
            f"procedure.{verb}", "procedure_name", name_id, procedure=procedure_id, exams=done.exams
        ),
    )
    if not _is_part():
        if verb == "undo":
            flash("Taken back.")
        else:
            flash("Kept.", f"undo:{url_for('.undo', name_id=name_id)}")
        return _back()
    with context().engine.connect() as connection:
        return render_template(
            "parts/procedure_decided.html",
            name=names.get_name(connection, name_id),
            share=names.unmapped_share(connection),
            counts=names.counts(connection, _wanted()),
            wanted=_wanted(),
            vocabulary=vocabulary,
            language=_language(),
            verb=verb,
        )


def _names(count: int) -> str:
    return ngettext("%(num)d name", "%(num)d names", count)


def _exams(count: int) -> str:
    return ngettext("%(num)d exam", "%(num)d exams", count)


def _wanted() -> Filter:
    given = request.form if request.method == "POST" else request.args
    state = given.get("state", names.UNMAPPED)
    if state not in names.STATES:
        abort(404)
    return Filter(state, given.get("family", ""), given.get("q", "").strip()[:100])


def _after() -> tuple[int, str] | None:
    count, _, name_id = request.args.get("after", "").partition("-")
    return (int(count), name_id) if count.isdecimal() and name_id else None


def _back() -> ResponseReturnValue:
    wanted = _wanted()
    return redirect(
        url_for(".show", state=wanted.state, family=wanted.family or None, q=wanted.text or None)
    )


def _is_part() -> bool:
    return bool(request.headers.get("HX-Request"))


def _vocabulary(connection: Connection) -> Vocabulary:
    return vocabulary_of(load_library(connection))


def _language() -> str:
    return request.accept_languages.best_match(LANGUAGES) or "en"
