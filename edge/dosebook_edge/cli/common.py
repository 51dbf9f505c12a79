"""What every command shares: where the configuration is, output, and exit codes."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from dosebook_edge.config import ConfigError, Loaded, load
from dosebook_edge.folder import IDENTITY

FAILED: Final = 1
DEGRADED: Final = 3

F = TypeVar("F", bound=Callable[..., Any])

json_option: Final = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class CommandError(click.ClickException):
    """An expected failure: one sentence on standard error, exit code 1."""


@dataclass
class Context:
    """Configuration of the box that the commands are about; read when first needed."""

    path: Path

    @cached_property
    def loaded(self) -> Loaded:
        """The valid configuration, or an error for the terminal."""
        try:
            return load(self.path)
        except ConfigError as error:
            raise CommandError(str(error)) from None

    @property
    def data_dir(self) -> Path:
        """Folder of the box."""
        return self.loaded.settings.box.data_dir

    @property
    def identity_dir(self) -> Path:
        """Folder of the identity."""
        return self.data_dir / IDENTITY

    @property
    def box_id(self) -> str:
        """The id in the configuration."""
        return self.loaded.settings.box.id


def show(value: Any, *, as_json: bool, text: Callable[[], str]) -> None:
    """Print one result for a program or for a person."""
    click.echo(json.dumps(value, indent=2, default=str) if as_json else text())


def table(rows: Sequence[tuple[str, ...]], head: tuple[str, ...]) -> str:
    """Columns as wide as their widest cell."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [head, *rows]
    ]
    return "\n".join(lines)


def factor_of(text: str) -> Decimal:
    """The calibration factor of an option; raises `click.UsageError`."""
    try:
        factor = Decimal(text)
    except InvalidOperation:
        factor = Decimal("NaN")
    if not factor.is_finite() or factor <= 0:
        raise click.UsageError(f"--factor {text!r} is no calibration factor: a number like 1.043")
    return factor
