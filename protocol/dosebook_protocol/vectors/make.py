"""Make the golden messages: `python -m dosebook_protocol.vectors.make`.

Run once for a version of the protocol; what it wrote is the contract, this script only its origin.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import cbor2

from dosebook_protocol.cbor import byte_string
from dosebook_protocol.cose import Signer
from dosebook_protocol.reading import (
    Code,
    DoseValue,
    EventKind,
    IrradiationEvent,
    Moment,
    Outcome,
    Patient,
    Reading,
    Study,
    Total,
)
from dosebook_protocol.record import (
    BoxConfig,
    Clock,
    EvidenceRef,
    Health,
    Message,
    Missing,
    Receipt,
    Receipts,
    ReceiptStatus,
    Record,
    SourceHealth,
    SourceKind,
    Span,
)
from dosebook_protocol.vectors import (
    BOX_ID,
    BOX_KEY,
    FOLDER,
    REGISTRY_ID,
    REGISTRY_KEY,
    decisions,
)
from dosebook_protocol.wire import encode_message, encode_record_message

_AT: Final = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
_EVIDENCE: Final = b"evidence of a synthetic CT dose report"
_BOX: Final = Signer(BOX_KEY, BOX_ID)
_REGISTRY: Final = Signer(REGISTRY_KEY, REGISTRY_ID)
_DLP: Final = DoseValue("dlp", Decimal("512.30"), "mGy.cm", "512.30", "mGy.cm", "113811/113813")
_READING: Final = Reading(
    Outcome.READ,
    "rdsr-ct",
    "vectors",
    modality="SR",
    sop_instance_uid="1.2.3.4",
    created=Moment("20260301115900", "2026-03-01T11:59:00", "+01:00"),
    patient=Patient(
        id="0042", issuer="TEST", name="Münster^Ånna=山田^花子", size_m=Decimal("1.70")
    ),
    study=Study(uid="1.2.3", date="20260301", accession_number="A-1"),
    events=(
        IrradiationEvent(
            "1.2.3.4.1",
            EventKind.CT,
            target_region=Code("51185008", "SCT", "Chest"),
            phantom="32cm",
            is_repeated=False,
            values=(_DLP, DoseValue("ctdi_vol", Decimal(0), "mGy", "0", "mGy", "113830")),
        ),
    ),
    totals=(Total(_DLP, phantom="32cm"),),
)


def _record(**changes: Any) -> Record:
    fields: dict[str, Any] = {
        "record_id": "0123456789abcdef0123456789abcdef",
        "box_id": BOX_ID,
        "sequence": 7,
        "source": "ct-room-1",
        "source_kind": SourceKind.DICOM_STORE,
        "captured_at": _AT,
        "clock": Clock(quality="synchronised", uncertainty_s=0.25, boot_id="b", monotonic_s=12.5),
        "box_version": "0.1.0",
        "transport": {"calling_ae_title": "CT1"},
        "evidence": EvidenceRef(
            sha256=hashlib.sha256(_EVIDENCE).hexdigest(),
            media_type="application/dicom",
            size=len(_EVIDENCE),
        ),
        "reader_version": "1",
        "reading": _READING,
    }
    return Record(**(fields | changes))


def _signed_record(record: Record, evidence: bytes = _EVIDENCE) -> bytes:
    return encode_record_message(_BOX.sign(encode_message(record)), evidence)


def _signed_tree(tree: Any) -> bytes:
    return encode_record_message(_BOX.sign(cbor2.dumps(tree)), _EVIDENCE)


def _tree(**changes: Any) -> dict[str, Any]:
    tree: dict[str, Any] = cbor2.loads(encode_message(_record()))
    return tree | changes


def _without(key: str) -> dict[str, Any]:
    return {name: value for name, value in _tree().items() if name != key}


_RECEIPTS: Final = Receipts(
    box_id=BOX_ID,
    committed_at=_AT,
    receipts=tuple(
        Receipt(record_id=f"{number:032x}", sequence=number, status=status, reason=reason)
        for number, status, reason in (
            (1, ReceiptStatus.STORED, ""),
            (2, ReceiptStatus.DUPLICATE, ""),
            (3, ReceiptStatus.QUARANTINED, "unknown unit 'furlong'"),
        )
    ),
)
_MISSING: Final = Missing(
    box_id=BOX_ID, at=_AT, missing=(Span(first=3, last=3), Span(first=7, last=12))
)
_HEALTH: Final = Health(
    box_id=BOX_ID,
    at=_AT,
    box_version="0.1.0",
    reader_version="1",
    started_at=_AT,
    clock=Clock(),
    outbox_waiting=3,
    outbox_oldest_at=_AT,
    outbox_last_sequence=10,
    outbox_acknowledged_sequence=7,
    disk_used_percent=12.5,
    disk_free_bytes=10**12,
    certificate_days_left=-1,
    uplink_state="ready",
    sources=(SourceHealth(name="ct-room-1", kind=SourceKind.DICOM_STORE, state="listening"),),
)
_CONFIG: Final = BoxConfig(
    box_id=BOX_ID,
    revision=2,
    issued_at=_AT,
    settings={"log.level": "info", "outbox.warn": 0.8, "ntp": True, "n": 3, "peers": ["a", "b"]},
)

_ACCEPT: Final[dict[str, tuple[str, Message, Callable[[], bytes]]]] = {
    "record-ct": ("record", _record(), lambda: _signed_record(_record())),
    "record-quarantined": (
        "record",
        _record(reading=Reading(Outcome.QUARANTINED, "other", "vectors", reason="no dose in it")),
        lambda: _signed_record(
            _record(
                reading=Reading(Outcome.QUARANTINED, "other", "vectors", reason="no dose in it")
            )
        ),
    ),
    "receipts": ("receipts", _RECEIPTS, lambda: _REGISTRY.sign(encode_message(_RECEIPTS))),
    "missing": ("missing", _MISSING, lambda: _REGISTRY.sign(encode_message(_MISSING))),
    "health": ("health", _HEALTH, lambda: _BOX.sign(encode_message(_HEALTH))),
    "config": ("config", _CONFIG, lambda: _REGISTRY.sign(encode_message(_CONFIG))),
}


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


def _missing(*spans: tuple[int, int]) -> bytes:
    tree = {
        "version": 1,
        "box_id": BOX_ID,
        "at": _AT.isoformat(),
        "missing": [{"first": first, "last": last} for first, last in spans],
    }
    return _REGISTRY.sign(cbor2.dumps(tree))


_GOOD: Final = _signed_record(_record())
_PAYLOAD: Final = encode_message(_record())
_ENVELOPE: Final = _BOX.sign(_PAYLOAD)
_HEAD: Final = len(b"\x82") + len(byte_string(_ENVELOPE)) - len(_ENVELOPE)

_REJECT: Final[dict[str, tuple[str, str, bytes]]] = {
    "altered-payload": ("record", "signature is not by this key", _flipped(_GOOD, _HEAD + 60)),
    "altered-evidence": ("record", "SHA-256 differs", _flipped(_GOOD, len(_GOOD) - 1)),
    "other-evidence-size": ("record", "the record states", _signed_record(_record(), b"short")),
    "signed-by-another": (
        "record",
        "signature is not by this key",
        encode_record_message(Signer(REGISTRY_KEY, BOX_ID).sign(_PAYLOAD), _EVIDENCE),
    ),
    "truncated": ("record", "ends after", _GOOD[:-5]),
    "trailing-bytes": ("record", "bytes follow the end", _GOOD + b"\0"),
    "not-cbor": ("record", "no array of envelope and evidence", b"dose"),
    "empty": ("record", "no array of envelope and evidence", b""),
    "length-claims-too-much": ("record", "the limit is", b"\x82\x5b" + b"\x7f" * 8),
    "length-not-shortest": ("record", "shortest form", b"\x82\x59\x00\x01\x00\x41\x00"),
    "indefinite-length": ("record", "definite length", b"\x82\x5f\x41\x00\xff\x41\x00"),
    "not-an-envelope": ("record", "COSE_Sign1", encode_record_message(b"dose", _EVIDENCE)),
    "unprotected-header": (
        "record",
        "empty unprotected header",
        encode_record_message(_ENVELOPE.replace(b"\xa0", b"\xa1\x04\x40", 1), _EVIDENCE),
    ),
    "other-algorithm": (
        "record",
        "EdDSA",
        encode_record_message(_ENVELOPE.replace(b"\xa2\x01\x27", b"\xa2\x01\x26", 1), _EVIDENCE),
    ),
    "payload-trailing-bytes": (
        "record",
        "one accepted encoding",
        encode_record_message(_BOX.sign(_PAYLOAD + b"\0"), _EVIDENCE),
    ),
    "payload-duplicate-key": (
        "record",
        "one accepted encoding",
        encode_record_message(_BOX.sign(b"\xa2\x67version\x01\x67version\x01"), _EVIDENCE),
    ),
    "payload-nested-too-deep": (
        "record",
        "not CBOR of plain values",
        encode_record_message(_BOX.sign(b"\x81" * 5000 + b"\x00"), _EVIDENCE),
    ),
    "payload-with-tag": (
        "record",
        "not CBOR of plain values",
        _signed_tree(_tree(captured_at=_AT)),
    ),
    "payload-bytes-for-text": (
        "record",
        "not CBOR of plain values",
        _signed_tree(_tree(source=b"ct")),
    ),
    "payload-not-a-number": (
        "record",
        "not CBOR of plain values",
        _signed_tree(_tree(clock={"monotonic_s": float("nan")})),
    ),
    "payload-key-not-text": (
        "record",
        "one accepted encoding",
        _signed_tree(_tree(transport={1: "a"})),
    ),
    "version-2": ("record", "version 1", _signed_tree(_tree(version=2))),
    "no-version": ("record", "version 1", _signed_tree(_without("version"))),
    "unknown-field": (
        "record",
        "dose: Extra inputs are not permitted",
        _signed_tree(_tree(dose=1)),
    ),
    "missing-field": (
        "record",
        "record_id: Field required",
        _signed_tree(_without("record_id")),
    ),
    "sequence-0": ("record", "sequence", _signed_tree(_tree(sequence=0))),
    "sequence-as-text": ("record", "sequence", _signed_tree(_tree(sequence="7"))),
    "box-id-invalid": ("record", "box_id", _signed_tree(_tree(box_id="CT 1"))),
    "moment-without-zone": (
        "record",
        "captured_at",
        _signed_tree(_tree(captured_at="2026-03-01T12:00:00")),
    ),
    "value-not-a-number": (
        "record",
        "value",
        _signed_tree(
            _tree(
                reading={
                    "outcome": "read",
                    "kind": "rdsr-ct",
                    "reader": "vectors",
                    "totals": [
                        {
                            "value": {
                                "quantity": "dlp",
                                "value": "512,3 mGy",
                                "unit": "mGy.cm",
                                "original": "512,3",
                                "original_unit": "mGy.cm",
                                "path": "113813",
                            }
                        }
                    ],
                }
            )
        ),
    ),
    "receipts-by-the-box": (
        "receipts",
        "signature is not by this key",
        Signer(BOX_KEY, REGISTRY_ID).sign(encode_message(_RECEIPTS)),
    ),
    "receipts-empty": (
        "receipts",
        "receipts",
        _REGISTRY.sign(
            cbor2.dumps(
                {
                    "version": 1,
                    "box_id": BOX_ID,
                    "committed_at": _AT.isoformat(),
                    "receipts": [],
                }
            )
        ),
    ),
    "missing-nothing": ("missing", "missing", _missing()),
    "missing-before-the-first": ("missing", "missing", _missing((0, 3))),
    "missing-backwards": ("missing", "ends before it begins", _missing((9, 3))),
    "missing-too-many": ("missing", "missing", _missing(*((one, one) for one in range(1, 258)))),
    "missing-by-the-box": (
        "missing",
        "signature is not by this key",
        Signer(BOX_KEY, REGISTRY_ID).sign(encode_message(_MISSING)),
    ),
    "receipts-as-missing": ("missing", "Field required", _REGISTRY.sign(encode_message(_RECEIPTS))),
    "config-as-receipts": ("receipts", "Field required", _REGISTRY.sign(encode_message(_CONFIG))),
    "config-revision-0": (
        "config",
        "revision",
        _REGISTRY.sign(
            cbor2.dumps(
                {
                    "version": 1,
                    "box_id": BOX_ID,
                    "revision": 0,
                    "issued_at": _AT.isoformat(),
                }
            )
        ),
    ),
    "health-by-the-registry": (
        "health",
        "signature is not by this key",
        Signer(REGISTRY_KEY, BOX_ID).sign(encode_message(_HEALTH)),
    ),
}


def main() -> None:
    """Write all vectors."""
    for name, (kind, message, make) in {**_ACCEPT, **decisions.ACCEPT}.items():
        told = {"kind": kind, "message": message.model_dump(mode="json", exclude_defaults=True)}
        _write("accept", name, make(), told)
    for name, (kind, reason, data) in (_REJECT | decisions.REJECT).items():
        _write("reject", name, data, {"kind": kind, "reason": reason})


def _write(folder: str, name: str, data: bytes, told: dict[str, Any]) -> None:
    path = FOLDER / folder / f"{name}.cbor"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.with_suffix(".json").write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
