"""`dosebook-box kiosk …`: the persons of the box's own page, and what waits on it."""

import json

import click

from dosebook_edge.cli.common import CommandError, Context, json_option, show


@click.group()
def kiosk() -> None:
    """The page on the box's own screen."""


@kiosk.command()
@click.argument("name")
@click.option("--may-draw-profiles", is_flag=True, help="They may draw profiles of screens, too.")
@click.password_option(
    "--pin", prompt="PIN", help="4 to 12 digits; asked for where it is not given."
)
def pin(name: str, pin: str, *, may_draw_profiles: bool) -> None:
    """Print what lets NAME decide on the box's page, to be added to its configuration.

    The PIN itself is kept nowhere.
    """
    from dosebook_edge.kiosk.pin import PinError, hash_of

    try:
        hashed = hash_of(pin)
    except PinError as error:
        raise CommandError(str(error)) from None
    # TOML's basic strings are written as JSON's are.
    name_text = json.dumps(name, ensure_ascii=False)
    click.echo(f'[[kiosk.person]]\nname = {name_text}\npin = "{hashed}"')
    if may_draw_profiles:
        click.echo("may_draw_profiles = true")


@kiosk.command()
@json_option
@click.pass_obj
def waiting(context: Context, *, as_json: bool) -> None:
    """Say how many values of screens wait for a person on this box."""
    from datetime import UTC, datetime

    from dosebook_edge.capture.screen import review
    from dosebook_edge.diag.records import open_outbox
    from dosebook_edge.outbox import OutboxError

    section = context.loaded.settings.kiosk
    try:
        outbox = open_outbox(context.loaded.settings)
    except OutboxError as error:
        raise CommandError(str(error)) from None
    since = datetime.now(UTC) - section.review_delivered
    try:
        here, elsewhere = outbox.read(lambda connection: review.counts(connection, since))
    finally:
        outbox.close()
    value = {"here": here, "in_registry_only": elsewhere}
    show(
        value,
        as_json=as_json,
        text=lambda: (
            f"{value['here']} values wait for a person here, "
            f"{value['in_registry_only']} more are left to the registry."
        ),
    )
