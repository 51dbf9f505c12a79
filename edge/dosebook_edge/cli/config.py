"""`dosebook-box config …`."""

import os

import click

from dosebook_edge.cli.common import CommandError, Context, json_option, show, table
from dosebook_edge.config import ConfigError
from dosebook_edge.config.edit import set_value
from dosebook_edge.config.layers import check_key, flat, known_keys
from dosebook_edge.config.reference import explain as explain_key
from dosebook_edge.config.reference import reference as reference_page


@click.group()
def config() -> None:
    """Read and change the configuration."""


@config.command("list")
@click.option("--origin", is_flag=True, help="Show where each value comes from.")
@json_option
@click.pass_obj
def list_values(context: Context, *, origin: bool, as_json: bool) -> None:
    """List every value in force."""
    loaded = context.loaded
    values = flat(loaded.settings)
    origins = {key: loaded.origins.get(key, "default") for key in values}
    found = {
        key: {"value": value, "origin": origins[key]} if origin else value
        for key, value in values.items()
    }
    rows = [(key, str(value), origins[key])[: 3 if origin else 2] for key, value in values.items()]
    head = ("key", "value", "origin")[: 3 if origin else 2]
    show(found, as_json=as_json, text=lambda: table(rows, head))


@config.command()
@click.argument("key")
@json_option
@click.pass_obj
def get(context: Context, key: str, *, as_json: bool) -> None:
    """Print the value of one key."""
    values = flat(context.loaded.settings)
    if key not in values:
        _checked(key)
        raise CommandError(f"{key} has no value here: dosebook-box config list")
    show(values[key], as_json=as_json, text=lambda: str(values[key]))


@config.command("set")
@click.argument("key")
@click.argument("value")
@click.pass_obj
def set_key(context: Context, key: str, value: str) -> None:
    """Set one key in the box file: box.room "CT 2", source.ct.port 11112."""
    try:
        set_value(context.path, key, value, os.environ)
    except ConfigError as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"{context.path} cannot be written: {error.strerror}") from None
    click.echo(f"{key} is set in {context.path}. It takes effect when the box starts again.")


@config.command()
@click.argument("key", required=False)
def explain(key: str | None) -> None:
    """Say what a key means; without a key, list them all."""
    if key is None:
        click.echo("\n".join(known_keys()))
        return
    _checked(key)
    click.echo(explain_key(key))


@config.command()
def reference() -> None:
    """Print the reference page of all keys (Markdown)."""
    click.echo(reference_page(), nl=False)


def _checked(key: str) -> None:
    try:
        check_key(key, "config")
    except ConfigError as error:
        raise CommandError(str(error)) from None
