"""`dosebook-box screen check`, `cut`, `picture`: what whoever draws a profile asks the box."""

import sys
import tomllib
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from dosebook_edge.cli.common import FAILED, CommandError, json_option, show

if TYPE_CHECKING:
    from dosebook_edge.capture.screen.loader import LoadedProfile
    from dosebook_edge.capture.screen.picture import Picture

EXTRA: Final = "reading screens needs numpy, Pillow and LiteRT: pip install 'dosebook-edge[screen]'"
PICTURE_FILE: Final = click.Path(path_type=Path, exists=True, dir_okay=False)
_SIDES: Final = 4


@click.command()
@click.argument("profile")
@json_option
def check(profile: str, *, as_json: bool) -> None:
    """Say what is wrong in PROFILE, an id or a .toml file, with the key and the cure.

    As JSON: each fault by its key, and the profile as its file has it. Exit code 1 with faults.
    """
    value = _checked(profile)
    show(value, as_json=as_json, text=lambda: _in_words(value))
    if value["faults"]:
        sys.exit(FAILED)


@click.command()
@click.argument("picture", type=PICTURE_FILE)
@click.argument("box", type=int, nargs=_SIDES, metavar="X Y WIDTH HEIGHT")
def cut(picture: Path, box: tuple[int, int, int, int]) -> None:
    """Print the part of PICTURE in a box as the `png` of a [[patch]]."""
    shown = open_picture(picture, grabbed=False)
    from dosebook_edge.capture.screen.patches import cut_patch

    if not (part := cut_patch(shown, box)):
        raise CommandError(f"{picture}: the box {' '.join(map(str, box))} does not lie on it")
    click.echo(part)


@click.command("picture")
@click.argument("capture", type=PICTURE_FILE)
def picture_of(capture: Path) -> None:
    """Print the first frame of CAPTURE, a DICOM file, as the PNG that the box reads, in base64."""
    try:
        from dosebook_edge.capture.screen.picture import PictureError, to_png
        from dosebook_edge.capture.screen.pixel_data import pictures_of
    except ImportError:
        raise CommandError(EXTRA) from None
    try:
        frames = pictures_of(capture.read_bytes(), datetime.now(UTC))
    except (OSError, PictureError) as error:
        raise CommandError(f"{capture}: {error}") from None
    if not frames:
        raise CommandError(f"{capture}: it holds no picture")
    click.echo(b64encode(to_png(frames[0].grey)).decode())


def find_profile(name: str) -> "LoadedProfile":
    """The profile of an id or a file, or an error for the terminal."""
    try:
        from dosebook_edge.capture.screen.loader import ScreenProfileError, find
    except ImportError:
        raise CommandError(EXTRA) from None
    try:
        return find(name)
    except ScreenProfileError as error:
        raise CommandError(str(error)) from None


def open_picture(path: Path, *, grabbed: bool) -> "Picture":
    """The picture of a file, or an error for the terminal."""
    try:
        from dosebook_edge.capture.screen.picture import Picture, PictureError, from_png
    except ImportError:
        raise CommandError(EXTRA) from None
    try:
        grey = from_png(path.read_bytes())
    except (OSError, PictureError) as error:
        raise CommandError(f"{path}: {error}") from None
    return Picture(grey, "grabbed" if grabbed else "lossless", datetime.now(UTC), "file")


def _checked(name: str) -> dict[str, Any]:
    try:
        from dosebook_edge.capture.screen.loader import ScreenProfileError, faults_of, find, shipped
    except ImportError:
        raise CommandError(EXTRA) from None
    path = shipped().get(name, Path(name))
    told: dict[str, Any] = {"id": "", "revision": "", "faults": [], "profile": None}
    try:
        loaded = find(name)
    except ScreenProfileError as error:
        if not error.faults:
            raise CommandError(str(error)) from None
        told["faults"] = [{"key": key, "text": text} for key, text in faults_of(error)]
    else:
        told |= {"id": loaded.profile.id, "revision": loaded.revision}
    return told | {"profile": tomllib.loads(path.read_text(encoding="utf-8"))}


def _in_words(value: dict[str, Any]) -> str:
    if not value["faults"]:
        return f"{value['id']}: nothing is wrong with it"
    return "\n".join(f"{one['key']}: {one['text']}" for one in value["faults"])
