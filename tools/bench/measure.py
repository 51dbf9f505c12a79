"""Measure on a machine that others use too: in turns, several times, the median."""

import gc
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tools.terminal import ROOT

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
