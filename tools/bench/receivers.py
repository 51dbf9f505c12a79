"""The box and DCMTK's storescp as processes, and DCMTK's storescu that sends to either."""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

from tests.support.network import accepts
from tests.support.programs import find_program
from tools.site.box import Box
from tools.site.ports import free_port
from tools.site.program import wait
from tools.terminal import ToolError

AE_TITLE: Final = "CT_BOX"
SOURCE: Final = "ct"
NO_NAGLE: Final[Mapping[str, str]] = {"TCP_NODELAY": "1"}
"""Makes DCMTK's tools send small segments at once; by default they do not."""

_WITHOUT_UPLINK: Final = "[uplink]\nenabled = false\n"


@contextmanager
def running_box(folder: Path) -> Iterator[Box]:
    """`dosebook-box run` as it is installed, without an uplink: capture and outbox alone."""
    box = Box(folder, "bench-box", ((SOURCE, AE_TITLE),), settings=_WITHOUT_UPLINK)
    box.start()
    try:
        yield box
    finally:
        box.stop()


@contextmanager
def running_storescp(folder: Path, environment: Mapping[str, str]) -> Iterator[int]:
    """DCMTK storescp, one process for each association; gives its port."""
    folder.mkdir(parents=True)
    port = free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program("storescp"), "--fork", "-od", str(folder), str(port)],
            stdout=log,
            stderr=log,
            env={**os.environ, **environment},
        )
    try:
        wait(lambda: accepts(port), 20, "storescp listens")
        yield port
    finally:
        process.terminate()
        process.wait(10)


def send(port: int, folders: Sequence[Path], environment: Mapping[str, str] | None = None) -> float:
    """Send each folder over an association of its own, all at once; returns the seconds it took."""
    command = [program("storescu"), "-aec", AE_TITLE, "+sd", "-R", "127.0.0.1", str(port)]
    start = time.perf_counter()
    senders = [
        subprocess.Popen(
            [*command, str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )
        for folder in folders
    ]
    said = [sender.communicate(timeout=80)[0] for sender in senders]
    seconds = time.perf_counter() - start
    for sender, text in zip(senders, said, strict=True):
        # storescu ends with 0 also where single objects were refused.
        if sender.returncode or b"Failed" in text or b"Refused" in text:
            raise ToolError(f"storescu: {text.decode(errors='replace')[-2000:]}")
    return seconds


def cpu_seconds(pid: int) -> float:
    """CPU time that a process has used, in user and kernel mode."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def program(name: str) -> str:
    """Path of a program of DCMTK; raises `ToolError` with the cure."""
    found = find_program(name)
    if found is None:
        raise ToolError(f"{name} is not installed: apt-get install dcmtk, or make test as root")
    return str(found)
