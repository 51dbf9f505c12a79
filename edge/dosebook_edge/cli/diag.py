"""`dosebook-box diag …`."""

from pathlib import Path

import click

from dosebook_edge.cli.common import CommandError, Context


@click.group()
def diag() -> None:
    """Collect what support needs."""


@diag.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def collect(context: Context, path: Path) -> None:
    """Write a .tar.gz of versions, configuration, status, checks and ledger to PATH.

    No keys, no evidence, nothing about patients.
    """
    from dosebook_edge.diag.collect import collect_to

    try:
        names = collect_to(context.loaded, path)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}") from None
    click.echo(f"{path}: {', '.join(names)}")
