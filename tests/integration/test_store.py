"""Migrations, engines and bulk statements, the same on both engines."""

import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Engine, MetaData, Select, Table, delete, func, inspect, select
from sqlalchemy.exc import IntegrityError

from dosebook_central.store import migrate
from dosebook_central.store.bulk import insert_rows, one_of, upsert_rows
from dosebook_central.store.engine import StoreError, database_url, open_engine, writing
from dosebook_central.store.models import Base, LinkKey, Patient
from tests.support.registry import NOW

KEYS = LinkKey.__table__


def test_migrated_schema_is_the_schema_of_the_models(engine):
    """Alembic's tables are those of the code, on both engines, with nothing to add or drop."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, Base.metadata) == []
    names = set(inspect(engine).get_table_names()) - {"alembic_version"}
    assert names == set(Base.metadata.tables)


def test_upgrade_again_changes_nothing(engine):
    """`db upgrade` on a current database is harmless."""
    assert migrate.current(engine) == migrate.head() == migrate.upgrade(engine)


# In an order in which each row finds what it refers to.
_FILLED = ("box", "record", "reading", "patient", "exam", "event")
_DROPPED = {"config_revision"}  # columns that nothing ever wrote


@pytest.mark.parametrize("version", ["0001", "0003", "0004", "0005", "0006"])
def test_a_filled_database_of_an_earlier_version_is_upgraded(database_url, tmp_path, version):
    """`db upgrade` keeps every row, also where SQLite replaces a table that others refer to."""
    engine = open_engine(database_url or tmp_path / "old.db")
    try:
        old = _filled(engine, version)
        before = _rows(engine, old)
        assert migrate.upgrade(engine) == migrate.head()
        assert _rows(engine, old) == before
        assert all(len(rows) == 1 for rows in before.values())
        with pytest.raises(IntegrityError), writing(engine) as connection:
            connection.execute(delete(old.tables["box"]))  # references are enforced again
    finally:
        engine.dispose()


_UPGRADE_AND_DIE = """
import os, signal, sys
from sqlalchemy import event
from dosebook_central.store import migrate
from dosebook_central.store.engine import open_engine

def die(connection, cursor, statement, *_):
    if f"version_num='{sys.argv[2]}'" in statement:
        os.kill(os.getpid(), signal.SIGKILL)

