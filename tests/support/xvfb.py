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
def virtual_screen(folder: Path, width: int, height: int) -> Iterator[VirtualScreen]:
    """Run Xvfb with one screen of that size until the block ends; skips where it is missing."""
    program = need_program("Xvfb", "xvfb")
    folder.mkdir(exist_ok=True)
    reading, writing = os.pipe()
    options = ["-screen", "0", f"{width}x{height}x24", "-fbdir", str(folder)]
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
        assert number, "Xvfb did not start"
        file = folder / "Xvfb_screen0"
        eventually(file.is_file, what="the framebuffer file")
        yield VirtualScreen(f":{number}", file)
    finally:
        server.terminate()
        server.wait(10)
