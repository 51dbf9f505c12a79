"""A virtual X server whose screen lies in a file, as a console's monitor for tests."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.programs import need_program
from tests.support.waiting import eventually


@dataclass(frozen=True, slots=True)
class VirtualScreen:
    """A running server: the name of its display, and the file that holds its pixels."""

    display: str
    file: Path


@contextmanager
def x_server(program: Path, *options: str) -> Iterator[int]:
    """Run an X server until the block ends; the number of its display, once it takes clients."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        [program, "-displayfd", str(writing), *options, "-nolisten", "tcp", "-noreset"],
        pass_fds=(writing,),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        assert number, f"{program.name} did not start"
        yield int(number)
    finally:
        server.terminate()
        server.wait(10)


@contextmanager
def virtual_screen(folder: Path, width: int, height: int) -> Iterator[VirtualScreen]:
    """Run Xvfb with one screen of that size until the block ends; skips where it is missing."""
    program = need_program("Xvfb", "xvfb")
    folder.mkdir(exist_ok=True)
    options = ["-screen", "0", f"{width}x{height}x24", "-fbdir", str(folder)]
    with x_server(program, *options) as number:
        file = folder / "Xvfb_screen0"
        eventually(file.is_file, what="the framebuffer file")
        yield VirtualScreen(f":{number}", file)