engine = open_engine(sys.argv[1])
event.listen(engine, "before_cursor_execute", die)
migrate.upgrade(engine)
"""


@pytest.mark.parametrize("version", ["0005", migrate.head()])
def test_an_upgrade_that_is_killed_leaves_the_database_as_it_was(database_url, tmp_path, version):
    """`kill -9` once tables of that version are replaced: every row is there, and it goes again."""
    url = database_url or f"sqlite:///{tmp_path / 'old.db'}"
    engine = open_engine(url)
    try:
        old = _filled(engine, "0001")
        before = _rows(engine, old)
        engine.dispose()
        command = [sys.executable, "-c", _UPGRADE_AND_DIE, url, version]
        assert subprocess.run(command, check=False, timeout=50).returncode == -signal.SIGKILL
        assert (migrate.current(engine), _rows(engine, old)) == ("0001", before)
        assert migrate.upgrade(engine) == migrate.head()
        assert _rows(engine, old) == before
    finally:
        engine.dispose()


def test_an_upgrade_that_would_break_a_reference_is_undone(tmp_path):
    """SQLite enforces nothing while tables are replaced, so all of it is checked at the end."""
    engine = open_engine(tmp_path / "old.db")
    try:
        migrate.upgrade(engine, "0003")
        with sqlite3.connect(tmp_path / "old.db") as bare:  # a program that enforces nothing
            bare.execute("INSERT INTO reading VALUES ('gone', '1', '2026-03-02', '{}')")
        bare.close()
        with pytest.raises(StoreError, match="a row of reading would refer to a row of record"):
            migrate.upgrade(engine)
        assert migrate.current(engine) == "0003"
    finally:
        engine.dispose()


def _filled(engine: Engine, version: str) -> MetaData:
    """Make a database of a version with a row in each table of `_FILLED`; returns its tables."""
    assert migrate.upgrade(engine, version) == version
    old = MetaData()
    old.reflect(engine)
    with writing(engine) as connection:
        for name in _FILLED:
            connection.execute(old.tables[name].insert().values(_any_row(old.tables[name])))
    return old


def _rows(engine: Engine, tables: MetaData):
    """What stands in the columns of an earlier version, but for those that were dropped."""
    with engine.connect() as connection:
        return {name: connection.execute(_kept(tables.tables[name])).all() for name in _FILLED}


def _kept(table: Table) -> Select:
    return select(*(column for column in table.columns if column.name not in _DROPPED))


def _any_row(table: Table):
    """A row of a table as some version has it: each reference is to the row `x`."""
    values = {str: "x", int: 1, bool: True, bytes: b"x", Decimal: Decimal(1)}
    values[datetime] = datetime(2026, 3, 2)  # noqa: DTZ001  # as reflected: without zone
    return {
        column.name: None if column.nullable else _value(column, values) for column in table.columns
    }


def _value(column: Column, values):
    try:
        return values[column.type.python_type]
    except (KeyError, NotImplementedError):
        return []


def test_bulk_insert_takes_any_number_of_rows_in_one_statement(engine):
    """R87: thousands of rows are one statement; those that exist are skipped and counted."""
    rows = [{"key": f"study:{number}", "group_id": "g"} for number in range(5000)]
    with writing(engine) as connection:
        assert insert_rows(connection, KEYS, rows) == 5000
        assert insert_rows(connection, KEYS, [*rows[:10], {"key": "x", "group_id": "g"}]) == 1
        wanted = [row["key"] for row in rows]
        found = connection.scalar(
            select(func.count()).where(one_of(connection, LinkKey.key, wanted))
        )
        assert found == 5000


def _patient(name: str, as_of: str):
    return {
        "id": "p1",
        "issuer": "CHU",
        "identifier": "4711",
        "name": name,
        "name_search": name.casefold(),
        "sex": "",
        "birth_date": "",
        "as_of": as_of,
        "updated_at": NOW,
    }


def test_upsert_keeps_the_row_of_the_later_exam(engine):
    """P23: what an earlier exam says of a patient does not overwrite what a later one said."""
    table = Patient.__table__
    for name, as_of in (("Second", "2026"), ("First", "2020"), ("Third", "2027")):
        with writing(engine) as connection:
            upsert_rows(connection, table, [_patient(name, as_of)], newer_by="as_of")
    with engine.connect() as connection:
        assert connection.scalars(select(Patient.name)).all() == ["Third"]
        assert connection.scalars(select(Patient.updated_at)).all() == [NOW]


def test_long_values_stand_in_the_rows_that_they_came_with(engine):
    """R87: what travels beside the other columns comes back whole, each value in its own row."""
    table = Patient.__table__
    names = {
        "p1": "x" * 100_000,
        "p2": '{"text":"a \\"quote\\", a \\\\ and a \\u0000","more":"it\'s 10 % of :rows"}',
        "p3": "山田^太郎",
    }
    rows = [_patient(name, "") | {"id": key, "identifier": key} for key, name in names.items()]
    with writing(engine) as connection:
        assert insert_rows(connection, table, rows, long=("name",)) == 3
        assert insert_rows(connection, table, rows[:1], long=("name",)) == 0
    with engine.connect() as connection:
        stored = connection.execute(select(Patient.id, Patient.name, Patient.identifier))
        assert {row.id: row.name for row in stored if row.id == row.identifier} == names


def test_decimals_come_back_with_their_digits(engine):
    """P2: doses survive the column type of either engine."""
    from dosebook_central.store.types import Exact

    with engine.connect() as connection:
        for text in ("0.078391324289", "1102.446093", "0", "236.09"):
            bound = Exact().bind_processor(engine.dialect)
            stored = bound(Decimal(text)) if bound else Decimal(text)
            assert Exact().process_result_value(stored, connection.dialect) == Decimal(text)


def test_writers_wait_for_each_other(engine):
    """Writers of one process never meet a locked database."""

    def write(number: int) -> None:
        with writing(engine) as connection:
            connection.scalar(select(func.count()).select_from(LinkKey))
            insert_rows(connection, KEYS, [{"key": f"k{number}", "group_id": "g"}])

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(write, range(20)))
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(LinkKey)) == 20


@pytest.mark.parametrize(
    "text",
    ["postgresql://u@h/d", "postgres://u@h/d", "postgresql+psycopg://u@h/d"],
)
def test_every_form_of_a_postgresql_url_is_accepted(text):
    """R87: any PostgreSQL URL goes to the one driver that is shipped."""
    assert str(database_url(text)) == "postgresql+psycopg2://u@h/d"


@pytest.mark.parametrize("text", ["mysql://h/d", "nonsense"])
def test_other_databases_are_refused_with_what_to_write(text):
    """A database that is not supported is told in a sentence."""
    with pytest.raises(StoreError, match="sqlite://"):
        database_url(text)


def test_sqlite_is_durable_and_checks_references(tmp_path):
    """A receipt means that the commit is on disk: WAL, synchronous FULL, foreign keys on."""
    engine = open_engine(tmp_path / "registry.db")
    with engine.connect() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]
    assert sqlite3.sqlite_version_info >= (3, 35)
    engine.dispose()


def test_errors_of_the_database_do_not_quote_parameters(tmp_path):
    """Rule 10: a patient's name never stands in the text of a database error."""
    engine = open_engine(tmp_path / "registry.db")
    with pytest.raises(Exception, match="no such table") as caught, writing(engine) as connection:
        insert_rows(connection, Patient.__table__, [_patient("Secret^Name", "")])
    assert "Secret" not in str(caught.value)
    engine.dispose()
