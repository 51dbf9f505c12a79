"""The `read` command: what the reader sees in files, as JSON or as a table. Nothing is stored."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import click

from dosebook_central.imports.collect import EntryReader, list_entries
from dosebook_central.imports.objects import objects_in
from dosebook_central.imports.zips import EntryError
from dosebook_central.terminal import say
from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.reading import Outcome, Reading
from dosebook_protocol.report import report, to_json


def readings(paths: Sequence[Path]) -> Iterator[tuple[str, str, Reading]]:
    """Yield path, SHA-256 of the file's object and reading; every file gives at least one."""
    reader = EntryReader()
    try:
        for path in paths:
            for entry in list_entries([path]):
                name = str(path) if path.is_file() and not entry.members else str(path / entry.name)
                try:
                    data = reader.read(entry)
                except EntryError as error:
                    yield name, "", _refused(str(error))
                    continue
                found = objects_in(data)
                if not found:
                    yield name, sha256(data).hexdigest(), _no_dicom()
                for number, one in enumerate(found, 1):
                    shown = name if len(found) == 1 else f"{name}#{number}"
                    # The hash is that of the file as it lies there, pixels included.
                    digest = sha256(data if len(found) == 1 else one.data).hexdigest()
                    yield shown, digest, read_object(one.data, one.media_type)
    finally:
        reader.close()


def print_json(paths: Sequence[Path]) -> None:
    """Print a JSON array with one document an object, as they are read."""
    click.echo("[", nl=False)
    separator = "\n"
    for path, digest, reading in readings(paths):
        click.echo(separator + to_json(report(reading, path, digest)), nl=False)
        separator = ",\n"
    click.echo("\n]")


def print_table(paths: Sequence[Path]) -> None:
    """Print a line an object: outcome, kind, events and stated totals, or the reason."""
    for path, _, reading in readings(paths):
        if reading.outcome is Outcome.READ:
            totals = ", ".join(
                f"{total.value.quantity} {total.value.value} {total.value.unit}"
                for total in reading.totals
            )
            text = f"{reading.kind}, {len(reading.events)} events{'; ' if totals else ''}{totals}"
        else:
            text = reading.reason
        say(f"{reading.outcome.value:<12} {path}: {text}")


def _no_dicom() -> Reading:
    return Reading(
        outcome=Outcome.NO_DOSE, kind="other", reader="read", reason="not a DICOM object"
    )


def _refused(reason: str) -> Reading:
    return Reading(outcome=Outcome.QUARANTINED, kind="other", reader="read", reason=reason)
