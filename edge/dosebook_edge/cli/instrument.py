"""`dosebook-box instrument list | test`: which instruments are known, the proof of a profile."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dosebook_edge.cli.common import (
    DEGRADED,
    FAILED,
    CommandError,
    factor_of,
    json_option,
    show,
    table,
)
from dosebook_edge.cli.instrument_line import COMMANDS

if TYPE_CHECKING:
    from dosebook_edge.capture.instrument.catalogue.proof import Proof
    from dosebook_edge.capture.instrument.profile.model import Profile
    from dosebook_edge.capture.instrument.reading import Answer, Notice


@click.group()
def instrument() -> None:
    """Dosimeters and monitors, each described by a profile."""


@instrument.command("list")
@json_option
def list_profiles(*, as_json: bool) -> None:
    """List the profiles that come with the box, with how far each is known.

    documented: from the maker's paper; seen in code: somebody's program talks to it so;
    site-filled: to be completed by the site before it is used.
    """
    from dosebook_edge.capture.instrument.catalogue.loader import ProfileError, load, shipped

    try:
        profiles = [load(path) for path in shipped().values()]
    except ProfileError as error:
        raise CommandError(str(error)) from None
    rows = [
        (one.id, f"{one.maker} {one.model}", one.engine, one.status, ", ".join(one.measures))
        for one in profiles
    ]
    head = ("profile", "instrument", "engine", "status", "measures")
    show([_described(one) for one in profiles], as_json=as_json, text=lambda: table(rows, head))


@instrument.command()
@click.argument("profile")
@click.argument("capture", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--factor", default="1", show_default=True, help="Calibration factor.")
@json_option
def test(profile: str, capture: Path, *, factor: str, as_json: bool) -> None:
    """Prove PROFILE, an id or a .toml file, against the bytes of CAPTURE.

    CAPTURE holds the bytes that came, or a transcript with the questions too (its first line is
    "# transcript"). It is read whole, byte by byte, and cut in two at every boundary (at
    fewer of a file beyond 2000 bytes): the readings have to be the same.

    Exit code 0 when all bytes gave readings, 3 when some gave a notice, 1 when none gave a
    reading or a cut changed one.
    """
    from dosebook_edge.capture.instrument.catalogue.loader import ProfileError, find
    from dosebook_edge.capture.instrument.catalogue.proof import prove_capture
    from dosebook_edge.capture.instrument.wire.transcript import TranscriptError, read_capture

    try:
        found = find(profile)
        steps, told_questions = read_capture(capture.read_bytes())
    except ProfileError as error:
        raise CommandError(str(error)) from None
    except TranscriptError as error:
        raise CommandError(f"{capture}: {error}") from None
    proof = prove_capture(found, steps, told_questions=told_questions, factor=factor_of(factor))
    value = _proof_value(found, proof)
    show(value, as_json=as_json, text=lambda: _proof_text(value))
    if not value["readings"] or value["differing_cuts"]:
        sys.exit(FAILED)
    if value["notices"]:
        sys.exit(DEGRADED)


for command in COMMANDS:
    instrument.add_command(command)


def _described(profile: "Profile") -> dict[str, Any]:
    keys = {"id", "maker", "model", "category", "engine", "status", "sources", "notes", "transport"}
    return profile.model_dump(mode="json", include=keys) | {"measures": profile.measures}


def _proof_value(profile: "Profile", proof: "Proof") -> dict[str, Any]:
    from dosebook_edge.capture.instrument.reading import Answer

    outcomes = [
        _answer(time, one) if isinstance(one, Answer) else _notice(time, one)
        for time, one in proof.outcomes
    ]
    return {
        "profile": profile.id,
        "status": profile.status,
        "readings": sum(len(one.get("readings", ())) for one in outcomes),
        "notices": sum("notice" in one for one in outcomes),
        "cuts": proof.cuts,
        "all_boundaries": proof.all_cuts,
        "differing_cuts": list(proof.differing),
        "outcomes": outcomes,
    }


def _where(time: str, one: "Answer | Notice") -> dict[str, Any]:
    from dosebook_edge.capture.instrument.profile.fields import escape

    return {"time": time, "offset": one.offset, "bytes": escape(one.raw), "hex": one.raw.hex()}


def _answer(time: str, one: "Answer") -> dict[str, Any]:
    readings = [
        {
            "name": reading.name,
            "quantity": reading.quantity,
            "text": reading.text,
            "value": str(reading.value),
            "unit": reading.unit,
            "unit_from": reading.unit_from,
            "raw": str(reading.raw),
            "corrected": str(reading.corrected),
            "stored_unit": reading.stored_unit,
            "counter": reading.counter,
        }
        for reading in one.readings
    ]
    said = {"telegram": one.telegram, "states": list(one.states), "facts": dict(one.facts)}
    return _where(time, one) | said | {"readings": readings}


def _notice(time: str, one: "Notice") -> dict[str, Any]:
    return _where(time, one) | {"notice": one.kind, "text": one.text}


def _proof_text(value: dict[str, Any]) -> str:
    lines = [line for one in value["outcomes"] for line in _outcome_lines(one)]
    some = f"{value['cuts']} boundaries, and byte by byte"
    where = "every boundary" if value["all_boundaries"] else some
    verdict = (
        f"DIFFERENT when cut at {value['differing_cuts'][:10]}"
        if value["differing_cuts"]
        else f"the same when cut at {where}"
    )
    lines.append(
        f"{value['profile']} ({value['status']}): {value['readings']} readings, "
        f"{value['notices']} notices; {verdict}"
    )
    return "\n".join(lines)


def _outcome_lines(one: dict[str, Any]) -> list[str]:
    place = f"{one['time']} {one['offset']:>6}".strip().rjust(6)
    if "notice" in one:
        return [f"{place}  {one['notice']}: {one['text']}", f"        bytes  {one['bytes']}"]
    states = f"  [{', '.join(one['states'])}]" if one["states"] else ""
    lines = [f"{place}  {one['telegram']}{states}"]
    for reading in one["readings"]:
        corrected = reading["corrected"]
        lines.append(
            f"        {reading['name']} {reading['text']} {reading['unit']} "
            f"= {reading['raw']} {reading['stored_unit']}"
            + (f", corrected {corrected}" if corrected != reading["raw"] else "")
            + (f" (counter {reading['counter']})" if reading["counter"] else "")
        )
    return [*lines, f"        bytes  {one['bytes']}"]
