"""What came in, checked: whose box it is, its signature, its record and its evidence."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from dosebook_central.fleet.verify import KnownBox, known_box, open_envelope
from dosebook_central.store.models import Box
from dosebook_protocol.cose import SignatureError
from dosebook_protocol.record import Record
from dosebook_protocol.topics import TopicError, parse_topic
from dosebook_protocol.wire import (
    MessageError,
    check_evidence,
    decode_record,
    split_record_message,
)

# A revoked box is refused here after at most this time; its connection falls at once.
_KNOWN_FOR_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message as it came from the broker."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Accepted:
    """A record that its box signed, with its envelope and its evidence."""

    record: Record
    envelope: bytes
    evidence: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that cannot be trusted: nobody gets a receipt for it, a person sees the reason."""

    incoming: Incoming
    code: str
    reason: str
    box_id: str = ""

    @property
    def message_sha256(self) -> str:
        """Where the whole message lies in the evidence store."""
        return sha256(self.incoming.payload).hexdigest()


class BoxDirectory:
    """The keys of all boxes, looked up in the database and kept for two seconds."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._known: dict[str, tuple[float, KnownBox]] = {}

    def find(self, box_id: str) -> KnownBox | None:
        """Return a box, active or revoked; None for one that was never added."""
        now = self._clock()
        entry = self._known.get(box_id)
        if entry is not None and now - entry[0] < _KNOWN_FOR_S:
            return entry[1]
        with Session(self._engine) as session:
            row = session.get(Box, box_id)
            box = known_box(row) if row is not None else None
        if box is None:
            self._known.pop(box_id, None)
        else:
            self._known[box_id] = (now, box)
        return box


def verify(incoming: Incoming, boxes: BoxDirectory) -> Accepted | Refused:
    """Check one record message; nothing in it is believed before its signature holds."""
    try:
        box_id = parse_topic(incoming.topic).box_id
    except TopicError as error:
        return Refused(incoming, "topic", str(error))
    box = boxes.find(box_id)
    if box is None:
        reason = f"no box {box_id} was ever added here: add it with dosebook-registry box add"
        return Refused(incoming, "box-unknown", reason, box_id)
    if box.is_revoked:
        return Refused(incoming, "box-revoked", f"box {box_id} is revoked", box_id)
    try:
        envelope, evidence = split_record_message(incoming.payload)
        record = decode_record(open_envelope(box, envelope))
        if record.box_id != box_id:
            reason = f"the record is of box {record.box_id}, but box {box_id} sent it"
            return Refused(incoming, "other-box", reason, box_id)
        check_evidence(record, evidence)
    except SignatureError as error:
        return Refused(incoming, "signature", str(error), box_id)
    except MessageError as error:
        return Refused(incoming, "message", str(error), box_id)
    return Accepted(record, envelope, evidence)
