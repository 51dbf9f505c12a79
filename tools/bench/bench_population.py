"""A hospital of twenty years: recomputation, and the pages that look at all of it.

Ten thousand people are about a hundred thousand exams; `DOSEBOOK_BENCH_PATIENTS=100000` makes it
the million. On PostgreSQL, without its usual durability, which pages do not feel.
"""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, func, select

from dosebook_central.derivation.process import Processes
from dosebook_central.derivation.recompute import derive_again
from dosebook_central.registry import Registry
from dosebook_central.store.dose_models import AtRisk, ExamDose
from dosebook_edge.simulate.scene import DAY
from tests.support.postgres import PostgresServer
from tools.bench.measure import percentile, scratch
from tools.bench.pages import ask, served
from tools.bench.population import load
from tools.bench.row import Row

PATIENTS = int(os.environ.get("DOSEBOOK_BENCH_PATIENTS", "10000"))
_URL = "DOSEBOOK_DATABASE_URL"
_PAGES = 20
_RECURRENT = "ced-100"


def bench_population() -> Iterator[Row]:
    """Load, derive with two processes, and ask for the pages."""
    server = PostgresServer()
    server.start()
    try:
        with scratch() as folder:
            os.environ[_URL] = server.database()
            registry = Registry(folder / "registry")
            registry.create()
            try:
                yield from _derived(registry)
                yield _recurrent(registry.engine)
                yield from _pages(registry)
            finally:
                registry.engine.dispose()
                del os.environ[_URL]
    finally:
        server.remove()


def _derived(registry: Registry) -> Iterator[Row]:
    url = registry.engine.url.render_as_string(hide_password=False)
    start = time.perf_counter()
    exams = load(url, 1, PATIENTS)
    loaded = time.perf_counter() - start
    yield Row("population-exams", exams, "exams", against=f"{PATIENTS:,} people, {loaded:.0f} s")
    start = time.perf_counter()
    processes = Processes(registry.data_dir, 2)
    count = derive_again(processes, registry.writer, None, lambda _: None)
    took = time.perf_counter() - start
    if count.failed or count.new != exams:
        raise RuntimeError(f"of {exams} exams {count.new} were derived, {count.failed} failed")
    against = f"{exams:,} exams derived and judged by 2 processes, {took:.0f} s"
    yield Row("population-recompute", exams / took, "exams/s", against=against, aim=">= 2000")


def _recurrent(engine: Engine) -> Row:
    """The share of patients with CT whom the rule of 100 mSv in five years names."""
    with engine.connect() as connection:
        with_ct = select(ExamDose.patient_id).where(ExamDose.modality == "CT").distinct()
        patients = connection.scalar(select(func.count()).select_from(with_ct.subquery())) or 1
        named = connection.scalar(
            select(func.count()).where(AtRisk.rule_id == _RECURRENT, AtRisk.patient_id.in_(with_ct))
        )
    share = 100 * (named or 0) / patients
    against = f"{named} of {patients:,} patients with CT; surveys found 0.6 to 3.4 %"
    return Row("population-recurrent", share, "%", against=against)


def _pages(registry: Registry) -> Iterator[Row]:
    with registry.engine.connect() as connection:
        patient, exams = connection.execute(
            select(ExamDose.patient_id, func.count().label("exams"))
            .group_by(ExamDose.patient_id)
            .order_by(func.count().desc())
            .limit(1)
        ).one()
    today = datetime.combine(DAY, datetime.min.time(), UTC)
    since = DAY - timedelta(days=364)
    with served(registry.engine, registry.data_dir, lambda: today) as (port, cookie):
        times, size = ask(
            port,
            f"/patients/{patient}/cumulative?since=all",
            cookie,
            lambda body: b"</svg>" in body,
        )
        against = f"a patient of {exams} exams among all, {size // 1000} KB of HTML"
        yield Row("cumulative-p95", percentile(times, 95), "ms", against=against, aim="< 100")
        year = f"/reference-levels?country=JP&since={since}&until={DAY}"
        times, size = ask(port, year, cookie, lambda body: b"boxplot" in body, _PAGES)
        against = f"the levels of Japan, {size // 1000} KB of HTML"
        yield Row(
            "reference-levels-p95", percentile(times, 95), "ms", against=against, aim="< 1000"
        )
        times, size = ask(port, "/at-risk?years=all", cookie, lambda body: b"mSv" in body, _PAGES)
        against = f"the first page of the list, {size // 1000} KB of HTML"
        yield Row("at-risk-p95", percentile(times, 95), "ms", against=against)
