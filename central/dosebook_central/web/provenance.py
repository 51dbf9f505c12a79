"""Where a number comes from, and whether what proves it still holds.

The proof is checked anew each time it is shown: the box's signature over the record, and the hash
of the evidence bytes as they lie in the store now.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import TypeAdapter, ValidationError
from pydicom.datadict import dictionary_description

from dosebook_central.domain.exam import Source
from dosebook_central.store.queries.exams import EvidenceRecord, SourceRecord
from dosebook_central.web.context import EvidenceReader
from dosebook_central.web.transcript import Transcript, is_transcript, transcript_of
from dosebook_protocol.codes import CONCEPTS
from dosebook_protocol.cose import SignatureError, verify
from dosebook_protocol.reading import Deviation, DoseValue, IrradiationEvent, Reading
from dosebook_protocol.wire import MessageError, decode_record

_READING: Final = TypeAdapter(Reading)
_STEP: Final = re.compile(r"(?P<code>[^\[\]]+)(?:\[(?P<position>\d+)\])?\Z")
_TAG: Final = re.compile(r"\((?P<group>[0-9A-Fa-f]{4}),(?P<element>[0-9A-Fa-f]{4})\)")
_SCHEMES: Final = ("DCM", "SCT", "LN", "SRT")


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the proof: whether it holds, and a sentence."""

    holds: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Proof:
    """Signature, evidence hash and reading of one record, as found at this moment."""

    signature: Check
    evidence: Check
    reading: Check
    captured_clock: str

    @property
    def holds(self) -> bool:
        """Whether everything that can be checked holds."""
        return self.signature.holds and self.evidence.holds


@dataclass(frozen=True, slots=True)
class PathStep:
    """One step of the way to a number: a code or tag, its meaning, its position among equals."""

    code: str
    meaning: str
    position: int | None


@dataclass(frozen=True, slots=True)
class Origin:
    """One place in one object where a number is written."""

    record: EvidenceRecord
    source: Source
    steps: tuple[PathStep, ...]
    proof: Proof
    deviations: tuple[Deviation, ...]
    transport: dict[str, str]
    event: IrradiationEvent | None = None
    transcript: Transcript | None = None


def read_back(source: SourceRecord) -> Reading | None:
    """The stored reading of a record; None when there is none or it cannot be understood."""
    try:
        return _READING.validate_json(source.reading_json) if source.reading_json else None
    except ValidationError:
        return None


def origin(
    found: SourceRecord,
    source: Source,
    evidence: EvidenceReader,
    event_index: int | None = None,
) -> Origin:
    """Describe one place where a number stands, with its proof checked now."""
    reading = read_back(found)
    event = None
    if reading is not None and event_index is not None and event_index < len(reading.events):
        event = reading.events[event_index]
    return Origin(
        record=found.record,
        source=source,
        steps=tuple(path_steps(source.path)),
        proof=prove(found, reading, evidence),
        deviations=reading.deviations if reading else (),
        transport={key: str(value) for key, value in found.transport.items() if value},
        event=event,
        transcript=_transcript(found.record, source, reading, evidence),
    )


def _transcript(
    record: EvidenceRecord, source: Source, reading: Reading | None, evidence: EvidenceReader
) -> Transcript | None:
    if not is_transcript(record.media_type):
        return None
    try:
        return transcript_of(evidence.get(record.evidence_sha256), reading, source.original)
    except (KeyError, OSError):
        return None


def event_value(event: IrradiationEvent, quantity: str) -> DoseValue | None:
    """The value of a quantity in an event."""
    return next((value for value in event.values if value.quantity == quantity), None)


def path_steps(path: str) -> Iterator[PathStep]:
    """Take a code path apart: `113819[2]/113829/113830`, `(0018,115E)`."""
    for part in filter(None, path.split("/")):
        match = _STEP.match(part)
        code, position = (match["code"], match["position"]) if match else (part, None)
        yield PathStep(code, _meaning(code), int(position) if position else None)


def prove(found: SourceRecord, reading: Reading | None, evidence: EvidenceReader) -> Proof:
    """Check signature, evidence bytes and reading of one record."""
    clock = ""
    try:
        signed = decode_record(_open(found))
    except (SignatureError, MessageError, ValueError) as error:
        signature = Check(False, f"The box's signature does not hold: {error}.")
        reading_check = Check(False, "What the box read cannot be compared without its signature.")
    else:
        is_same = (
            signed.record_id == found.record.id
            and signed.evidence.sha256 == found.record.evidence_sha256
        )
        signature = Check(
            is_same,
            f"Signed by box {found.record.box_id}, key on file."
            if is_same
            else "The signature holds, but over another record than this line of the store says.",
        )
        clock = signed.clock.quality
        reading_check = _compare(found.record, reading, signed.reading)
    return Proof(signature, _check_evidence(found.record, evidence), reading_check, clock)


def _open(found: SourceRecord) -> bytes:
    # A box that was renewed or revoked keeps the keys that it signed with: what it said stays said.
    failure = SignatureError("no key of this box is on file")
    for key in found.public_keys:
        try:
            return verify(found.envelope, Ed25519PublicKey.from_public_bytes(key))
        except SignatureError as error:
            failure = error
    raise failure


def _compare(record: EvidenceRecord, stored: Reading | None, signed: Reading) -> Check:
    if stored is None:
        return Check(False, "The stored reading is missing or cannot be read.")
    if stored == signed:
        return Check(True, "Read on the box, unchanged since.")
    if "+" in record.reader_version:  # screens.decide: the reader's version and a decision
        return Check(True, "Read on the box; a person has decided on its values since.")
    return Check(True, f"Read again by the registry, with reader version {record.reader_version}.")


def _check_evidence(record: EvidenceRecord, evidence: EvidenceReader) -> Check:
    try:
        content = evidence.get(record.evidence_sha256)
    except (KeyError, OSError, ValueError):
        return Check(False, "The original object is not in the evidence store.")
    if hashlib.sha256(content).hexdigest() != record.evidence_sha256:
        return Check(False, "The original object in the store was changed: its SHA-256 differs.")
    return Check(True, "The original object is in the store, unchanged (SHA-256).")


def _meaning(code: str) -> str:
    tag = _TAG.search(code)
    if tag:
        try:
            return dictionary_description(int(tag["group"] + tag["element"], 16))
        except KeyError:
            return "private attribute"
    value, _, scheme = code.partition(":")
    for candidate in (scheme, *_SCHEMES) if scheme else _SCHEMES:
        concept = CONCEPTS.get((value, candidate))
        if concept:
            return concept.meaning
    return ""
