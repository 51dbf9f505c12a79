"""What persons confirmed on lossless pictures, kept at the box: crop, text, who and when.

Written in the transaction of the decision, sealed, and never deleted while it may matter: one that
is forgotten says by whom. Needs no picture library; `confirmed_shapes.py` says what follows.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

import cbor2

from dosebook_edge.capture.screen.confirmation import Confirmation
from dosebook_edge.outbox import OutboxError
from dosebook_edge.outbox.vault import Vault

MOST: Final = 300
"""Of one source and profile; of more, the oldest go. Ten to twenty show every character."""

_SEALED: Final = ("path", "shown", "text", "crop", "by", "at", "is_from_registry")
_ADD: Final = """
INSERT OR IGNORE INTO screen_confirmation (id, source, profile, sealed, forgotten_by, made_at)
VALUES (?, ?, ?, ?, '', ?)
"""
_LIMIT: Final = """
DELETE FROM screen_confirmation WHERE source = ? AND profile = ? AND id NOT IN (
    SELECT id FROM screen_confirmation WHERE source = ? AND profile = ?
    ORDER BY made_at DESC, id LIMIT ?)
"""
_FORGET: Final = (
    "UPDATE screen_confirmation SET forgotten_by = ? WHERE id = ? AND forgotten_by = ''"
)
_LIST: Final = """
SELECT id, source, profile, sealed, forgotten_by FROM screen_confirmation ORDER BY made_at, id
"""


def add(connection: sqlite3.Connection, vault: Vault, one: Confirmation) -> None:
    """Keep a confirmation; the same one again changes nothing."""
    said = asdict(one)
    kept = {name: said[name] for name in _SEALED}
    sealed = vault.seal(_place(one.id), cbor2.dumps(kept))
    connection.execute(_ADD, (one.id, one.source, one.profile, sealed, one.at))
    which = (one.source, one.profile)
    connection.execute(_LIMIT, (*which, *which, MOST))


def forget(connection: sqlite3.Connection, number: str, by: str) -> bool:
    """Take a confirmation out of force; False where there is none in force."""
    return connection.execute(_FORGET, (by, number)).rowcount == 1


def every(connection: sqlite3.Connection, vault: Vault) -> list[Confirmation]:
    """All confirmations, the oldest first, those that were forgotten too; raises `OutboxError`."""
    return [_opened(vault, *row) for row in connection.execute(_LIST)]


def in_force(found: Sequence[Confirmation], source: str) -> list[Confirmation]:
    """Those of one source that count."""
    return [one for one in found if one.source == source and not one.forgotten_by]


def _opened(
    vault: Vault, number: str, source: str, profile: str, sealed: bytes, forgotten_by: str
) -> Confirmation:
    try:
        said: dict[str, Any] = cbor2.loads(vault.unseal(_place(number), sealed))
        return Confirmation(number, source, profile, **said, forgotten_by=forgotten_by)
    except (cbor2.CBORError, TypeError) as error:
        raise OutboxError(f"confirmation {number} is damaged: {type(error).__name__}") from None


def _place(number: str) -> str:
    return f"screen_confirmation|{number}"
