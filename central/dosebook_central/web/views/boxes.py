"""The boxes: who is there, who is silent, what is missing."""

from flask import Blueprint, render_template

from dosebook_central.access.rights import Right
from dosebook_central.store.queries.boxes import list_boxes
from dosebook_central.web.box_words import describe
from dosebook_central.web.context import context
from dosebook_central.web.gate import needs

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
