"""`dosebook-registry broker …`: what an external broker needs of the registry."""

from pathlib import Path

import click

from dosebook_central.fleet.credentials import Credentials
from dosebook_central.fleet.keys import FleetError


@click.group()
def broker() -> None:
    """The MQTT broker between boxes and registry."""


@broker.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--host", "hosts", multiple=True, help="Name or address of the broker; repeatable.")
@click.pass_context
def export(context: click.Context, folder: Path, hosts: tuple[str, ...]) -> None:
    """Write authority, revocation list, certificate and key of the broker into FOLDER."""
    try:
        credentials = Credentials(context.obj.data_dir)
        credentials.renew_if_due((*hosts, context.obj.broker_host))
        credentials.export(folder)
    except FleetError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Wrote {folder}. Restart the broker there: systemctl restart mosquitto")
