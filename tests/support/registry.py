"""A registry's ingest on a database of the test's own, and boxes that sign for it."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Engine, event, insert, select

from dosebook_central.ingest.evidence import EvidenceFolder
from dosebook_central.ingest.pipeline import Ingest
from dosebook_central.ingest.verify import Incoming
from dosebook_central.store import migrate
from dosebook_central.store.engine import open_engine, writing
from dosebook_central.store.models import Box, Event, Exam, Patient
from dosebook_protocol.cose import Signer
from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.reading import READER_VERSION, Reading
from dosebook_protocol.record import EvidenceRef, Receipt, Record
from dosebook_protocol.topics import Channel, topic
from dosebook_protocol.wire import encode_record, encode_record_message

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@dataclass
class SigningBox:
    """A box as ingest knows one: an id, a key, a gapless sequence."""

    id: str
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    sequence: Any = field(default_factory=lambda: count(1))

    @property
    def public(self) -> bytes:
        """Its raw public key."""
        return self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def message(self, data: bytes, read: Reading | None = None, **changes: Any) -> Incoming:
        """A signed record message of some evidence; `changes` go into the record."""
        media_type = changes.pop("media_type", "application/dicom")
        fields: dict[str, Any] = {
            "record_id": uuid4().hex,
            "box_id": self.id,
            "sequence": next(self.sequence) if "sequence" not in changes else 1,
            "source": "ct1",
            "source_kind": "dicom-store",
            "captured_at": NOW,
            "box_version": "1",
            "evidence": EvidenceRef(
                sha256=hashlib.sha256(data).hexdigest(), media_type=media_type, size=len(data)
            ),
            "reader_version": READER_VERSION,
            "reading": read if read is not None else read_object(data, media_type),
        }
        record = Record(**(fields | changes))
        envelope = Signer(self.key, self.id).sign(encode_record(record))
        where = topic(self.id, Channel.RECORDS)
        return Incoming(where, encode_record_message(envelope, data))


class RegistryUnderTest:
    """Ingest, evidence and database, as the product puts them together."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self.folder = folder
        self.engine: Engine = open_engine(url or folder / "registry.db")
        migrate.upgrade(self.engine)
        self.evidence = EvidenceFolder(folder / "evidence")
        self.ingest = Ingest(self.engine, self.evidence)
        self.statements: list[str] = []
        event.listen(self.engine, "before_cursor_execute", self._note)

    def _note(self, _c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self.statements.append(statement)

    def add(self, box: SigningBox, status: str = "active") -> SigningBox:
        """Make a box known."""
        with writing(self.engine) as connection:
            connection.execute(
                insert(Box).values(id=box.id, public_key=box.public, added_at=NOW, status=status)
            )
        return box

    def receipts(self, *batch: Incoming) -> list[Receipt]:
        """Process a batch and return its receipts in order."""
        return [one for message in self.ingest.process(batch) for one in message.receipts]

    def statuses(self, *batch: Incoming) -> list[str]:
        """Process a batch and return the status of each receipt."""
        return [one.status.value for one in self.receipts(*batch)]

    def rows(self, *columns: Any) -> list[Any]:
        """Select some columns."""
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(select(*columns))]

    def exams(self) -> list[tuple[Any, ...]]:
        """All exams without what differs between two runs: record ids and moments."""
        columns = [
            column
            for column in Exam.__table__.columns
            if column.name not in {"group_id", "summary", "updated_at", "origin"}
        ]
        return sorted(self.rows(*columns), key=repr)

    def events(self) -> list[tuple[Any, ...]]:
        """All events without the ids of their records."""
        columns = [
            column
            for column in Event.__table__.columns
            if column.name not in {"record_id", "updated_at"}
        ]
        return sorted(self.rows(*columns), key=repr)

    def patients(self) -> list[tuple[Any, ...]]:
        """All patients."""
        return sorted(self.rows(Patient.id, Patient.identifier, Patient.issuer, Patient.name))

    def everything(self) -> tuple[Any, ...]:
        """What has to be the same whatever the order of arrival."""
        return self.exams(), self.events(), self.patients()

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()


def in_batches(messages: Iterable[Incoming], size: int) -> list[list[Incoming]]:
    """Cut messages into batches."""
    listed = list(messages)
    return [listed[at : at + size] for at in range(0, len(listed), size)]
