"""The boxes: who is there, who is silent, what is missing."""

from flask import Blueprint, render_template

from dosebook_central.access.rights import Right
from dosebook_central.store.queries.boxes import list_boxes
from dosebook_central.store.queries.instruments import newest
from dosebook_central.web.box_words import describe
from dosebook_central.web.context import context
from dosebook_central.web.gate import needs
from dosebook_central.web.instruments import overdue_first

bp = Blueprint("boxes", __name__, url_prefix="/boxes")

_ORDER = {"alert": 0, "warn": 1, "ok": 2, "info": 3}


@bp.get("")
@needs(Right.BOX_READ)
def show() -> str:
    """Show one row a box, those in trouble first."""
    with context().engine.connect() as connection:
        states = list_boxes(connection)
    boxes = [describe(state, context().now()) for state in states]
    boxes.sort(key=lambda box: (_ORDER[box.level], box.box.id))
    return render_template("boxes.html", boxes=boxes)


@bp.get("/instruments")
@needs(Right.BOX_READ)
def instruments() -> str:
    """Show the instruments of all boxes with their calibration, those that are overdue first."""
    with context().engine.connect() as connection:
        states = list_boxes(connection)
        readings = newest(connection)
    today = context().now().astimezone().date()
    shown = overdue_first(states, readings, today)
    return render_template("instruments.html", instruments=shown, today=today)
