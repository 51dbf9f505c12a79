"""`dosebook-box run | status | check` and the groups of the others."""

import signal
import sys
import threading
from pathlib import Path
from typing import Any

import click

from dosebook_edge import __version__
from dosebook_edge.cli.common import DEGRADED, FAILED, CommandError, Context, json_option, show
from dosebook_edge.cli.config import config
from dosebook_edge.cli.diag import diag
from dosebook_edge.cli.instrument import instrument
from dosebook_edge.cli.kiosk import kiosk
from dosebook_edge.cli.outbox import outbox
from dosebook_edge.cli.screen import screen
from dosebook_edge.config.layers import DEFAULT_FILE
from dosebook_edge.identity.cli import identity
from dosebook_protocol.logs import hush_quoting_libraries


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option(
    "--config",
    "path",
    envvar="DOSEBOOK_BOX_CONFIG",
    type=click.Path(path_type=Path, dir_okay=False),
    default=DEFAULT_FILE,
    show_default=True,
    help="Configuration file.",
)
@click.pass_context
def main(context: click.Context, path: Path) -> None:
    """The box beside a modality: captures doses and delivers each to the registry."""
    hush_quoting_libraries()
    context.obj = Context(path)


@main.command()
@click.pass_obj
def run(context: Context) -> None:
    """Capture and deliver until SIGTERM or SIGINT."""
    from dosebook_edge.box import BoxError
    from dosebook_edge.identity.files import IdentityError
    from dosebook_edge.outbox import OutboxError
    from dosebook_edge.running import run as run_box
    from dosebook_protocol import logs

    logs.set_up(context.loaded.settings.log.level)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        run_box(context.path, stopping, sys.stdout)
    except (BoxError, OutboxError, IdentityError) as error:
        raise CommandError(str(error)) from None


@main.command()
@json_option
@click.pass_obj
def status(context: Context, *, as_json: bool) -> None:
    """Show whether the box works: sources, outbox, uplink, clock, refused associations.

    Exit code 0 when all is well, 3 when something needs a person.
    """
    from dosebook_edge.diag.status import read_status, status_text

    found = read_status(context.data_dir)
    show(found, as_json=as_json, text=lambda: status_text(found))
    if found["needs_attention"]:
        sys.exit(DEGRADED)


@main.command()
@click.argument("what", required=False)
@json_option
@click.pass_obj
def check(context: Context, what: str | None, *, as_json: bool) -> None:
    """Check the box, or one part of it: clock, config, disk, identity, outbox, sources, uplink.

    Exit code 0 when all checks pass, 3 when one warns, 1 when one fails.
    """
    from dosebook_edge.diag.checks import CHECKS, run_checks

    if what is not None and what not in CHECKS:
        raise click.UsageError(f"there is no check {what!r}: one of {', '.join(sorted(CHECKS))}")
    results = run_checks(context.loaded, [what] if what else sorted(CHECKS))
    value: list[dict[str, Any]] = [
        {"check": one.name, "result": one.result, "detail": one.detail} for one in results
    ]
    lines = [f"{one.result:<5} {one.name:<9} {one.detail}" for one in results]
    show(value, as_json=as_json, text=lambda: "\n".join(lines))
    if any(one.result == "fail" for one in results):
        sys.exit(FAILED)
    if any(one.result == "warn" for one in results):
        sys.exit(DEGRADED)


main.add_command(outbox)
main.add_command(screen)
main.add_command(config)
main.add_command(identity)
main.add_command(diag)
main.add_command(instrument)
main.add_command(kiosk)
