"""Screens in a small hospital: boxes send them through the real ingest, for tests of pages."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256

from dosebook_central.ingest.evidence import EvidenceFolder
from dosebook_central.ingest.pipeline import Ingest
from dosebook_central.ingest.verify import Incoming
from dosebook_protocol.reading import READER_VERSION, Patient, Reading, Study
from dosebook_protocol.record import EvidenceRef, Record, SourceKind
from dosebook_protocol.screen import MEDIA_TYPE, ScreenEvidence, pack
from dosebook_protocol.screen_decision import MEDIA_TYPE as DECISION
from dosebook_protocol.screen_decision import BoxDecision, encode_decision, reading_on_the_wire
from dosebook_protocol.topics import Channel, topic
from dosebook_protocol.wire import encode_record, encode_record_message
from tests.support.screens import TAKEN_AT, evidence, place_of_total, reading_of, value
from tests.support.seed import Hospital, SimBox

_TOTAL = {"x": 100, "y": 80, "width": 74, "height": 20}


def message(
    box: SimBox, screen: ScreenEvidence, read: Reading, at: datetime, data: bytes | None = None
) -> Incoming:
    """One signed record of a screen; `data` in the place of its container."""
    content = pack(screen) if data is None else data
    return _signed(box, content, MEDIA_TYPE, read, at, "console", SourceKind.SCREEN)


def decision_message(box: SimBox, decision: BoxDecision) -> Incoming:
    """One signed record of what somebody decided at a box."""
    read = reading_on_the_wire()
    content = encode_decision(decision)
    return _signed(box, content, DECISION, read, decision.at, "kiosk", SourceKind.MANUAL)


def _signed(
    box: SimBox,
    content: bytes,
    media_type: str,
    read: Reading,
    at: datetime,
    source: str,
    kind: SourceKind,
) -> Incoming:
    box.sequence += 1
    record = Record(
        record_id=sha256(f"{box.id}:{box.sequence}".encode()).hexdigest()[:32],
        box_id=box.id,
        sequence=box.sequence,
        source=source,
        source_kind=kind,
        captured_at=at,
        box_version="0.1.0",
        evidence=EvidenceRef(
            sha256=sha256(content).hexdigest(), media_type=media_type, size=len(content)
        ),
        reader_version=READER_VERSION,
        reading=read,
    )
    envelope = box.signer.sign(encode_record(record))
    return Incoming(topic(box.id, Channel.RECORDS), encode_record_message(envelope, content))


def screen_of(number: int, profile: str = "") -> ScreenEvidence:
    """The dose page of one CT exam: a released row, a doubtful row and a doubtful total."""
    uid = f"2.25.7100{number}"
    doubtful = f"{800 + number}.10"
    return evidence(
        value(
            "SCREEN/dlp[1]",
            doubtful,
            place={"event_uid": uid},
            alternatives=({"text": f"{800 + number}.70", "confidence": 0.21},),
        ),
        value(
            "SCREEN/ctdi_vol[1]",
            "12.40",
            label="CTDIvol",
            quantity="ctdi_vol",
            unit="mGy",
            state="accepted",
            confidence=0.99,
            place={"event_uid": uid},
            area={"x": 20, "y": 40, "width": 64, "height": 20},
            checks=({"name": "range-times-ctdi", "result": "pass"},),
            reader="both",
        ),
        value("SCREEN/total_dlp", doubtful, label="Total DLP", place=place_of_total(), area=_TOTAL),
        profile=profile or ("ge-ct-dose-report" if number % 2 else "siemens-ct-protocol"),
    )


def reading_for(number: int, screen: ScreenEvidence) -> Reading:
    """The reading of that page, of a patient and a study of its own."""
    return reading_of(
        screen,
        patient=Patient(f"SC{number:04d}", "CHU-A", f"Screen^Number{number}", "F", "19610302"),
        study=Study(f"2.25.71.{number}", "20261102", "083000", description="CT abdomen"),
    )


def send_screens(hospital: Hospital, numbers: Iterable[int]) -> None:
    """Send the dose pages of exams from two rooms."""
    boxes = [hospital.boxes["ct-1"], hospital.boxes["petct-1"]]
    hospital.send(
        message(
            boxes[number % 2],
            (screen := screen_of(number)),
            reading_for(number, screen),
            TAKEN_AT + timedelta(minutes=number),
        )
        for number in numbers
    )


def boxed(engine: object, folder: EvidenceFolder) -> Hospital:
    """An empty hospital with the two boxes, over a database that exists."""
    hospital = Hospital(engine, folder, Ingest(engine, folder))  # type: ignore[arg-type]
    for box_id, room in (("ct-1", "CT 1"), ("petct-1", "PET/CT")):
        hospital.add_box(box_id, room, TAKEN_AT)
    return hospital
