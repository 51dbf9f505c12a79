"""Fixtures for every tier; each skips, with the cure, where what it needs is missing."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from dosebook_edge.outbox import Outbox
from tests.support import leaks
from tests.support.box import opened_outbox
from tests.support.mosquitto import MosquittoBroker
from tests.support.postgres import PostgresServer
from tests.support.programs import need_program
from tests.support.waiting import eventually as _eventually
from tools.site import ports

ROOT = Path(__file__).resolve().parent.parent
CORPUS = Path(os.environ.get("DOSEBOOK_CORPUS", ROOT.parent / "shared" / "corpus"))
STRICT_SKIPS = os.environ.get("DOSEBOOK_STRICT_SKIPS") == "1"
# Reasons for which a test may be skipped even where everything could be installed.
GOOD_REASONS = ("hardware:", "corpus:")

# Two busy cores stretch any single example; the timeout of the whole test stands.
settings.register_profile("dosebook", deadline=None, max_examples=60)
settings.load_profile("dosebook")

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
)


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the working tree."""
    return ROOT


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Folder of real DICOM files with EXPECTED.json; never part of this repository."""
    if not (CORPUS / "EXPECTED.json").is_file():
        pytest.skip("corpus: none found, set DOSEBOOK_CORPUS to a folder with EXPECTED.json")
    return CORPUS


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    """An outbox of a box in a fresh folder."""
    with opened_outbox(tmp_path) as made:
        yield made


@pytest.fixture
def free_port() -> int:
    """One free loopback port."""
    return ports.free_port()


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """Poll a condition until it holds; see `tests.support.waiting.eventually`."""
    return _eventually


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL server for this worker."""
    server = PostgresServer()
    server.start()
    yield server
    server.remove()


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """SQLAlchemy URL of an empty PostgreSQL database, deleted after the test."""
    url = postgres.database()
    yield url
    postgres.drop(url)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Callable[..., MosquittoBroker]]:
    """Start Mosquitto brokers: `mosquitto(config=None, port=None)`; all end with the test."""
    started: list[MosquittoBroker] = []

    def start(config: str | None = None, port: int | None = None) -> MosquittoBroker:
        folder = tmp_path / f"mosquitto-{len(started) + 1}"
        folder.mkdir()
        broker = MosquittoBroker(folder, config, port)
        started.append(broker)
        broker.start()
        return broker

    yield start
    for broker in started:
        broker.stop()


# Per module and not per session: while Playwright's synchronous API runs, no other test of the
# same worker could use asyncio.run().
@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Debian's Chromium under Playwright."""
    program = need_program("chromium", "chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(program), args=list(CHROMIUM_FLAGS)
        )
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def no_leaks() -> Iterator[None]:
    """Fail a test that leaves a thread or a child process behind."""
    threads, children = leaks.threads(), leaks.children()
    yield
    try:
        _eventually(lambda: leaks.threads() <= threads, 5, what="threads of the test ended")
        _eventually(lambda: leaks.children() <= children, 5, what="children of the test ended")
    except AssertionError:
        names = sorted(thread.name for thread in leaks.threads() - threads)
        pids = sorted(leaks.children() - children)
        pytest.fail(f"left behind: threads {names}, child processes {pids}")


_skipped: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note skips that no hardware excuses."""
    if not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not reason.removeprefix("Skipped: ").startswith(GOOD_REASONS):
        _skipped.append(f"{report.nodeid}: {reason}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where everything could be installed, a skipped test is a failed run."""
    is_worker = hasattr(session.config, "workerinput")
    if STRICT_SKIPS and _skipped and not is_worker and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Name the skips that failed the run."""
    if STRICT_SKIPS and _skipped:
        terminalreporter.section("skipped although everything can be installed", red=True)
        for line in _skipped:
            terminalreporter.line(line)
