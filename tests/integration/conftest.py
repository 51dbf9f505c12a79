"""Fixtures for tests that run on both database engines."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from dosebook_central.store import migrate
from dosebook_central.store.engine import open_engine
from tests.support.postgres import PostgresServer
from tests.support.registry import RegistryUnderTest, SigningBox


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database_server(request: pytest.FixtureRequest) -> Any:
    """The server of each engine in turn; None for SQLite, which has none."""
    return request.getfixturevalue("postgres") if request.param == "postgresql" else None


@pytest.fixture
def database_url(database_server: PostgresServer | None) -> Iterator[str | None]:
    """URL of an empty PostgreSQL database, or None for a SQLite file of the test's own."""
    if database_server is None:
        yield None
        return
    url = database_server.database()
    yield url
    database_server.drop(url)


@pytest.fixture
def engine(database_url: str | None, tmp_path: Path) -> Iterator[Engine]:
    """A migrated, empty database on each engine."""
    made = open_engine(database_url or tmp_path / "registry.db")
    migrate.upgrade(made)
    yield made
    made.dispose()


@pytest.fixture
def registry(database_url: str | None, tmp_path: Path) -> Iterator[RegistryUnderTest]:
    """An empty registry on each engine."""
    made = RegistryUnderTest(tmp_path, database_url)
    yield made
    made.close()


@pytest.fixture
def box(registry: RegistryUnderTest) -> SigningBox:
    """A box that the registry knows."""
    return registry.add(SigningBox("box-1"))
