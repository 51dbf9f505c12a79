"""`dosebook-simulate screen`: draw the dose screen of an invented console."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from dosebook_edge.simulate.screens.truth import Screen

_EXTRA = "drawing screens needs Pillow and numpy: pip install 'dosebook-edge[screen]'"


@click.command("screen")
@click.argument("layout", required=False, default="")
@click.option("--seed", default=1, show_default=True, help="The same seed draws the same pixels.")
@click.option("--language", default="en", show_default=True, help="en fr de it es pl ja.")
@click.option(
    "--mark",
    default=".",
    show_default=True,
    type=click.Choice([".", ","]),
    help="Decimal mark.",
)
@click.option("--damage", default="lossless", show_default=True, help="lossless, grab or photo.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write a PNG.")
@click.option(
    "--dicom", type=click.Path(dir_okay=False, path_type=Path), help="Write a secondary capture."
)
@click.option("--vendor", default="ge-ct", show_default=True, help="Whose header it has.")
@click.option("--display", help="Show on this X display, as :99, until Enter is pressed.")
@click.option(
    "--framebuffer",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Show in this file, which a box reads as xwd:FILE.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what is truly on the screen.")
def screen_command(
    *,
    layout: str,
    out: Path | None,
    dicom: Path | None,
    framebuffer: Path | None,
    display: str | None,
    as_json: bool,
    **how: Any,
) -> None:
    """Draw the dose screen LAYOUT; without one, list the layouts.

    Send a secondary capture with `dosebook-simulate files FILE --to HOST:PORT`.
    """
    try:
        from dosebook_edge.simulate.screens.gallery import LAYOUTS
    except ImportError:
        raise click.ClickException(_EXTRA) from None
    if not layout:
        click.echo("\n".join(LAYOUTS))
        return
    if not (out or dicom or framebuffer or display or as_json):
        raise click.UsageError(
            "say what to do with it: --out, --dicom, --framebuffer, --display or --json"
        )
    screen, capture = _drawn(layout, **how)
    if out is not None:
        screen.picture.save(out, "PNG")
    if dicom is not None:
        dicom.write_bytes(capture())
    if framebuffer is not None:
        from dosebook_edge.simulate.screens.framebuffer import FramebufferFile

        FramebufferFile(framebuffer).show(screen.picture)
    if display is not None:
        _show(screen, display)
    if as_json:
        click.echo(json.dumps(screen.truth(), ensure_ascii=False, indent=1))


def _drawn(
    layout: str, *, seed: int, language: str, mark: str, damage: str, vendor: str
) -> tuple["Screen", Callable[[], bytes]]:
    """The screen, and what makes the file of its secondary capture."""
    from dosebook_edge.simulate.scene import make_scene, to_bytes
    from dosebook_edge.simulate.screens.capture import dose_capture, visit_of
    from dosebook_edge.simulate.screens.damage import damaged
    from dosebook_edge.simulate.screens.faces import FontMissingError
    from dosebook_edge.simulate.screens.gallery import draw
    from dosebook_edge.simulate.vendors import VENDORS

    if vendor not in VENDORS:
        raise click.UsageError(f"no vendor {vendor!r}: see dosebook-simulate list")
    rng = Random(f"{seed}:capture:{vendor}")
    scene = make_scene(rng, VENDORS[vendor], description="Dose screen")
    try:
        visit = visit_of(rng, scene)
        screen = damaged(
            draw(layout, seed, language=language, mark=mark, visit=visit), damage, seed
        )
    except (ValueError, FontMissingError) as error:
        raise click.ClickException(str(error)) from None
    return screen, lambda: to_bytes(dose_capture(rng, scene, screen, at=scene.after(600)))


def _show(screen: "Screen", display: str) -> None:
    from dosebook_edge.simulate.screens.display import DisplayError, XDisplay

    try:
        with XDisplay(display) as shown:
            shown.show(screen.picture)
            sys.stdin.readline()
    except DisplayError as error:
        raise click.ClickException(str(error)) from None
