"""`dosebook-box outbox …`: what waits, what was delivered, and sending it again."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dosebook_edge.cli.common import CommandError, Context, json_option, show, table
from dosebook_edge.outbox import Outbox, OutboxError
from dosebook_protocol.reading import Reading

if TYPE_CHECKING:
    from dosebook_edge.identity.identity import Enrolled


@click.group()
def outbox() -> None:
    """See and replay the records of this box."""


@outbox.command("list")
@click.option(
    "--status",
    type=click.Choice(["waiting", "stored", "duplicate", "quarantined"]),
    default=None,
    help="Only records of that status.",
)
@click.option("--limit", default=50, show_default=True, help="Most rows.")
@click.option("--before", type=int, default=None, help="Only sequence numbers below this one.")
@json_option
@click.pass_obj
def list_entries(
    context: Context, *, status: str | None, limit: int, before: int | None, as_json: bool
) -> None:
    """List records, newest first."""
    with opened(context) as box_outbox:
        entries = box_outbox.entries(status=status or "", limit=limit, before=before)
    rows = [
        (
            str(one.sequence),
            one.captured_at[:19],
            one.source,
            one.outcome,
            one.status,
            one.reason,
        )
        for one in entries
    ]
    head = ("sequence", "captured (UTC)", "source", "reader", "status", "reason")
    show(
        [dataclasses.asdict(one) for one in entries],
        as_json=as_json,
        text=lambda: table(rows, head) if rows else "no records",
    )


@outbox.command("show")
@click.argument("sequence", type=int)
@json_option
@click.pass_obj
def show_record(context: Context, sequence: int, *, as_json: bool) -> None:
    """Show what was read from one record; patient and study are left out."""
    with opened(context) as box_outbox:
        content = box_outbox.content(sequence)
    if content is None:
        raise CommandError(
            f"there is no content of record {sequence} here: it was delivered and retired, or "
            "never was. Run: dosebook-box outbox list"
        )
    record = content.record
    value = record.model_dump(mode="json", exclude={"reading": {"patient", "study"}})
    show(value, as_json=as_json, text=lambda: _record_text(value, record.reading))


@outbox.command()
@click.argument("sequences", type=int, nargs=-1, required=True)
@json_option
@click.pass_obj
def replay(context: Context, sequences: tuple[int, ...], *, as_json: bool) -> None:
    """Send delivered records again; the registry tells a duplicate from a new one."""
    with opened(context) as box_outbox:
        done = box_outbox.replay(sequences)
    missing = sorted(set(sequences) - set(done))
    show(
        {"replayed": done, "not_replayed": missing},
        as_json=as_json,
        text=lambda: (
            f"{len(done)} of {len(sequences)} records wait again."
            + (f" Not delivered yet or retired: {missing}" if missing else "")
        ),
    )


@outbox.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def export(context: Context, path: Path) -> None:
    """Write all waiting records, signed, to a ZIP for a registry that the box cannot reach.

    The file holds patient data in clear. The records stay in the outbox until their receipts.
    """
    from dosebook_edge.diag.records import export_waiting

    with opened(context) as box_outbox:
        written = export_waiting(box_outbox, context.box_id, path)
    if not written.messages:
        click.echo(f"Nothing waits: {path} holds no record, and need not be carried.")
        return
    records = "record is" if written.messages == 1 else "records are"
    click.echo(
        f"{written.messages} {records} in {path}. It holds patient data: keep it safe.\n"
        f"At the registry: dosebook-registry import {path.name} --receipts RECEIPTS\n"
        "Then here: dosebook-box outbox import-receipts RECEIPTS"
    )


@outbox.command("import-receipts")
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.pass_obj
def import_receipts(context: Context, path: Path) -> None:
    """Take the registry's signed receipts for exported records: those wait no longer."""
    from dosebook_edge.diag.records import acknowledge_file

    enrolled = enrolled_of(context)
    with opened(context) as box_outbox:
        found, news = acknowledge_file(box_outbox, enrolled, path)
        waiting = box_outbox.status().waiting
    click.echo(f"{found} receipts, {news} of them news; {waiting} records wait.")


def enrolled_of(context: Context) -> "Enrolled":
    """What this box knows of its registry; raises `CommandError` where it belongs to none."""
    from dosebook_edge.identity.files import IdentityError
    from dosebook_edge.identity.identity import Identity

    try:
        enrolled = Identity.load(context.identity_dir).enrolled
    except IdentityError as error:
        raise CommandError(str(error)) from None
    if enrolled is None:
        raise CommandError(
            "this box knows no registry that it could believe: enrol it with "
            "dosebook-box identity install BUNDLE"
        )
    return enrolled


@contextmanager
def opened(context: Context) -> Iterator[Outbox]:
    """The outbox of a box, closed afterwards; raises `CommandError` for what goes wrong with it."""
    from dosebook_edge.diag.records import open_outbox

    try:
        found = open_outbox(context.loaded.settings)
    except OutboxError as error:
        raise CommandError(str(error)) from None
    try:
        yield found
    except OutboxError as error:
        raise CommandError(str(error)) from None
    finally:
        found.close()


def _record_text(value: dict[str, Any], reading: Reading) -> str:
    lines = [
        f"{name:<16} {value[name]}"
        for name in ("sequence", "record_id", "source", "source_kind", "captured_at")
    ]
    evidence = value["evidence"]
    lines += [
        f"{'evidence':<16} {evidence['media_type']}, {evidence['size']} bytes",
        f"{'sha256':<16} {evidence['sha256']}",
        f"{'reader':<16} {reading.kind} {reading.reader}: {reading.outcome} {reading.reason}",
        f"{'events':<16} {len(reading.events)}",
    ]
    lines += [
        f"{'total':<16} {total.value.quantity} {total.value.value} {total.value.unit}"
        for total in reading.totals
    ]
    lines += [f"{'transport':<16} {key} = {text}" for key, text in value["transport"].items()]
    return "\n".join(lines)
