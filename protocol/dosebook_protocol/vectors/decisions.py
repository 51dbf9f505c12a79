"""Golden decisions on a screen's value: whole record messages, whose evidence is the decision."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import cbor2

from dosebook_protocol.cose import Signer
from dosebook_protocol.record import Clock, EvidenceRef, Record, SourceKind
from dosebook_protocol.screen_decision import (
    MEDIA_TYPE,
    BoxDecision,
    encode_decision,
    reading_on_the_wire,
)
from dosebook_protocol.vectors import BOX_ID, BOX_KEY
from dosebook_protocol.wire import encode_message, encode_record_message

_AT: Final = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
_CORRECT: Final = BoxDecision(
    id="d" * 32,
    record_id="0123456789abcdef0123456789abcdef",
    evidence_sha256="e" * 64,
    path="SCREEN/dlp[1]",
    crop_sha256="c" * 64,
    shown="816.10",
    act="correct",
    text="816.70",
    by="Ånna Münster",
    at=_AT,
)
_UNDO: Final = _CORRECT.model_copy(
    update={"id": "a" * 32, "after": "d" * 32, "act": "undo", "text": ""}
)


def _sent(evidence: bytes) -> bytes:
    """The record message that a box sends with a decision."""
    record = Record(
        record_id="f" * 32,
        box_id=BOX_ID,
        sequence=8,
        source="kiosk",
        source_kind=SourceKind.MANUAL,
        captured_at=_AT,
        clock=Clock(),
        box_version="0.1.0",
        evidence=EvidenceRef(
            sha256=hashlib.sha256(evidence).hexdigest(), media_type=MEDIA_TYPE, size=len(evidence)
        ),
        reader_version="1",
        reading=reading_on_the_wire(),
    )
    return encode_record_message(Signer(BOX_KEY, BOX_ID).sign(encode_message(record)), evidence)


def _changed(**changes: Any) -> bytes:
    return _sent(cbor2.dumps(cbor2.loads(encode_decision(_CORRECT)) | changes))


KIND: Final = "screen-decision"
ACCEPT: Final[dict[str, tuple[str, BoxDecision, Callable[[], bytes]]]] = {
    "decision-correct": (KIND, _CORRECT, lambda: _sent(encode_decision(_CORRECT))),
    "decision-undo": (KIND, _UNDO, lambda: _sent(encode_decision(_UNDO))),
}
REJECT: Final[dict[str, tuple[str, str, bytes]]] = {
    "decision-not-cbor": (KIND, "not CBOR", _sent(b"yes")),
    "decision-without-number": (KIND, "a number is confirmed", _changed(text="")),
    "decision-reject-without-reason": (KIND, "says why", _changed(act="reject", text="")),
    "decision-undo-of-nothing": (KIND, "takes back", _changed(act="undo", text="")),
    "decision-unknown-act": (KIND, "act", _changed(act="void")),
    "decision-by-nobody": (KIND, "by", _changed(by="")),
    "decision-unknown-field": (KIND, "Extra inputs", _changed(dose="816.70")),
    "decision-path-of-no-screen": (KIND, "path", _changed(path="(0018,115E)")),
}
