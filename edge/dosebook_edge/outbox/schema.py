"""Tables of the box's database, and how it is opened."""

import sqlite3
from pathlib import Path
from typing import Final

from dosebook_edge.outbox.model import OutboxError

VERSION: Final = "2"
# Version 1 kept signed records; they are signed anew when they are sent, as all are.
_UPGRADED: Final = "1"

# Small rows apart from the payloads: a receipt rewrites a row of 300 bytes, not one of megabytes.
_TABLES: Final[dict[str, dict[str, type]]] = {
    "meta": {"name": str, "value": str},
    "record": {
        "sequence": int,
        "record_id": str,
        "captured_at": str,
        "source": str,
        "source_kind": str,
        "evidence_sha256": str,
        "sop_instance_hash": str,
        "size": int,
        "outcome": str,
        "status": str,
        "reason": str,
        "acknowledged_at": str,
    },
    "payload": {"sequence": int, "sealed": bytes},
    "procedure_step": {"uid_hash": str, "state": str, "changed_at": str, "sealed": bytes},
    "instrument": {"source": str, "serial": str, "changed_at": str, "sealed": bytes},
    "instrument_line": {"source": str, "part": int, "sealed": bytes},
    "screen_review": {
        "record_id": str,
        "path": str,
        "sequence": int,
        "place": str,
        "act": str,
        "decision_id": str,
    },
    "screen_confirmation": {
        "id": str,
        "source": str,
        "profile": str,
        "sealed": bytes,
        "forgotten_by": str,
        "made_at": str,
    },
    "refusal": {
        "source": str,
        "calling_ae_title": str,
        "peer": str,
        "reason": str,
        "count": int,
        "first_at": str,
        "last_at": str,
    },
}
_KEYS: Final[dict[str, str | tuple[str, ...]]] = {
    "meta": "name",
    "record": "sequence",
    "payload": "sequence",
    "procedure_step": "uid_hash",
    "instrument": ("source", "serial"),
    "instrument_line": ("source", "part"),
    "screen_review": ("record_id", "path"),
    "screen_confirmation": "id",
    "refusal": ("source", "calling_ae_title", "peer", "reason"),
}
_INDEXES: Final = (
    "CREATE INDEX record_waiting ON record (sequence) WHERE status = 'waiting'",
    "CREATE INDEX record_by_evidence ON record (evidence_sha256)",
    "CREATE INDEX record_by_instance ON record (sop_instance_hash) WHERE sop_instance_hash <> ''",
)


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open the database so that COMMIT means on disk; transactions are always explicit."""
    address = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    connection = sqlite3.connect(
        address, uri=True, isolation_level=None, check_same_thread=False, timeout=10
    )
    connection.execute("PRAGMA busy_timeout = 10000")
    if not read_only:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA journal_size_limit = 8388608")
    return connection


def prepare(connection: sqlite3.Connection, key_fingerprint: str) -> None:
    """Create the tables that are missing in one transaction; raises `OutboxError`."""
    found = version(connection)
    missing = _missing_tables(connection)
    if found == VERSION and not missing:
        return
    if found not in (None, _UPGRADED, VERSION):
        raise OutboxError(
            f"the outbox has schema version {found}, this release reads {VERSION}: "
            "install the release that wrote it, or a newer one"
        )
    from sqlite_utils import Database  # a box needs it once in its life, a Pi loads it in 0.5 s

    database = Database(connection)
    connection.execute("BEGIN IMMEDIATE")
    for name, columns in missing.items():
        key = _KEYS[name]
        required = [key, *columns] if isinstance(key, str) else list(columns)
        database.table(name).create(columns, pk=key, not_null=set(required), strict=True)
    if found == _UPGRADED:
        connection.execute("UPDATE meta SET value = ? WHERE name = 'version'", (VERSION,))
    if found is None:
        for statement in _INDEXES:
            connection.execute(statement)
        connection.executemany(
            "INSERT INTO meta VALUES (?, ?)",
            [("version", VERSION), ("key", key_fingerprint), ("last_sequence", "0")],
        )
    connection.execute("COMMIT")


def _missing_tables(connection: sqlite3.Connection) -> dict[str, dict[str, type]]:
    """Tables of this release that the database lacks: all of a new one."""
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {name: columns for name, columns in _TABLES.items() if (name,) not in found}


def give_back_log(path: Path) -> None:
    """Move the write-ahead log into the database and free its space, where readers allow it."""
    connection = connect(path)
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError:
        # No room to move it: the log stays what holds the records.
        return
    finally:
        connection.close()


def version(connection: sqlite3.Connection) -> str | None:
    """Schema version of the database, None for an empty one."""
    return meta(connection, "version")


def meta(connection: sqlite3.Connection, name: str) -> str | None:
    """One value of the meta table, None where there is none."""
    try:
        row = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return None
        raise
    return None if row is None else str(row[0])
