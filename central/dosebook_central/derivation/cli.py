"""`dosebook-registry recompute` and `dosebook-registry derived …`."""

import csv
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import click

from dosebook_central.derivation.difference import (
    ALL,
    STORED,
    Change,
    Line,
    Report,
    Side,
    difference,
)
from dosebook_central.derivation.process import Processes
from dosebook_central.derivation.recompute import Progress, derive_again, try_sets
from dosebook_central.derivation.rules import RulesInForce
from dosebook_central.derivation.trial import with_sets
from dosebook_central.ingest.recompute import Recomputer, Reread
from dosebook_central.registry import Registry
from dosebook_central.store.derivation_due import work_state

_TELL_EVERY_S: Final = 0.5
_NOW: Final = "now"
_SIDES: Final = f"{', '.join(STORED)}, {_NOW}, or sets by id, joined by commas"
_SINCE: Final = click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), help="Only exams made since that day."
)
_JOBS: Final = click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    help="Processes.  [default: one a core with PostgreSQL, one with SQLite]",
)


@click.command("recompute")
@click.option("--set", "set_ids", multiple=True, metavar="ID", help="Try this set; repeatable.")
@_SINCE
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would change.")
@_JOBS
@click.option("--continue", "goes_on", is_flag=True, help="Go on where a run was ended.")
@click.option("--readings", is_flag=True, help="Read the archive again first, by a newer reader.")
@click.option("--all", "everything", is_flag=True, help="With --readings: what it read itself too.")
@click.pass_obj
def recompute(
    registry: Registry,
    set_ids: tuple[str, ...],
    since: datetime | None,
    jobs: int | None,
    *,
    dry_run: bool,
    goes_on: bool,
    readings: bool,
    everything: bool,
) -> None:
    """Derive doses again; earlier versions stay beside the new ones.

    With the sets in force, what changes becomes the exam's dose. With --set the named sets are
    tried: versions are added beside those in force and no exam's dose changes.
    """
    _refuse(
        ("--all needs --readings", everything and not readings),
        ("--readings cannot be used with --set or --dry-run", readings and (set_ids or dry_run)),
        ("--continue cannot be used with --set, --dry-run or --since",
         goes_on and (set_ids or dry_run or since)),
    )  # fmt: skip
    if readings:
        _reread(registry, since, everything=everything)
    day = since.date() if since else None
    jobs = jobs or _default_jobs(registry)
    if dry_run:
        processes = Processes(registry.data_dir, jobs)
        sides = (Side("in-force"), Side(None, set_ids))
        report = difference(processes, registry.engine, sides, day, _told("exams"))
        click.echo("", err=True)
        _print(report)
        click.echo(f"{report.changed} of {report.exams} exams would get a version; none was added.")
        return
    processes = Processes(registry.data_dir, jobs, set_ids)
    if set_ids:
        with registry.engine.connect() as connection:
            rules = with_sets(RulesInForce()(connection), set_ids)
        count = try_sets(processes, registry.engine, rules.library, day, _told("exams"))
    else:
        count = derive_again(
            processes, registry.writer, day, _told("exams"), goes_on=goes_on or readings
        )
    click.echo("", err=True)
    click.echo(f"{count.taken} exams derived, {count.new} versions added, {count.failed} failed")
    if count.failed:
        sys.exit(3)


@click.group()
def derived() -> None:
    """Derived doses: what waits, and what differs between versions and sets."""


@derived.command()
@click.pass_obj
def status(registry: Registry) -> None:
    """Count the exams that wait for their derivation, and those that failed."""
    with registry.engine.connect() as connection:
        state = work_state(connection)
    click.echo(f"new evidence     {state.arrived}")
    click.echo(f"recomputation    {state.later}")
    click.echo(f"failed           {state.failed}")
    if state.oldest is not None:
        click.echo(f"waiting since    {state.oldest.isoformat(timespec='seconds')}")


