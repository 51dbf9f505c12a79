"""`dosebook-simulate screen`: draw the dose screen of an invented console."""

import json
import sys
from pathlib import Path
from random import Random
from typing import Any

import click

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
@click.option("--json", "as_json", is_flag=True, help="Print what is truly on the screen.")
def screen_command(
    *, layout: str, out: Path | None, dicom: Path | None, display: str | None, **how: Any
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
    truth = _draw(layout, out, dicom, display, **how)
    if how["as_json"]:
        click.echo(json.dumps(truth, ensure_ascii=False, indent=1))


def _draw(
    layout: str,
    out: Path | None,
    dicom: Path | None,
    display: str | None,
    *,
    seed: int,
    language: str,
    mark: str,
    damage: str,
    vendor: str,
    as_json: bool,
) -> dict[str, Any]:
    from dosebook_edge.simulate.scene import make_scene, to_bytes
    from dosebook_edge.simulate.screens.capture import dose_capture, visit_of
    from dosebook_edge.simulate.screens.damage import damaged
    from dosebook_edge.simulate.screens.display import DisplayError, XDisplay
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
    if out is not None:
        screen.picture.save(out, "PNG")
    if dicom is not None:
        dicom.write_bytes(to_bytes(dose_capture(rng, scene, screen, at=scene.after(600))))
    if display is not None:
        try:
            with XDisplay(display) as shown:
                shown.show(screen.picture)
                sys.stdin.readline()
        except DisplayError as error:
            raise click.ClickException(str(error)) from None
    if out is None and dicom is None and display is None and not as_json:
        raise click.UsageError("say what to do with it: --out, --dicom, --display or --json")
    return screen.truth()
