"""Derived doses of a simulated hospital: a first recomputation, one that changes nothing, arrival.

On PostgreSQL with two processes, as `dosebook-registry recompute --jobs 2` runs; on SQLite with
one, because it has one writer.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import func, select

from dosebook_central.derivation.process import Processes
from dosebook_central.derivation.recompute import derive_again
from dosebook_central.derivation.worker import Worker
from dosebook_central.registry import Registry
from dosebook_central.store.dose_models import Derivation
from dosebook_protocol.reading import Reading
from tests.support.derivation import shipped_rules
from tests.support.postgres import PostgresServer
from tests.support.readings import event, reading, total
from tests.support.registry import RegistryUnderTest, SigningBox
from tools.bench.measure import percentile, scratch
from tools.bench.population import load
from tools.bench.row import Row

PATIENTS = 2_000
ARRIVALS = 100
_URL = "DOSEBOOK_DATABASE_URL"


def bench_recompute_postgresql() -> Iterator[Row]:
    """On PostgreSQL, without its usual durability."""
    with _postgresql() as url, scratch() as folder:
        os.environ[_URL] = url
        try:
            yield from _recompute("postgresql", folder, jobs=2)
        finally:
            del os.environ[_URL]


def bench_recompute_sqlite() -> Iterator[Row]:
    """On the embedded SQLite."""
    with scratch() as folder:
        yield from _recompute("sqlite", folder, jobs=1)


def bench_derivation_latency() -> Iterator[Row]:
    """From the commit of an exam's last record to its derived dose, on SQLite."""
    with scratch() as folder:
        registry = RegistryUnderTest(folder)
        box = registry.add(SigningBox("box-1"))
        arrived = threading.Event()
        rules = shipped_rules()
        worker = Worker(registry.ingest.writer, lambda _: rules, [lambda *_: arrived.set()])
        registry.ingest.committed = worker.wake
        worker.start()
        times = []
        try:
            for number in range(ARRIVALS):
                message = box.message(str(number).encode(), _ct(number))
                arrived.clear()
                registry.ingest.process([message])
                start = time.perf_counter()
                if not arrived.wait(30):
                    raise RuntimeError("nothing was derived in 30 s")
                times.append(time.perf_counter() - start)
        finally:
            worker.stop()
            registry.close()
    against = f"{ARRIVALS} CT exams, one after another, from receipt to derived dose"
    yield Row("derived-after-p95", percentile(times, 95), "s", against=against, aim="< 10")


def _recompute(name: str, folder: Path, jobs: int) -> Iterator[Row]:
    registry = Registry(folder / "registry")
    registry.create()
    try:
        load(registry.engine.url.render_as_string(hide_password=False), 1, PATIENTS)
        for what in ("first", "again"):
            start, cpu = time.perf_counter(), _cpu()
            processes = Processes(registry.data_dir, jobs)
            count = derive_again(processes, registry.writer, None, lambda _: None)
            took = time.perf_counter() - start
            if count.failed:
                raise RuntimeError(f"{count.failed} exams could not be derived")
            against = (
                f"{count.taken:,} exams, {count.new:,} new versions, {jobs} processes from start "
                f"to end, {took:.1f} s"
            )
            rate = count.taken / took
            yield Row(f"recompute-{what}-{name}", rate, "exams/s", against=against, aim=">= 2000")
            each = 1e6 * (_cpu() - cpu) / count.taken
            told = "CPU of one exam, start of the processes included, without a database server"
            yield Row(f"recompute-{what}-cpu-{name}", each, "µs", against=told)
        with registry.engine.connect() as connection:
            size = connection.scalar(select(func.avg(func.length(Derivation.body)))) or 0
        yield Row(f"derivation-size-{name}", float(size), "bytes", against="one version of an exam")
    finally:
        registry.engine.dispose()


@contextmanager
def _postgresql() -> Iterator[str]:
    server = PostgresServer()
    server.start()
    try:
        yield server.database()
    finally:
        server.remove()


def _cpu() -> float:
    """CPU seconds of this process and of those that ended below it."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _ct(number: int) -> Reading:
    return reading(
        uid=f"1.{number}",
        study=f"9.{number}",
        events=[event(f"{number}.1", dlp=400, ctdi_vol=10, phantom="32cm")],
        totals=[total("dlp", 400)],
    )
