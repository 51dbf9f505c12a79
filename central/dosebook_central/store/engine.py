"""Open the database: SQLite as the embedded default, PostgreSQL in production."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, OperationalError

_BUSY_MS: Final = 30_000
_WRITES: Final = "dosebook_writes"
_PSYCOPG2: Final = "postgresql+psycopg2"
_POSTGRESQL: Final = frozenset({"postgresql", "postgres", "postgresql+psycopg", _PSYCOPG2})


class StoreError(Exception):
    """The database cannot be used; the text says why and what to do."""


def database_url(text: str) -> URL:
    """Parse a database URL, every PostgreSQL form to the psycopg2 driver; raises `StoreError`."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise StoreError(
            "the database URL cannot be read: write sqlite:///FILE or "
            "postgresql://USER:PASSWORD@HOST/NAME"
        ) from None
    if url.drivername in _POSTGRESQL:
        return url.set(drivername=_PSYCOPG2)
    if url.drivername.split("+")[0] == "sqlite":
        return url
    raise StoreError(f"{url.drivername} is not supported: use sqlite:// or postgresql://")


def open_engine(url: str | Path) -> Engine:
    """Open a database by URL, or the SQLite file at a path; raises `StoreError` for a bad URL."""
    parsed = database_url(f"sqlite:///{url}" if isinstance(url, Path) else url)
    # Parameters are patients' data: they must not appear in the text of an error.
    options: dict[str, Any] = {
        "pool_size": 10,
        "max_overflow": 20,
        "hide_parameters": True,
    }
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(parsed, pool_pre_ping=True, **options)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that takes SQLite's write lock at once, so that it cannot lose it later.

    A deferred transaction that reads first is refused when another one wrote in between.
    """
    with engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
        yield connection


@contextmanager
def rebuilding(engine: Engine) -> Iterator[Connection]:
    """Open a transaction in which a table that others refer to can be replaced by a copy.

    SQLite drops the old one only while it does not enforce references, which cannot be changed
    within a transaction; they are checked at its end. Raises `StoreError` where one is broken.
    """
    with engine.connect().execution_options(**{_WRITES: True}) as connection:
        if not is_sqlite(engine):
            with connection.begin():
                yield connection
            return
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - narrows for the type checker
        driver.execute("PRAGMA foreign_keys = OFF").close()
        try:
            with connection.begin():
                yield connection
                if broken := driver.execute("PRAGMA foreign_key_check").fetchone():
                    raise StoreError(
                        f"the upgrade is undone: a row of {broken[0]} would refer to a row of "
                        f"{broken[2]} that is not there"
                    )
        finally:
            driver.execute("PRAGMA foreign_keys = ON").close()


def why_unavailable(error: OperationalError | OSError) -> str:
    """What a person can mend: never the statement, which is about patients."""
    if isinstance(error, OSError):
        return f"evidence cannot be written: {error.strerror or type(error).__name__}"
    return f"the database: {str(error.orig).partition(chr(10))[0]}"


def is_sqlite(connection: Connection | Engine) -> bool:
    """Whether this is the embedded database."""
    return connection.dialect.name == "sqlite"


def _prepare_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # transactions begin where `_begin_sqlite` says
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",  # a receipt means that the commit is on disk
        "foreign_keys = ON",
        f"busy_timeout = {_BUSY_MS}",
        "journal_size_limit = 67108864",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    is_write = connection.get_execution_options().get(_WRITES, False)
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - narrows for the type checker
    driver.execute("BEGIN IMMEDIATE" if is_write else "BEGIN").close()
