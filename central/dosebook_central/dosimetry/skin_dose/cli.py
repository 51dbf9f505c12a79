"""`dosebook-registry skin-dose …`: compute, watch and read skin doses without a page."""

import json
from typing import Any, Final

import click

from dosebook_central.registry import Registry

_JSON: Final = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group("skin-dose")
def skin_dose() -> None:
    """Peak skin doses and their maps."""


@skin_dose.command()
@click.pass_obj
def run(registry: Registry) -> None:
    """Compute every skin dose that is due, then end; what runs beside it computes alone."""
    from dosebook_central.dosimetry.skin_dose.jobs import SkinDoseJobs

    jobs = SkinDoseJobs(registry.engine, registry.data_dir)
    found = 0
    while count := jobs.find_due():
        found += count
    computed = 0
    while jobs.compute_one():
        computed += 1
    click.echo(f"{found} exams were due, {computed} maps were computed.")


@skin_dose.command()
@_JSON
@click.pass_obj
def status(registry: Registry, *, as_json: bool) -> None:
    """Say what computes, how many skin doses wait, and how those that do not ended."""
    from dosebook_central.dosimetry.skin_dose.request import software_text
    from dosebook_central.dosimetry.skin_dose.runner import engine_version
    from dosebook_central.store import skin_dose as store

    with registry.engine.connect() as connection:
        counts = store.counts(connection)
    software = software_text(engine_version())
    if as_json:
        click.echo(json.dumps({"software": software, "states": counts}))
        return
    click.echo(software)
    for state in ("queued", "running", "done", "refused", "failed"):
        click.echo(f"{state:<8} {counts.get(state, 0)}")


@skin_dose.command()
@click.argument("exam_id", metavar="EXAM")
@_JSON
@click.pass_obj
def show(registry: Registry, exam_id: str, *, as_json: bool) -> None:
    """Show the peak skin dose of an exam with what it assumes, or why there is none."""
    from dosebook_central.store import skin_dose as store

    with registry.engine.connect() as connection:
        row = store.latest(connection, exam_id)
    if row is None:
        raise click.ClickException(f"no skin dose is known of exam {exam_id}: see skin-dose run")
    is_final = row.state in ("done", "refused")
    told: dict[str, Any] = {"exam": exam_id, "state": row.state, "reason": row.reason}
    told["result"] = json.loads(row.result) if is_final else None
    if as_json:
        click.echo(json.dumps(told))
        return
    click.echo(f"{row.state}{f': {row.reason}' if row.reason else ''}")
    if row.state == "done":
        _tell_result(row.result)


def _tell_result(text: str) -> None:
    from dosebook_central.dosimetry.skin_dose.model import result_from_text
    from dosebook_central.dosimetry.skin_dose.skin_map import side_of

    result = result_from_text(text)
    bound = "at least " if result.is_lower_bound else ""
    place = side_of(result.map, result.peak_column)
    click.echo(f"Peak skin dose: {bound}{result.peak_mgy} mGy, {place} of the phantom")
    click.echo(
        f"On the map: {len(result.events)} of {result.event_count} events that delivered dose, "
        f"{result.kerma_percent} % of the Ka,r"
    )
    for one in result.unused:
        click.echo(f"  not on the map: event {one.event}, {one.reason}")
    for assumption in result.assumptions:
        click.echo(f"{assumption.topic}: {assumption.text}")
    click.echo(f"{result.software}; input {result.input_sha256[:16]}")
