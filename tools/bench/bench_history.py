"""The history page of a patient with 150 exams among 100,000, as a browser gets it."""

import time
from collections.abc import Iterator

from dosebook_central.store.engine import open_engine
from tests.support.postgres import PostgresServer
from tools.bench.crowd import full_registry
from tools.bench.measure import percentile, scratch
from tools.bench.pages import REQUESTS, WARM_UP, ask, served
from tools.bench.row import Row

EXAMS = 100_000
OF_ONE_PATIENT = 150


def bench_history_postgresql() -> Iterator[Row]:
    """On PostgreSQL, without its usual durability, which pages do not feel."""
    server = PostgresServer()
    server.start()
    try:
        yield from _rows("postgresql", server.database())
    finally:
        server.remove()


def bench_history_sqlite() -> Iterator[Row]:
    """On the embedded SQLite."""
    with scratch() as folder:
        yield from _rows("sqlite", f"sqlite:///{folder / 'registry.db'}")


def _rows(name: str, url: str) -> Iterator[Row]:
    with scratch() as folder:
        engine = open_engine(url)
        try:
            patient = full_registry(engine, folder, EXAMS, OF_ONE_PATIENT)
            with served(engine, folder) as (port, cookie):
                before = time.process_time()
                times, size = ask(port, f"/patients/{patient}", cookie, _shows_all)
                cpu = 1000 * (time.process_time() - before) / (REQUESTS + WARM_UP)
        finally:
            engine.dispose()
    against = f"{OF_ONE_PATIENT} of {EXAMS:,} exams, {size // 1000} KB of HTML, {REQUESTS} requests"
    yield Row(f"history-p50-{name}", percentile(times, 50), "ms", against=against)
    yield Row(f"history-p95-{name}", percentile(times, 95), "ms", against=against, aim="< 100")
    yield Row(
        f"history-cpu-{name}", cpu, "ms", against="CPU time of one page, without the database"
    )


def _shows_all(body: bytes) -> bool:
    return body.count(b'href="/exams/') >= OF_ONE_PATIENT
