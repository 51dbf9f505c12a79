"""The history page of a patient with 150 exams, among 100,000 exams, as its reader waits for it.

The whole answer is measured, from the request to the last byte: session, rights, queries, the line
in the activity log (on disk before the page is shown), and the page itself.
"""

import re
import time
from collections.abc import Iterator
from pathlib import Path

from dosebook_central.app import create_app
from dosebook_central.store.engine import open_engine
from dosebook_central.web.context import WebContext
from tests.support.crowd import crowd
from tests.support.seed import PASSWORD, add_people, seed
from tools.bench.measure import percentile, scratch
from tools.bench.row import Row

EXAMS = 100_000
SHOWCASE = 150
REQUESTS = 60


def bench_history() -> Iterator[Row]:
    """Milliseconds of the page, median and 95th percentile, on the embedded database."""
    with scratch() as folder:
        times = measure(folder, f"sqlite:///{folder / 'registry.db'}")
    name = f"history-{SHOWCASE}-exams-among-{EXAMS}"
    yield Row(f"{name}-p50", percentile(times, 50), "ms")
    yield Row(f"{name}-p95", percentile(times, 95), "ms", aim="< 100")


def measure(folder: Path, url: str, exams: int = EXAMS) -> list[float]:
    """Fill a database and time the page; returns milliseconds."""
    engine = open_engine(url)
    hospital = seed(engine, folder / "evidence")
    add_people(engine)
    patient_id = crowd(engine, exams, SHOWCASE)
    app = create_app(
        WebContext(
            engine=engine,
            evidence=hospital.evidence,
            secret_key=b"bench" * 8,
            version="bench",
            secure_cookies=False,
        )
    )
    client = app.test_client()
    form = client.get("/login").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)
    if token is None:
        raise RuntimeError("the login page has no CSRF token")
    data = {"login": "physicist", "password": PASSWORD, "csrf_token": token[1]}
    client.post("/login", data=data)
    page = f"/patients/{patient_id}"
    times: list[float] = []
    for number in range(REQUESTS + 3):
        start = time.perf_counter()
        answer = client.get(page)
        if answer.status_code != 200 or f"n = {SHOWCASE}".encode() not in answer.data:
            raise RuntimeError(f"the history page answered {answer.status_code}")
        if number >= 3:  # templates are compiled by then
            times.append((time.perf_counter() - start) * 1000)
    engine.dispose()
    return times
