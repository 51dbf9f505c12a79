"""Insert any number of rows in one statement, on both engines.

PostgreSQL takes them as one JSON parameter: no limit of parameters, no text per row, and a quarter
of the time that a VALUES list takes to build. Columns of long values go as arrays beside it: within
JSON each of their characters is escaped here and unescaped there, which is most of the work that a
record makes. SQLite takes rows as one `executemany`.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Dialect,
    Insert,
    Table,
    Text,
    TextClause,
    any_,
    bindparam,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import InstrumentedAttribute

from dosebook_central.store.engine import is_sqlite

# An escaped NUL, but not an escaped backslash before "u0000" (a reading is JSON within this JSON).
_NUL: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")

Row = dict[str, Any]
Rows = Sequence[Mapping[str, Any]]


def insert_rows(
    connection: Connection, table: Table, rows: Rows, *, long: Collection[str] = ()
) -> int:
    """Insert rows and skip those whose key exists; return how many were inserted.

    All rows have the same keys: the columns to fill. `long` names those that hold kilobytes, bytes
    or text without NUL.
    """
    return _run(connection, table, rows, update="", long=long)


def upsert_rows(connection: Connection, table: Table, rows: Rows, *, newer_by: str = "") -> int:
    """Insert rows, or replace those with the same primary key.

    With `newer_by` a row is replaced only by one whose value in that column is not smaller.
    """
    return _run(connection, table, rows, update=newer_by or "always")


def one_of(
    connection: Connection, column: InstrumentedAttribute[str], values: Collection[str]
) -> ColumnElement[bool]:
    """Whether a text column holds one of any number of values, which are one parameter."""
    if is_sqlite(connection):
        return column.in_(
            select(func.json_each(json.dumps(list(values))).table_valued("value").c.value)
        )
    return column == any_(literal(list(values), ARRAY(Text)))


def _run(
    connection: Connection, table: Table, rows: Rows, *, update: str, long: Collection[str] = ()
) -> int:
    if not rows:
        return 0
    columns = tuple(rows[0])
    if is_sqlite(connection):
        return connection.execute(_for_sqlite(table, columns, update), list(rows)).rowcount
    beside = tuple(name for name in columns if name in long)
    short = tuple(name for name in columns if name not in long)
    arrays = {name: [row[name] for row in rows] for name in beside}
    document = _document([{name: row[name] for name in short} for row in rows] if beside else rows)
    statement = _for_postgresql(table, short, beside, update)
    return connection.execute(statement, {"rows": document, **arrays}).rowcount


def _document(rows: Rows) -> str:
    document = json.dumps(rows, default=_plain, ensure_ascii=False)
    if "\\u0000" in document:  # PostgreSQL's text holds no NUL; nor does any DICOM string
        document = _NUL.sub(r"\1", document)
    return document


@lru_cache(maxsize=64)
def _for_sqlite(table: Table, columns: tuple[str, ...], update: str) -> Insert:
    statement = sqlite_insert(table).values({name: bindparam(name) for name in columns})
    if not update:
        return statement.on_conflict_do_nothing()
    keys = [column.name for column in table.primary_key]
    changed = {name: statement.excluded[name] for name in columns if name not in keys}
    where = None if update == "always" else statement.excluded[update] >= table.c[update]
    return statement.on_conflict_do_update(index_elements=keys, set_=changed, where=where)


@lru_cache(maxsize=64)
def _for_postgresql(
    table: Table, short: tuple[str, ...], long: tuple[str, ...], update: str
) -> TextClause:
    columns = short + long
    conflict = "ON CONFLICT DO NOTHING"
    if update:
        keys = [column.name for column in table.primary_key]
        changed = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in keys)
        where = "" if update == "always" else f" WHERE excluded.{update} >= {table.name}.{update}"
        conflict = f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changed}{where}"
    # Types are spelled out because a table named like a built-in type (record) has no row type.
    dialect: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # as SQLAlchemy has it
    types = {name: table.c[name].type.compile(dialect) for name in columns}
    described = ", ".join(f"{name} {types[name]}" for name in short)
    arrays = [f"unnest(CAST(:{name} AS {types[name]}[]))" for name in long]
    given = ", ".join([f"json_to_recordset(CAST(:rows AS json)) AS ({described})", *arrays])
    names = ", ".join(columns)
    return text(
        # Names are those of our own tables, never of anybody's data.
        f"INSERT INTO {table.name} ({names}) SELECT {names} "  # noqa: S608
        f"FROM ROWS FROM ({given}) AS given({names}) {conflict}"
    )


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        return "\\x" + value.hex()  # PostgreSQL's text form of bytea
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a row")
