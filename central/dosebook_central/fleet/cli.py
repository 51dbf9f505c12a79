"""`dosebook-registry box …`: who may send doses here."""

import json
from collections.abc import Callable
from typing import Any, BinaryIO, Final, TextIO

import click

from dosebook_central.fleet.enrol import Fleet
from dosebook_central.fleet.keys import FleetError
from dosebook_central.store.models import Box
from dosebook_central.terminal import actor

_REQUEST: Final = click.option(
    "--csr",
    type=click.File("rb"),
    required=True,
    help="Certificate request of the box; - is stdin.",
)
_OUT: Final = click.option(
    "--out", type=click.File("w"), default="-", help="Where the enrolment bundle goes; - is stdout."
)


def _fleet(context: click.Context) -> Fleet:
    return Fleet(context.obj, actor())


def _told(work: Callable[[], Any]) -> Any:
    """Turn an expected failure into one sentence and exit code 1."""
    try:
        return work()
    except FleetError as error:
        raise click.ClickException(str(error)) from None


@click.group()
def box() -> None:
    """Boxes that may send doses to this registry."""


@box.command()
@click.argument("box_id", metavar="ID")
@_REQUEST
@click.option("--room", default="", help="Where it stands, for people.")
@_OUT
@click.pass_context
def add(context: click.Context, box_id: str, csr: BinaryIO, room: str, out: TextIO) -> None:
    """Enrol a new box and write its enrolment bundle."""
    bundle = _told(lambda: _fleet(context).add(box_id, csr.read(), room))
    out.write(bundle.model_dump_json(indent=2) + "\n")
    click.echo(
        f"Box {box_id} is enrolled. On the box: dosebook-box identity install BUNDLE", err=True
    )


@box.command()
@click.argument("box_id", metavar="ID")
@_REQUEST
@_OUT
@click.pass_context
def renew(context: click.Context, box_id: str, csr: BinaryIO, out: TextIO) -> None:
    """Certify an enrolled box anew, with its key or a new one."""
    bundle = _told(lambda: _fleet(context).renew(box_id, csr.read()))
    out.write(bundle.model_dump_json(indent=2) + "\n")
    click.echo(
        f"Box {box_id} is renewed. On the box: dosebook-box identity install BUNDLE", err=True
    )


@box.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.pass_context
def list_boxes(context: click.Context, *, as_json: bool) -> None:
    """List boxes with their state."""
    rows = [_shown(one) for one in _told(_fleet(context).boxes)]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    if not rows:
        click.echo("No box is enrolled. Enrol one: dosebook-registry box add --help", err=True)
    for row in rows:
        until = (row["certificate_expires_at"] or "")[:10] or "-"
        seen = (row["last_seen_at"] or "never")[:19]
        click.echo(
            f"{row['id']:<24} {row['status']:<8} certificate until {until:<10} "
            f"last seen {seen}  {row['room']}"
        )


@box.command()
@click.argument("box_id", metavar="ID")
@click.option("--reason", required=True, help="Why, for the activity log.")
@click.pass_context
def revoke(context: click.Context, box_id: str, reason: str) -> None:
    """Refuse a box from now on; what it sent before stays."""
    _told(lambda: _fleet(context).revoke(box_id, reason))
    click.echo(
        f"Box {box_id} is revoked. The built-in broker refuses it within seconds; an external "
        "Mosquitto needs the new list and a reload (docs/operate/brokers.md)."
    )


def _shown(row: Box) -> dict[str, str | None]:
    moments = {
        name: value.isoformat() if (value := getattr(row, name)) else None
        for name in (
            "certificate_expires_at",
            "added_at",
            "revoked_at",
            "last_seen_at",
            "last_record_at",
        )
    }
    return {
        "id": row.id,
        "room": row.room,
        "status": row.status,
        "certificate_serial": row.certificate_serial,
        "revoked_reason": row.revoked_reason,
        **moments,
    }
