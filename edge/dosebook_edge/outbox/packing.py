"""What the outbox keeps of a record, packed: a dose report takes a fifth of its bytes.

On a memory card the bytes written are what wears and what waits, so both are worth more than the
time of the fastest of compressors.
"""

from typing import Final

import lz4.frame

from dosebook_protocol.cose import payload_of
from dosebook_protocol.wire import (
    encode_kept_record,
    encode_record_message,
    split_record_message,
)

_MAGIC: Final = b"\x04\x22\x4d\x18"  # of an LZ4 frame


def pack(text: bytes, evidence: bytes) -> bytes:
    """Join and compress a record, as `record_to_json` wrote it, and its evidence."""
    packed: bytes = lz4.frame.compress(encode_record_message(text, evidence))
    return packed


def unpack(packed: bytes, sequence: int) -> tuple[bytes, bytes]:
    """The payload to sign of a record under that number, and its evidence."""
    if not packed.startswith(_MAGIC):
        # Outboxes of version 1 kept the message itself.
        envelope, evidence = split_record_message(packed)
        return payload_of(envelope), evidence
    text, evidence = split_record_message(lz4.frame.decompress(packed))
    return encode_kept_record(text, sequence), evidence
