"""Machines of projection exams: a physicist decides what modality their exams are (P36)."""

from typing import Final

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from dosebook_central.access.rights import Right
from dosebook_central.audit import log
from dosebook_central.domain.devices import MODALITIES, ModalityChoice
from dosebook_central.store import devices
from dosebook_central.store.devices import Decided
from dosebook_central.store.queries.devices import ListedDevice, fluoroscopy, list_devices
from dosebook_central.web.context import context
from dosebook_central.web.gate import act, me, needs
from dosebook_central.web.modalities import WORDS

bp = Blueprint("devices", __name__, url_prefix="/machines")

_NOTHING: Final = ModalityChoice("", "")


@bp.get("")
@needs(Right.STATISTICS_READ)
def show() -> str:
    """Show every machine, what its exams are shown as and what was decided."""
    with context().engine.connect() as connection:
        return render_template("devices.html", devices=list_devices(connection))


@bp.get("/<device_id>")
@needs(Right.STATISTICS_READ)
def show_one(device_id: str) -> str:
    """Show one machine with every decision on it; decide, or take the last one back."""
    with context().engine.connect() as connection:
        return render_template(
            "device.html",
            one=_find(connection, device_id),
            times=fluoroscopy(connection, device_id),
            history=devices.decisions(connection, device_id).get(device_id, []),
            modalities=[(code, WORDS[code]) for code in MODALITIES],
        )


@bp.post("/<device_id>/decide")
@needs(Right.DOSIMETRY_MANAGE)
def decide(device_id: str) -> ResponseReturnValue:
    """Decide what the exams of a machine are, of before and from now on."""
    reason = request.form.get("reason", "").strip()[:200]
    with_it, without = (request.form.get(name, "") for name in ("with", "without"))
    if with_it not in MODALITIES or without not in MODALITIES:
        abort(400)
    if not reason:
        flash("Write in a few words why; others will ask.", "warn")
        return redirect(url_for(".show_one", device_id=device_id))
    return _decide(device_id, "decide", ModalityChoice(with_it, without), reason)


@bp.post("/<device_id>/undo")
@needs(Right.DOSIMETRY_MANAGE)
def undo(device_id: str) -> ResponseReturnValue:
    """Take the last decision back."""
    return _decide(device_id, "undo", _NOTHING, "")


def _decide(device_id: str, verb: str, choice: ModalityChoice, reason: str) -> ResponseReturnValue:
    decided = Decided(device_id, verb, choice, reason, me().login, context().now())
    groups = log.perform(
        context().engine,
        lambda connection: _write(connection, decided),
        lambda groups: act(
            f"device.{verb}",
            "device",
            device_id,
            with_fluoroscopy=choice.with_fluoroscopy,
            without_fluoroscopy=choice.without_fluoroscopy,
            groups=groups,
        ),
    )
    if groups is None:
        flash("There was no decision to take back.", "warn")
    elif verb == "undo":
        flash("Taken back. Its exams are put right in the background.")
    else:
        flash(
            "Decided. Its exams, past ones too, are put right in the background.",
            f"undo:{url_for('.undo', device_id=device_id)}",
        )
    return redirect(url_for(".show_one", device_id=device_id))


def _write(connection: Connection, decided: Decided) -> int | None:
    _find(connection, decided.device_id)
    return devices.decide(connection, decided)


def _find(connection: Connection, device_id: str) -> ListedDevice:
    found = [one for one in list_devices(connection) if one.device.id == device_id]
    if not found:
        abort(404)
    return found[0]
