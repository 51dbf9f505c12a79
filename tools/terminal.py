"""Speak to the person at the terminal, and run programs for them."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class ToolError(Exception):
    """Something that a person has to put right: what happened, to what, and the cure."""


def say(text: str) -> None:
    """Print one line of progress."""
    print(f"· {text}", flush=True)


def run(
    command: Sequence[str | Path],
    *,
    what: str,
    cwd: Path = ROOT,
    environment: Mapping[str, str] | None = None,
    quiet: bool = True,
) -> None:
    """Run a program to its end, printing what and how long; raises `ToolError` with its output."""
    say(f"{what} …")
    start = time.monotonic()
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        check=False,
    )
    if result.returncode:
        tail = "\n".join((result.stdout or "").splitlines()[-25:])
        shown = " ".join(str(part) for part in command)
        raise ToolError(f"{tail}\n{what}: failed with {result.returncode}.\nCommand: {shown}")
    say(f"{what}: done in {time.monotonic() - start:.1f} s")


def replace_process(command: Sequence[str | Path], environment: Mapping[str, str]) -> None:
    """Become another program, so that signals reach it and its exit status is ours."""
    sys.stdout.flush()
    os.chdir(ROOT)
    os.execvpe(str(command[0]), [str(part) for part in command], {**os.environ, **environment})
