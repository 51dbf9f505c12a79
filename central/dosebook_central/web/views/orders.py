"""Correct which order of an exam an irradiation event answers; every decision stays on record."""

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from dosebook_central.access.rights import Right
from dosebook_central.audit import log
from dosebook_central.domain.orders import SHARED
from dosebook_central.store.orders import decide
from dosebook_central.store.queries.derived import get_derived
from dosebook_central.store.queries.exams import get_exam
from dosebook_central.web.context import context
from dosebook_central.web.gate import act, me, needs
from dosebook_central.web.orders import OrdersPanel, orders_panel
from dosebook_protocol.language import ngettext

bp = Blueprint("orders", __name__, url_prefix="/exams")


@bp.post("/<exam_id>/orders")
@needs(Right.ORDER_ASSIGN)
def correct(exam_id: str) -> ResponseReturnValue:
    """Assign events as the form says, or take the last decision on one of them back."""
    wanted = _wanted(_panel(exam_id))
    if wanted:
        log.perform(
            context().engine,
            lambda connection: decide(connection, exam_id, wanted, me().login, context().now()),
            lambda count: act(
                "order.undo" if None in wanted.values() else "order.assign",
                "exam",
                exam_id,
                events=count,
            ),
        )
    flash(
        ngettext(
            "%(num)d irradiation event changed; the exam's dose stays.",
            "%(num)d irradiation events changed; the exam's dose stays.",
            len(wanted),
        )
    )
    return redirect(url_for("exams.show", exam_id=exam_id, _anchor="orders"))


def _panel(exam_id: str) -> OrdersPanel:
    with context().engine.connect() as connection:
        page = get_exam(connection, exam_id)
        if page is None:
            abort(404)
        derived = get_derived(connection, exam_id)
        panel = orders_panel(connection, page, derived.derived if derived else None)
    if panel is None:
        abort(404)
    return panel


def _wanted(panel: OrdersPanel) -> dict[str, str | None]:
    """Read the form: by event UID the new order where it differs, or None for the undo of one."""
    undone = request.form.get("undo")
    if undone is not None:
        found = [one for one in panel.events if str(one.event.ordinal) == undone and one.decided]
        return {one.event.uid: None for one in found} or abort(400)
    numbers = {order.number for order in panel.orders} | {SHARED}
    wanted: dict[str, str | None] = {}
    for one in panel.events:
        number = request.form.get(f"order-{one.event.ordinal}", one.number)
        if number not in numbers:
            abort(400)
        if number != one.number:
            wanted[one.event.uid] = number
    return wanted
