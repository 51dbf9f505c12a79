"""`dosebook-registry`: make, run and look after a registry."""

import errno
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from dosebook_central.registry import DISTRIBUTION, Registry
from dosebook_central.terminal import actor
from dosebook_protocol.logs import hush_quoting_libraries
from dosebook_protocol.record import Receipts

if TYPE_CHECKING:
    from sqlalchemy.exc import OperationalError

_LAZY: Final = {
    "box": "dosebook_central.fleet.cli",
    "broker": "dosebook_central.broker.cli",
    "derive": "dosebook_central.offline.cli",
    "derived": "dosebook_central.derivation.cli",
    "recompute": "dosebook_central.derivation.cli",
    "screens": "dosebook_central.screens.cli",
    "sets": "dosebook_central.coefficients.cli",
    "skin-dose": "dosebook_central.dosimetry.skin_dose.cli",
    "user": "dosebook_central.access.cli",
}
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
_PATHS: Final = click.argument(
    "paths",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="PATH…",
)


@contextmanager
def telling() -> Iterator[None]:
    """Say an expected failure as one sentence; anything else is a bug and keeps its traceback."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except Exception as error:
        if (sentence := _sentence(error)) is None:
            raise
        raise click.ClickException(sentence) from None


def _sentence(error: Exception) -> str | None:
    from sqlalchemy.exc import OperationalError

    from dosebook_central.access.passwords import PasswordRefusedError
    from dosebook_central.access.users import UserError
    from dosebook_central.broker.embedded import BrokerError
    from dosebook_central.config import ConfigError
    from dosebook_central.derivation.trial import UnknownSetError
    from dosebook_central.dosimetry.package_reading import PackageError
    from dosebook_central.fleet.keys import FleetError
    from dosebook_central.imports.zips import EntryError
    from dosebook_central.registry import RegistryError
    from dosebook_central.store.engine import StoreError

    if isinstance(error, OperationalError):
        reason = _first(error).orig
        return (
            f"the database does not answer: {reason}. Check database.url, the server and the "
            "room on its disk."
        )
    if isinstance(error, OSError) and error.errno in _FULL:
        return (
            f"{error.strerror}: make room where the data folder and evidence.folder lie. "
            "Boxes keep what they capture meanwhile."
        )
    expected = (
        BrokerError,
        ConfigError,
        EntryError,
        FleetError,
        PackageError,
        PasswordRefusedError,
        RegistryError,
        StoreError,
        UnknownSetError,
        UserError,
    )
    return str(error) if isinstance(error, expected) else None


def _first(error: "OperationalError") -> "OperationalError":
    """The failure that the others follow from, as of tidying up after it."""
    from sqlalchemy.exc import OperationalError

    earlier = error.__context__
    while earlier is not None:
        if isinstance(earlier, OperationalError):
            error = earlier
        earlier = earlier.__context__
    return error


class _Commands(click.Group):
    """The commands; those about boxes are imported when they are asked for."""

    def invoke(self, ctx: click.Context) -> Any:
        with telling():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *_LAZY])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _LAZY:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(import_module(_LAZY[cmd_name]), cmd_name.replace("-", "_"))
        return command


@click.group(cls=_Commands)
@click.option(
    "--data",
    "data_dir",
    type=click.Path(path_type=Path, file_okay=False),
    default="dosebook-registry",
    envvar="DOSEBOOK_REGISTRY",
    show_default=True,
    help="Folder of the registry: configuration, keys, evidence, embedded database.",
)
@click.version_option(package_name=DISTRIBUTION, message="%(version)s")
@click.pass_context
def main(context: click.Context, data_dir: Path) -> None:
    """Keep the dose history of patients, from boxes and from files."""
    hush_quoting_libraries()
    context.obj = Registry(data_dir)


@main.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.pass_context
def init(context: click.Context, folder: Path | None) -> None:
    """Make a new registry: keys, certificates, configuration, database."""
    registry: Registry = Registry(folder) if folder else context.obj
    registry.create()
    option = f"--data {registry.data_dir}"
    click.echo(f"A registry is in {registry.data_dir}. Next:")
    click.echo(f"  dosebook-registry {option} user add LOGIN --role administrator")
    click.echo(f"  dosebook-registry {option} run")
    click.echo(f"  dosebook-registry {option} box add ID --csr REQUEST --out BUNDLE")


@main.command()
@click.pass_obj
def run(registry: Registry) -> None:
    """Run broker, ingest and pages until stopped."""
    from dosebook_central.run import LIBRARIES, Service
    from dosebook_protocol import logs

    logs.set_up(registry.config.text("log.level"), only_warnings=LIBRARIES)
    service = Service(registry)
    service.heed_signals()
    service.start()
    web = f"http://{registry.config.text('web.host')}:{service.web_port}/"
    ready = {"event": "registry_ready", "pages": web, "broker_port": service.broker_port}
    click.echo(json.dumps(ready))
    try:
        service.wait()
    finally:
        service.stop()
    click.echo(json.dumps({"event": "registry_stopped"}))


@main.command("import")
@_PATHS
@click.option("--quiet", is_flag=True, help="Only the counts at the end.")
@click.option(
    "--receipts",
    "receipts_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write signed receipts for the records of a box's export to a new file.",
)
@click.pass_obj
def import_(
    registry: Registry, paths: tuple[Path, ...], receipts_path: Path | None, *, quiet: bool
) -> None:
    """Import files, folders, ZIPs and exports of boxes; what is known already is recognised."""
    from dosebook_central.imports.command import import_paths, write_receipts

    receipts: list[Receipts] = []
    accepted = import_paths(registry.importer, paths, actor(), receipts.append, quiet=quiet)
    if receipts_path is not None:
        write_receipts(receipts_path, receipts, registry.credentials.signer)
    if not accepted:
        sys.exit(3)


@main.command()
@_PATHS
@click.option("--json", "as_json", is_flag=True, help="A JSON array, one document an object.")
def read(paths: tuple[Path, ...], *, as_json: bool) -> None:
    """Show what can be read in files; nothing is stored and no registry is needed."""
    from dosebook_central.imports.show import print_json, print_table

    if as_json:
        print_json(paths)
    else:
        print_table(paths)


@main.group()
def quarantine() -> None:
    """What ingest could not accept."""


@quarantine.command("list")
@click.option("--state", default="open", show_default=True, help="open, replayed or dismissed.")
@click.pass_obj
def quarantine_list(registry: Registry, state: str) -> None:
    """List items with their reason."""
    from dosebook_central.store.queries.quarantine import list_items

    with registry.engine.connect() as connection:
        items = list_items(connection, state, limit=1000)
    for item in items:
        at = item.received_at.isoformat(timespec="seconds")
        click.echo(f"{item.id}  {at}  {item.box_id or '-':<20} {item.code}: {item.reason}")
    if not items:
        click.echo(f"Nothing in quarantine is {state}.", err=True)


@quarantine.command("replay")
@click.argument("item_ids", nargs=-1, required=True, metavar="ID…")
@click.pass_obj
def quarantine_replay(registry: Registry, item_ids: tuple[str, ...]) -> None:
    """Feed items to ingest once more."""
    from dosebook_central.ingest.replay import Quarantines

    quarantines = Quarantines(registry.engine, registry.evidence, registry.ingest)
    results = [(item_id, *quarantines.replay(item_id)) for item_id in item_ids]
    for item_id, _, sentence in results:
        click.echo(f"{item_id}  {sentence}")
    if not all(accepted for _, accepted, _ in results):
        sys.exit(3)


@main.group()
def db() -> None:
    """The database."""


@db.command()
@click.pass_obj
def upgrade(registry: Registry) -> None:
    """Bring the tables to the version of this program; take a backup before."""
    from dosebook_central.store import migrate

    click.echo(f"the database is at version {migrate.upgrade(registry.engine_of_any_version)}")
    registry.adopt_sets()


@main.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option(
    "--evidence", "with_evidence", is_flag=True, help="Look for the evidence of every record too."
)
@click.pass_obj
def status(registry: Registry, *, as_json: bool, with_evidence: bool) -> None:
    """Show what is in the registry and what its boxes owe it."""
    from dosebook_central.status import print_status

    print_status(registry, as_json=as_json, with_evidence=with_evidence)
