"""Lines for a person's terminal, of which parts come from files that anybody made."""

import getpass
import re
from typing import Final

import click

# C0 and C1 with the escape that commands a terminal, line ends, and marks that turn text around.
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def say(line: str) -> None:
    """Print one line; what would command the terminal or begin another line is shown as `�`."""
    click.echo(_CONTROLS.sub("�", line))


def actor() -> str:
    """Who the activity log names where a command acted."""
    return f"cli:{getpass.getuser()}"
