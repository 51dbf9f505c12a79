"""Fixtures for tests that run on both database engines."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.postgres import PostgresServer


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
