"""Publishers of coefficient packages whose keys this registry trusts."""

from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, insert, select

from dosebook_central.store.dose_models import PackagePublisher


def trusted_keys(connection: Connection) -> dict[str, Ed25519PublicKey]:
    """Return the keys of publishers by their names."""
    table = PackagePublisher
    rows = connection.execute(select(table.name, table.public_key).order_by(table.name))
    return {name: Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)) for name, key in rows}


def trust(connection: Connection, name: str, key: Ed25519PublicKey, at: datetime, by: str) -> None:
    """Accept packages signed by a key from now on, under a new name."""
    connection.execute(
        insert(PackagePublisher).values(
            name=name, public_key=key.public_bytes_raw().hex(), trusted_at=at, trusted_by=by
        )
    )