@derived.command("difference")
@click.option("--from", "before", required=True, help=f"One side: {_SIDES}.")
@click.option("--to", "after", required=True, help="The other side, likewise.")
@_SINCE
@_JOBS
@click.option("--csv", "as_csv", is_flag=True, help="CSV of quantities and procedures.")
@click.pass_obj
def difference_(
    registry: Registry,
    before: str,
    after: str,
    since: datetime | None,
    jobs: int | None,
    *,
    as_csv: bool,
) -> None:
    """Compare stored versions, or sets, value by value; nothing is written.

    Sets are computed for the comparison: of each kind named, the named sets alone hold.
    """
    sides = (_side(before), _side(after))
    with registry.engine.connect() as connection:
        rules = RulesInForce()(connection)
    for side in sides:
        with_sets(rules, side.set_ids)  # an unknown set is told before anything is computed
    report = difference(
        Processes(registry.data_dir, jobs or _default_jobs(registry)),
        registry.engine,
        sides,
        since.date() if since else None,
        _told("exams"),
    )
    click.echo("", err=True)
    if as_csv:
        _print_csv(report)
    else:
        _print(report)
        click.echo(f"{report.changed} of {report.exams} exams differ.")


def _reread(registry: Registry, since: datetime | None, *, everything: bool) -> None:
    def tell(progress: Reread) -> None:
        click.echo(f"\r{progress.done} of {progress.total} records", nl=False, err=True)

    moment = since.replace(tzinfo=UTC) if since else None
    result = Recomputer(registry.engine, registry.evidence).run(
        moment, everything=everything, tell=tell
    )
    click.echo("", err=True)
    click.echo(f"{result.done} records read again with the present reader")
    for record_id in result.lost:
        click.echo(f"evidence of record {record_id} is not in the store", err=True)
    if result.lost:
        sys.exit(3)


def _refuse(*conflicts: tuple[str, Any]) -> None:
    for sentence, is_so in conflicts:
        if is_so:
            raise click.UsageError(sentence)


def _default_jobs(registry: Registry) -> int:
    from dosebook_central.store.engine import is_sqlite

    return 1 if is_sqlite(registry.engine) else os.cpu_count() or 1


def _side(text: str) -> Side:
    for stored in STORED:
        if text == stored:
            return Side(stored)
    return Side(None, () if text == _NOW else tuple(text.split(",")))


def _told(what: str) -> Callable[[Progress], None]:
    """Tell how far it is, how fast it goes and how long it takes yet, on one line."""
    start = time.monotonic()
    last = [0.0]

    def tell(progress: Progress) -> None:
        now = time.monotonic()
        if now - last[0] < _TELL_EVERY_S and progress.done < progress.total:
            return
        last[0] = now
        rate = progress.done / max(now - start, 1e-6)
        left = max(progress.total - progress.done, 0) / rate if rate else 0
        share = progress.done / progress.total if progress.total else 1
        bar = "█" * round(20 * min(share, 1))
        click.echo(
            f"\r{bar:<20} {progress.done:,} of {progress.total:,} {what}  {rate:,.0f}/s  "
            f"{int(left // 60)}:{int(left % 60):02} left ",
            nl=False,
            err=True,
        )

    return tell


def _print(report: Report) -> None:
    head = ("quantity", "procedure", "both", "same", "P5", "median", "P95", "lost", "gained")
    click.echo(_row(head))
    for line in report.lines:
        click.echo(_row(_cells(line)))
    if report.largest:
        click.echo("\nLargest changes (exam, value before, after):")
    for change in report.largest:
        click.echo(f"  {change.exam_id}  {change.quantity:<24} {_values(change)}")


def _print_csv(report: Report) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(
        "quantity unit procedure both unchanged ratio_p5 ratio_median ratio_p95 "
        "only_before only_after".split()
    )
    for line in report.lines:
        quantity, procedure, both, same, *ratios, lost, gained = _cells(line)
        writer.writerow([quantity, line.unit, procedure, both, same, *ratios, lost, gained])


def _cells(line: Line) -> tuple[str, ...]:
    ratios = ("" if one is None else f"{one:.3f}" for one in (line.p5, line.median, line.p95))
    procedure = line.procedure_id or "unmapped"
    counts = str(line.count), str(line.unchanged)
    return (line.quantity, procedure, *counts, *ratios, str(line.only_before), str(line.only_after))


def _values(change: Change) -> str:
    return f"{change.before:g} → {change.after:g} {change.unit}"


def _row(cells: tuple[str, ...]) -> str:
    quantity, procedure, *numbers = cells
    mark = " " if procedure == ALL else "  "
    return f"{quantity:<24}{mark}{procedure:<28}" + "".join(f"{one:>9}" for one in numbers)
