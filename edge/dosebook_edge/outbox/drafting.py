"""From a draft to a record without its number, which is given inside the transaction."""

import hashlib
import uuid
from dataclasses import dataclass

from dosebook_edge import __version__
from dosebook_edge.outbox.model import Draft, TooLargeError
from dosebook_edge.outbox.packing import pack
from dosebook_protocol.cbor import MAX_PAYLOAD
from dosebook_protocol.reading import READER_VERSION
from dosebook_protocol.record import EvidenceRef, Record
from dosebook_protocol.wire import MAX_EVIDENCE, record_to_json


@dataclass(frozen=True, slots=True)
class Prepared:
    """A record under sequence 1, what is kept of it with its evidence, and their plain size."""

    record: Record
    packed: bytes
    size: int


def prepare(draft: Draft, box_id: str) -> Prepared:
    """Validate a draft and write it out; raises `TooLargeError`."""
    size = len(draft.evidence)
    if size > MAX_EVIDENCE:
        raise TooLargeError(f"the object has {size} bytes, a record takes {MAX_EVIDENCE}")
    record = Record(
        record_id=uuid.uuid4().hex,
        box_id=box_id,
        sequence=1,
        source=draft.source,
        source_kind=draft.source_kind,
        captured_at=draft.captured_at,
        clock=draft.clock,
        box_version=__version__,
        transport=draft.transport,
        evidence=EvidenceRef(
            sha256=hashlib.sha256(draft.evidence).hexdigest(),
            media_type=draft.media_type,
            size=size,
        ),
        reader_version=READER_VERSION,
        reading=draft.reading,
    )
    text = record_to_json(record)
    # CBOR is the shorter one, but for a few bytes of a number or a very long text.
    if len(text) > MAX_PAYLOAD:
        raise TooLargeError(f"what was read has {len(text)} bytes, a record takes {MAX_PAYLOAD}")
    return Prepared(record, pack(text, draft.evidence), len(text) + size)
