"""`dosebook-box screen …`: which screens are known, and the proof of a profile on pictures."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dosebook_edge.cli.common import DEGRADED, FAILED, CommandError, json_option, show, table
from dosebook_edge.cli.screen_confirmed import confirmed, forget, take
from dosebook_edge.cli.screen_draw import (
    EXTRA,
    PICTURE_FILE,
    check,
    cut,
    find_profile,
    open_picture,
    picture_of,
)

if TYPE_CHECKING:
    from dosebook_edge.capture.screen.glyphs import GlyphSet
    from dosebook_edge.capture.screen.loader import LoadedProfile
    from dosebook_edge.capture.screen.net import LineNet


@click.group()
def screen() -> None:
    """Dose screens of consoles, each described by a profile."""


screen.add_command(check)
screen.add_command(confirmed)
screen.add_command(cut)
screen.add_command(forget)
screen.add_command(picture_of)
screen.add_command(take)


@screen.command("list")
@json_option
def list_profiles(*, as_json: bool) -> None:
    """List the profiles that come with the box, with what each was proved on."""
    from dosebook_edge.capture.screen.loader import shipped

    profiles = [find_profile(name).profile for name in shipped()]
    rows = [
        (one.id, f"{one.maker} {one.model}", " ".join(one.languages), ", ".join(one.measures))
        for one in profiles
    ]
    value = [
        one.model_dump(mode="json", include={"id", "maker", "model", "languages", "proved_on"})
        | {"measures": one.measures}
        for one in profiles
    ]
    head = ("profile", "screen", "languages", "measures")
    show(value, as_json=as_json, text=lambda: table(rows, head))


@screen.command()
@click.argument("profile")
@click.argument("pictures", nargs=-1, required=True, type=PICTURE_FILE)
@click.option("--grabbed", is_flag=True, help="The pictures passed a grabber, a camera or JPEG.")
@click.option("--frames", is_flag=True, help="They show one screen, one after the other.")
@click.option("--glyphs", type=PICTURE_FILE, help="Shapes that `screen learn` wrote.")
@click.option("--patient", default="", help="Number of the patient whose exam runs.")
@json_option
def test(
    profile: str,
    pictures: tuple[Path, ...],
    *,
    grabbed: bool,
    frames: bool,
    glyphs: Path | None,
    patient: str,
    as_json: bool,
) -> None:
    """Read PICTURES with PROFILE, an id or a .toml file, and tell what would be released.

    Exit code 0 when every value is accepted, 3 when some wait for a person, 1 when a picture is
    refused.
    """
    loaded, net = find_profile(profile), _net()
    from dosebook_edge.capture.screen.read_back import read_all, told_of

    sets = {} if glyphs is None else {loaded.profile.id: _glyphs(glyphs, loaded)}
    shown = [open_picture(one, grabbed=grabbed) for one in pictures]
    readings = read_all(loaded, shown, net, sets, frames=frames, patient=patient)
    value = [
        {"picture": path.name} | told_of(loaded, picture, one, net)
        for path, picture, one in zip(pictures, shown, readings, strict=True)
    ]
    show(value, as_json=as_json, text=lambda: "\n".join(_text(one) for one in value))
    if any(one.refusal for one in readings):
        sys.exit(FAILED)
    if any(one["review"] for one in value):
        sys.exit(DEGRADED)


@screen.command()
@click.argument("profile")
@click.argument("picture", type=PICTURE_FILE)
@click.argument("texts", type=PICTURE_FILE)
@click.argument("glyphs", type=click.Path(path_type=Path, dir_okay=False))
def learn(profile: str, picture: Path, texts: Path, glyphs: Path) -> None:
    """Add the shapes of characters on PICTURE, a lossless one, to the file GLYPHS.

    TEXTS is JSON that a person confirmed: {"dlp[1]": "424.00", "total_dlp": "876.27"}.
    """
    from dosebook_edge.capture.screen.glyphs import NO_GLYPHS, GlyphError, to_json
    from dosebook_edge.capture.screen.read_back import read_all
    from dosebook_edge.capture.screen.teaching import teach

    loaded, shown = find_profile(profile), open_picture(picture, grabbed=False)
    known = _glyphs(glyphs, loaded) if glyphs.exists() else NO_GLYPHS
    (reading,) = read_all(loaded, [shown], _net(), {})
    try:
        taught = teach(known, loaded, shown, reading, _confirmed(texts))
    except (GlyphError, ValueError) as error:
        raise CommandError(f"{picture}: {error}") from None
    glyphs.write_text(to_json(taught.glyphs, loaded.profile.id))
    click.echo(
        f"{glyphs}: {len(taught.glyphs.shapes)} shapes after {taught.values} values"
        + (f"; nothing learned from {', '.join(taught.silent)}" if taught.silent else "")
    )


def _glyphs(path: Path, loaded: "LoadedProfile") -> "GlyphSet":
    from dosebook_edge.capture.screen.glyphs import GlyphError, from_json

    try:
        glyphs, profile = from_json(path.read_text())
    except (OSError, UnicodeDecodeError, GlyphError) as error:
        raise CommandError(f"{path}: {error}") from None
    if profile != loaded.profile.id:
        raise CommandError(f"{path}: it was learned for {profile}, not for {loaded.profile.id}")
    return glyphs


def _confirmed(path: Path) -> dict[str, str]:
    try:
        tree = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} is not JSON: {error}") from None
    if not isinstance(tree, dict) or not all(isinstance(one, str) for one in tree.values()):
        raise CommandError(f'{path}: names and texts are wanted, as {{"dlp[1]": "424.00"}}')
    return tree


def _net() -> "LineNet":
    try:
        from dosebook_edge.capture.screen.net import LineNet
        from dosebook_edge.capture.screen.runtime import ModelError
    except ImportError:
        raise CommandError(EXTRA) from None
    try:
        return LineNet.load()
    except ModelError as error:
        raise CommandError(f"screens are not read: {error}") from None


def _text(value: dict[str, Any]) -> str:
    if refused := value["refused"]:
        return f"{value['picture']}: refused, {refused['code']}: {refused['detail']}"
    head = (
        f"{value['picture']}: {value['profile']} ({value['language']}), "
        f"{value['accepted']} accepted, {value['review']} for review"
    )
    rows = [
        (
            f"  {one['name']}",
            one["text"] or "-",
            one["unit"] or one["meaning"],
            one["state"] if one["quantity"] else "context",
            one["reason"],
        )
        for one in value["values"]
    ]
    return head if not rows else f"{head}\n{table(rows[1:], rows[0])}"
