"""`dosebook-registry screens …`: what waits for a person, and cases for the reader."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from dosebook_central.registry import Registry
from dosebook_central.terminal import actor


@click.group()
def screens() -> None:
    """Values that boxes read from screens."""


@screens.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def numbers(registry: Registry, *, as_json: bool) -> None:
    """Say per profile and month how many values were released, reviewed, corrected and wrong."""
    from dosebook_central.store.queries.screens import tallies

    with registry.engine.connect() as connection:
        found = [asdict(one) for one in tallies(connection)]
    if as_json:
        click.echo(json.dumps(found))
        return
    if not found:
        click.echo("No value was read from a screen yet.")
    for one in found:
        counts = ", ".join(
            f"{value} {name}" for name, value in one.items() if name not in {"month", "profile"}
        )
        click.echo(f"{one['month']} {one['profile'] or 'no profile'}: {counts}")


@screens.command("export-cases")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.pass_obj
def export_cases(registry: Registry, file: Path) -> None:
    """Write the crops that persons corrected, with what they say, to a ZIP for the reader's tests.

    Whatever shows a patient is black; no case names a patient, an exam or a box.
    """
    from dosebook_central.audit import log
    from dosebook_central.screens.export import cases, written
    from dosebook_central.screens.opening import Screens

    with registry.engine.connect() as connection:
        found = list(cases(connection, Screens(registry.evidence).open))
    told = log.Act(actor(), "screen.export", "screen_value", detail={"cases": len(found)})
    log.record(registry.engine, told)
    file.write_bytes(written(found))
    click.echo(f"{len(found)} cases in {file}.")


@screens.command("export-confirmed")
@click.argument("box")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.pass_obj
def export_confirmed(registry: Registry, box: str, file: Path) -> None:
    """Write what persons confirmed of a BOX's lossless screens to a signed file for that box.

    It holds crops of fields, texts and who confirmed them, and no patient. At the box:
    dosebook-box screen take FILE.
    """
    from dosebook_central.audit import log
    from dosebook_central.screens.for_box import confirmed_for
    from dosebook_central.screens.opening import Screens
    from dosebook_protocol.screen_confirmed import encode_confirmed

    with registry.engine.connect() as connection:
        opening = Screens(registry.evidence).open
        found = confirmed_for(connection, opening, box, datetime.now(UTC))
    if not found.values:
        raise click.ClickException(
            f"nobody has confirmed a value of a lossless screen of box {box!r} here"
        )
    detail = {"values": len(found.values), "box": box}
    log.record(registry.engine, log.Act(actor(), "screen.export", "screen_value", detail=detail))
    file.write_bytes(registry.credentials.signer.sign(encode_confirmed(found)))
    click.echo(f"{len(found.values)} confirmed values in {file}. At box {box}:")
    click.echo(f"  dosebook-box screen take {file.name}")
