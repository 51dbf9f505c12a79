"""The import command's output: a line for each file that is not plainly stored, then counts."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from dosebook_central.imports.importer import Importer, Progress
from dosebook_central.imports.outcome import UNFINISHED
from dosebook_central.ingest.receipts import sign_answer
from dosebook_central.terminal import say
from dosebook_protocol.bundle import Kind, write_bundle
from dosebook_protocol.cose import Signer
from dosebook_protocol.record import Receipts


def import_paths(
    importer: Importer,
    paths: Sequence[Path],
    created_by: str,
    on_receipts: Callable[[Receipts], None],
    *,
    quiet: bool,
) -> bool:
    """Import and tell; False where something stands in quarantine or could not be read."""
    counts: Counter[str] = Counter()

    def tell(progress: Progress) -> None:
        for one in progress.outcomes:
            counts[one.outcome] += 1
            if not quiet:
                say(f"{one.outcome:<12} {one.name}{f': {one.reason}' if one.reason else ''}")
        click.echo(f"\r{progress.done} of {progress.total} files ", nl=False, err=True)

    job_id = importer.run(paths, created_by, tell, on_receipts)
    click.echo("", err=True)
    shown = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    click.echo(f"import {job_id}: {shown or 'nothing found'}")
    return UNFINISHED.isdisjoint(counts)


def write_receipts(path: Path, receipts: Sequence[Receipts], signer: Signer) -> None:
    """Write signed receipts for the records that one box exported, to be carried to the box."""
    boxes = sorted({one.box_id for one in receipts})
    if len(boxes) != 1:
        what = f"records of {', '.join(boxes)}" if boxes else "no records of a box"
        raise click.ClickException(
            f"no receipts are written: there were {what}. Import the export of one box, as often "
            "as you like: what is stored is recognised"
        )
    signed = [sign_answer(signer, one).payload for one in receipts]
    try:
        write_bundle(path, Kind.RECEIPTS, boxes[0], enumerate(signed, 1))
    except OSError as error:
        raise click.ClickException(f"the receipts cannot be written: {error}") from None
    click.echo(f"{path} holds the receipts. At box {boxes[0]}:")
    click.echo(f"  dosebook-box outbox import-receipts {path.name}")
