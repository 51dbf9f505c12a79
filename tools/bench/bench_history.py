"""The history page of a patient with 150 exams among 100,000, as a browser gets it.

The registry's application with its sign-in and activity log behind waitress, over loopback, one
request after another; the session is a signed-in person's.
"""

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from waitress.server import create_server

from dosebook_central.access.users import add_user
from dosebook_central.app import SESSION_COOKIE, create_app
from dosebook_central.ingest.evidence import EvidenceFolder
from dosebook_central.store.engine import open_engine
from dosebook_central.web.context import WebContext
from tests.support.postgres import PostgresServer
from tools.bench.crowd import full_registry
from tools.bench.measure import percentile, scratch
from tools.bench.row import Row

EXAMS = 100_000
OF_ONE_PATIENT = 150
REQUESTS = 200
WARM_UP = 10
_LOGIN = "bench"
_PASSWORD = "seven slow rivers"  # noqa: S105 - of a registry that lives for a minute


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
            with _served(engine, folder) as (port, cookie):
                before = time.process_time()
                times, size = _ask(port, f"/patients/{patient}", cookie)
                cpu = 1000 * (time.process_time() - before) / (REQUESTS + WARM_UP)
        finally:
            engine.dispose()
    against = f"{OF_ONE_PATIENT} of {EXAMS:,} exams, {size // 1000} KB of HTML, {REQUESTS} requests"
    yield Row(f"history-p50-{name}", percentile(times, 50), "ms", against=against)
    yield Row(f"history-p95-{name}", percentile(times, 95), "ms", against=against, aim="< 100")
    yield Row(
        f"history-cpu-{name}", cpu, "ms", against="CPU time of one page, without the database"
    )


@contextmanager
def _served(engine: Engine, folder: Path) -> Iterator[tuple[int, str]]:
    """Serve the pages; gives the port and the cookie of somebody who is signed in."""
    user = add_user(engine, _LOGIN, "", "radiologist", _PASSWORD, must_change=False)
    context = WebContext(engine, EvidenceFolder(folder), secret_key=b"bench" * 8, version="bench")
    app = create_app(context)
    server: Any = create_server(app, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server.effective_port, _session(app, {"user": user, "epoch": 1})
    finally:
        server.close()
        thread.join()


def _session(app: Any, content: dict[str, int]) -> str:
    serializer = app.session_interface.get_signing_serializer(app)
    return f"{SESSION_COOKIE}={serializer.dumps(content)}"


def _ask(port: int, path: str, cookie: str) -> tuple[list[float], int]:
    """Milliseconds of each request, after some to warm up, and the size of the page."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    times: list[float] = []
    size = 0
    for number in range(REQUESTS + WARM_UP):
        start = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": cookie})
        response = connection.getresponse()
        body = response.read()
        if number >= WARM_UP:
            times.append(1000 * (time.perf_counter() - start))
        size = len(body)
        if response.status != 200 or body.count(b'href="/exams/') < OF_ONE_PATIENT:
            raise RuntimeError(f"{path} gave {response.status} and {size} bytes")
    connection.close()
    return times, size
