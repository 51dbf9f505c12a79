"""What the box costs: memory at rest and under a large report, CPU for each object."""

import statistics
from collections.abc import Iterator
from pathlib import Path

from tools.bench.measure import scratch
from tools.bench.objects import ct_report, large_report, write_variants
from tools.bench.receivers import SOURCE, cpu_seconds, running_box, send
from tools.bench.row import Row

REPEATS = 5
EACH = 100
LARGE_BYTES = 5_000_000


def bench_box_memory() -> Iterator[Row]:
    """Resident memory at rest after some work, and at most while a report of 5 MB comes."""
    with scratch() as folder, running_box(folder / "box") as box:
        write_variants(folder / "warm-up", ct_report(), 20, "warm-up")
        send(box.port(SOURCE), [folder / "warm-up"])
        yield Row("box-rss-idle", _memory_mb(box.pid, "VmRSS"), "MB", aim="<= 120")
        write_variants(folder / "large", large_report(LARGE_BYTES), 1, "large")
        _forget_peak(box.pid)
        send(box.port(SOURCE), [folder / "large"])
        yield Row("box-rss-5mb-report", _memory_mb(box.pid, "VmHWM"), "MB", against="peak")


def bench_box_cpu() -> Iterator[Row]:
    """CPU time of the box for each CT RDSR, from the association to the commit in the outbox."""
    with scratch() as folder, running_box(folder / "box") as box:
        spent: list[float] = []
        for turn in range(REPEATS + 1):
            part = folder / f"{turn}"
            write_variants(part, ct_report(), EACH, f"{turn}")
            before = cpu_seconds(box.pid)
            send(box.port(SOURCE), [part])
            spent.append(cpu_seconds(box.pid) - before)
        each = 1000 * statistics.median(spent[1:]) / EACH  # the first turn loads modules
        yield Row("box-cpu-ct", each, "ms", against="CPU time per 27 KB CT RDSR", aim="<= 15")


def _memory_mb(pid: int, field: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024 / 1e6
    raise RuntimeError(f"/proc/{pid}/status has no {field}")


def _forget_peak(pid: int) -> None:
    # 5 resets the peak resident set size: proc(5), /proc/pid/clear_refs.
    Path(f"/proc/{pid}/clear_refs").write_text("5")
