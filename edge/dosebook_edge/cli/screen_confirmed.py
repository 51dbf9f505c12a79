"""`dosebook-box screen confirmed` and `forget`: what persons at the box taught its reader."""

import getpass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dosebook_edge.cli.common import CommandError, Context, json_option, show, table
from dosebook_edge.cli.outbox import enrolled_of, opened
from dosebook_edge.cli.screen_draw import EXTRA

if TYPE_CHECKING:
    from dosebook_edge.capture.screen.confirmed_list import Console

_LEAST_DIGITS = 6


@click.command()
@click.option("--source", default="", help="Only of this source.")
@json_option
@click.pass_obj
def confirmed(context: Context, *, source: str, as_json: bool) -> None:
    """List what persons confirmed on lossless pictures, and which characters that teaches.

    Exit code 0 also where persons contradict each other; these confirmations teach nothing.
    """
    from dosebook_edge.capture.screen.confirmations import every

    try:
        from dosebook_edge.capture.screen.confirmed_list import consoles
    except ImportError:
        raise CommandError(EXTRA) from None
    with opened(context) as outbox:
        found = outbox.read(lambda connection: every(connection, outbox.vault))
    listed = [one for one in consoles(found) if source in ("", one.source)]
    gone = [one for one in found if one.forgotten_by and source in ("", one.source)]
    value = {
        "consoles": [_told(one) for one in listed],
        "forgotten": [{"id": one.id, "by": one.forgotten_by} for one in gone],
    }
    show(value, as_json=as_json, text=lambda: _text(listed, len(gone)))


@click.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.pass_obj
def forget(context: Context, ids: tuple[str, ...]) -> None:
    """Take confirmations out of force, by the first 6 or more characters of each ID.

    The values that were confirmed stay as they are; the running box learns it with the next
    picture.
    """
    from dosebook_edge.capture.screen import confirmations

    by = f"cli:{getpass.getuser()}"
    with opened(context) as outbox:
        found = outbox.read(lambda connection: confirmations.every(connection, outbox.vault))
        known = [one.id for one in found if not one.forgotten_by]
        wanted = [_one_of(known, text) for text in ids]
        for number in wanted:
            outbox.run(partial(confirmations.forget, number=number, by=by))
    click.echo(f"{len(wanted)} forgotten: {', '.join(one[:8] for one in wanted)}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.pass_obj
def take(context: Context, file: Path) -> None:
    """Take over what persons confirmed in the registry, from a FILE that it exported for this box.

    It takes the place of the file before it. These values wait on the box's page no longer.
    """
    from dosebook_edge.capture.screen.from_registry import take as take_over
    from dosebook_edge.uplink.trust import DistrustError, open_confirmed
    from dosebook_protocol.screen_confirmed import MAX_FILE

    with file.open("rb") as stream:
        envelope = stream.read(MAX_FILE + 1)
    try:
        values = open_confirmed(envelope, enrolled_of(context))
    except DistrustError as error:
        raise CommandError(f"{file} cannot be used: {error}") from None
    with opened(context) as outbox:
        taken = outbox.run(lambda connection: take_over(connection, outbox.vault, values))
    click.echo(
        f"{taken.added} new confirmations, {taken.known} were known; {taken.decided} values wait "
        f"here no longer, {taken.forgotten} earlier ones are forgotten."
    )


def _one_of(known: list[str], text: str) -> str:
    matching = [one for one in known if one.startswith(text)]
    if len(text) < _LEAST_DIGITS or len(matching) != 1:
        raise CommandError(
            f"{text}: {len(matching)} confirmations in force begin so, or it is shorter than "
            f"{_LEAST_DIGITS} characters. See them with: dosebook-box screen confirmed"
        )
    return matching[0]


def _told(one: "Console") -> dict[str, Any]:
    return {
        "source": one.source,
        "profile": one.profile,
        "taught": one.taught,
        "disputes": [each.sentence for each in one.disputes],
        "confirmations": [
            {
                "id": each.id,
                "at": each.at,
                "by": each.by,
                "field": each.path,
                "read": each.shown,
                "text": each.text,
                "disputed": each.id in one.disputed,
                "silent": each.id in one.silent,
            }
            for each in one.found
        ],
    }


def _text(listed: "list[Console]", gone: int) -> str:
    if not listed:
        return "Nobody has confirmed a value of a lossless picture at this box yet."
    parts = [_console_text(one) for one in listed]
    return "\n".join([*parts, f"{gone} more are forgotten."] if gone else parts)


def _console_text(one: "Console") -> str:
    head = f"{one.source}, {one.profile}: taught {' '.join(one.taught) or 'nothing yet'}"
    disputes = [f"  {each.sentence}" for each in one.disputes]
    rows = [
        (
            f"  {each.id[:8]}",
            f"{datetime.fromisoformat(each.at).astimezone(UTC):%Y-%m-%d %H:%MZ}",
            each.by,
            each.path.removeprefix("SCREEN/"),
            each.text,
            "" if each.text == each.shown else f"read as {each.shown or 'nothing'}",
            "contradicted" if each.id in one.disputed else "touches" * (each.id in one.silent),
        )
        for each in one.found
    ]
    return "\n".join([head, *disputes, table(rows[1:], rows[0])])
