"""Measure on a machine that others use too: in turns, several times, the median."""

import gc
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from tools.terminal import ROOT

Spent = dict[str, float]
"""CPU seconds by name of a program."""
Work = Callable[[], object]
Clock = Callable[[], float]


def in_turns(
    works: Sequence[Work], *, repeats: int, clock: Clock = time.perf_counter
) -> list[float]:
    """Median seconds of each piece of work; all run in every repetition, in changing order.

    With `time.process_time` as the clock, what others do on the same cores weighs less; only for
    work that happens in this process and waits for nothing.
    """
    times: list[list[float]] = [[] for _ in works]
    order = list(enumerate(works))
    for _ in range(repeats):
        for index, work in order:
            gc.collect()
            start = clock()
            work()
            times[index].append(clock() - start)
        order.reverse()
    return [statistics.median(one) for one in times]


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent of all values do not exceed (nearest rank)."""
    ranked = sorted(values)
    rank = -(-len(ranked) * percent // 100)
    return ranked[max(int(rank), 1) - 1]


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for the time of a case, on the disk of the checkout: /tmp may be memory."""
    parent = ROOT / "build" / "bench"
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def cpu_of_children(since: Spent | None = None) -> Spent:
    """CPU seconds of all processes below this one that still run, less those counted before."""
    spent: Spent = {}
    for process in psutil.Process().children(recursive=True):
        try:
            times, name = process.cpu_times(), _program(process)
        except psutil.NoSuchProcess:
            continue
        spent[name] = spent.get(name, 0.0) + times.user + times.system
    before = since or {}
    return {name: seconds - before.get(name, 0.0) for name, seconds in spent.items()}


def _program(process: psutil.Process) -> str:
    """Name of a program; for a script, its own and not Python's."""
    scripts = [Path(word).name for word in process.cmdline()[:2]]
    for script in scripts:
        if script.startswith("dosebook-"):
            return script
    # PostgreSQL's processes name themselves after what they do: "postgres: user database …".
    return process.name().partition(":")[0]
