"""The import command's output: a line for each file that is not plainly stored, then counts."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from dosebook_central.imports.importer import Importer, Progress


def import_paths(
    importer: Importer, paths: Sequence[Path], created_by: str, *, quiet: bool
) -> bool:
    """Import and tell; False where something stands in quarantine."""
    counts: Counter[str] = Counter()

    def tell(progress: Progress) -> None:
        for one in progress.outcomes:
            counts[one.outcome] += 1
            if not quiet:
                click.echo(f"{one.outcome:<12} {one.name}{f': {one.reason}' if one.reason else ''}")
        click.echo(f"\r{progress.done} of {progress.total} files ", nl=False, err=True)

    job_id = importer.run(paths, created_by, tell)
    click.echo("", err=True)
    shown = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    click.echo(f"import {job_id}: {shown or 'nothing found'}")
    return counts["quarantined"] == 0
