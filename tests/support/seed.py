"""A small hospital in a registry: simulated exams through the real ingest, boxes, people.

Everything that pages show is there: a long history, conflicts, a biplane exam, missing values, a
silent box, a gap in a ledger, and each kind of refusal.
"""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from sqlalchemy import Engine, insert, update

from dosebook_central.ingest.evidence import EvidenceFolder
from dosebook_central.ingest.pipeline import Ingest
from dosebook_central.ingest.verify import Incoming
from dosebook_central.store.models import Base, Box, User
from dosebook_edge.simulate.hospital import Exam, morning, people, priors
from dosebook_edge.simulate.scene import to_bytes
from dosebook_protocol.cose import Signer
from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.reading import READER_VERSION
from dosebook_protocol.record import Clock, EvidenceRef, Health, Record, SourceHealth, SourceKind
from dosebook_protocol.topics import Channel, topic
from dosebook_protocol.wire import encode_record, encode_record_message
from tests.support import troubles

PASSWORD = "three quiet rivers"
# Hundreds of tests sign in: checking this one costs next to nothing, unlike the product's own.
_QUICK_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
PEOPLE = {
    "radiographer": "R. Radiographer",
    "radiologist": "Dr L. Reader",
    "physicist": "M. Physicist",
    "director": "D. Director",
    "data-manager": "A. Dataman",
    "field-engineer": "F. Engineer",
    "auditor": "P. Auditor",
    "administrator": "S. Admin",
}
_ROOMS = {
    "CT": ("ct-1", "CT 1"),
    "XA": ("angio-1", "Angiography 1"),
    "DX": ("xray-2", "X-ray 2"),
    "MG": ("mammo-1", "Mammography"),
    "PT": ("petct-1", "PET/CT"),
}
_KINDS = {"store": "", "mpps-create": "; mpps=n-create", "mpps-set": "; mpps=n-set"}

_SOURCES = {
    SourceKind.DICOM_STORE: "store",
    SourceKind.DICOM_MPPS: "mpps",
    SourceKind.IMPORT: "import",
}


@dataclass(slots=True)
class SimBox:
    """One box: its key and its place in the ledger."""

    id: str
    room: str
    signer: Signer
    sequence: int = 0


@dataclass(slots=True)
class Hospital:
    """A seeded registry."""

    engine: Engine
    evidence: EvidenceFolder
    ingest: Ingest
    boxes: dict[str, SimBox] = field(default_factory=dict)

    def add_box(self, box_id: str, room: str, now: datetime, days: int = 300) -> SimBox:
        """Enrol one box whose key we hold."""
        key = Ed25519PrivateKey.from_private_bytes(sha256(box_id.encode()).digest())
        box = SimBox(box_id, room, Signer(key, box_id))
        with self.engine.begin() as connection:
            connection.execute(
                insert(Box).values(
                    id=box_id,
                    room=room,
                    public_key=key.public_key().public_bytes_raw(),
                    certificate_expires_at=now + timedelta(days=days),
                    added_at=now - timedelta(days=400),
                )
            )
        self.boxes[box_id] = box
        return box

    def send(self, items: Iterable[Incoming]) -> None:
        """Feed messages to ingest in batches."""
        batch: list[Incoming] = []
        for item in items:
            batch.append(item)
            if len(batch) == 40:
                self.ingest.process(batch)
                batch = []
        if batch:
            self.ingest.process(batch)


def seed(
    engine: Engine,
    folder: Path,
    *,
    now: datetime | None = None,
    exams: int = 32,
    prior_patients: int = 3,
) -> Hospital:
    """Create the tables and fill them; the same arguments give the same doses."""
    now = now or datetime.now(UTC)
    Base.metadata.create_all(engine)
    evidence = EvidenceFolder(folder)
    hospital = Hospital(engine, evidence, Ingest(engine, evidence))
    for box_id, room in _ROOMS.values():
        hospital.add_box(box_id, room, now, 19 if box_id == "mammo-1" else 300)
    day = now.date()
    made = [*priors(7, prior_patients, day=day), *morning(7, exams, day=day)]
    hospital.send(message for exam in made for message in messages(hospital, exam))
    # A record that never arrives leaves a gap behind it.
    hospital.boxes["xray-2"].sequence += 2
    tail = list(morning(11, 4, day=day))
    hospital.send(message for exam in tail for message in messages(hospital, exam))
    odd = [*troubles.disagreements(day).values(), *troubles.named(day)]
    hospital.send(message for exam in odd for message in messages(hospital, exam))
    hospital.send(imported(hospital, day, now))
    hospital.send(refused(hospital, made[-1], odd[1], now))
    tell_health(hospital, now)
    return hospital


def add_people(engine: Engine) -> None:
    """Add one person for each role, login = role, all with the same password."""
    common = {"rights": {}, "password_hash": _QUICK_HASH, "created_at": datetime.now(UTC)}
    rows = [{"login": role, "name": name, "role": role, **common} for role, name in PEOPLE.items()]
    with engine.begin() as connection:
        connection.execute(insert(User), rows)


def messages(hospital: Hospital, exam: Exam) -> Iterator[Incoming]:
    """An exam as its box would send it."""
    box_id, _ = _ROOMS.get(exam.truth.modality, _ROOMS["DX"])
    box = hospital.boxes[box_id]
    step = Dataset()
    for item in exam.objects:
        if item.kind == "store":
            data = to_bytes(item.dataset)
        else:
            step.update(deepcopy(item.dataset))
            data = _step_file(step, item.sop_instance_uid)
        media_type = f"application/dicom{_KINDS[item.kind]}"
        at = item.at.replace(tzinfo=UTC) + timedelta(seconds=4)
        kind = SourceKind.DICOM_STORE if item.kind == "store" else SourceKind.DICOM_MPPS
        yield message(box, data, media_type, at, kind=kind)


def message(
    box: SimBox,
    data: bytes,
    media_type: str,
    at: datetime,
    *,
    kind: SourceKind = SourceKind.DICOM_STORE,
    sender: SimBox | None = None,
) -> Incoming:
    """One signed record; another `sender` gives a signature that does not belong."""
    box.sequence += 1
    digest = sha256(data).hexdigest()
    record = Record(
        record_id=sha256(f"{box.id}:{box.sequence}".encode()).hexdigest()[:32],
        box_id=box.id,
        sequence=box.sequence,
        source=_SOURCES[kind],
        source_kind=kind,
        captured_at=at,
        clock=Clock(quality="synchronised", uncertainty_s=0.02),
        box_version="0.1.0",
        transport={
            "calling_ae_title": box.id.upper().replace("-", "_"),
            "called_ae_title": "DOSEBOOK",
        },
        evidence=EvidenceRef(sha256=digest, media_type=media_type, size=len(data)),
        reader_version=READER_VERSION,
        reading=read_object(data, media_type),
    )
    envelope = (sender or box).signer.sign(encode_record(record))
    return Incoming(topic(box.id, Channel.RECORDS), encode_record_message(envelope, data))


def imported(hospital: Hospital, day: date, now: datetime) -> Iterator[Incoming]:
    """Reports that the showcase brought on a disc from another hospital (P46)."""
    away = hospital.add_box("registry", "Imported files", now)
    showcase = people(7, day)[0]
    for exam in islice(priors(23, 1, years=3, day=day), 3):
        for item in exam.objects:
            if item.kind == "store":
                item.dataset.PatientID, item.dataset.PatientName = showcase.id, showcase.name
                data = to_bytes(item.dataset)
                yield message(away, data, "application/dicom", now, kind=SourceKind.IMPORT)


def refused(hospital: Hospital, exam: Exam, report: Exam, now: datetime) -> Iterator[Incoming]:
    """One message of each kind that ends in quarantine."""
    ct, angio = hospital.boxes["ct-1"], hospital.boxes["angio-1"]
    later = (now + timedelta(seconds=number) for number in range(9))
    damaged = b"\0" * 128 + b"DICM" + b"not an object" * 9
    yield message(ct, damaged, "application/dicom", next(later))
    yield message(ct, to_bytes(troubles.unknown_unit(report)), "application/dicom", next(later))
    yield message(ct, to_bytes(troubles.patient_report(report)), "application/dicom", next(later))
    stranger_key = Ed25519PrivateKey.from_private_bytes(sha256(b"stranger").digest())
    stranger = SimBox("theatre-9", "", Signer(stranger_key, "theatre-9"))
    first = next(item.dataset for item in exam.objects if item.kind == "store")
    yield message(stranger, to_bytes(first), "application/dicom", now)
    forged = message(angio, b"forged", "application/dicom", now, sender=ct)
    angio.sequence -= 1  # what was not accepted does not stand in the ledger
    yield forged
    yield Incoming(topic(ct.id, Channel.RECORDS), b"\x82\x41\x00garbage")


def tell_health(hospital: Hospital, now: datetime) -> None:
    """Give each box a word on itself: well, silent, short of disk, with a failed source."""
    states: dict[str, dict[str, Any]] = {
        "ct-1": {},
        "angio-1": {"waiting": 14, "oldest": now - timedelta(minutes=3), "seen": 1},
        "xray-2": {"seen": 190, "waiting": 6, "oldest": now - timedelta(minutes=200)},
        "mammo-1": {"disk": 83.4},
        "petct-1": {"refused": 3},
    }
    for box_id, state in states.items():
        box = hospital.boxes[box_id]
        at = now - timedelta(minutes=state.get("seen", 0), seconds=21)
        health = Health(
            box_id=box_id,
            at=at,
            box_version="0.1.0",
            reader_version=READER_VERSION,
            started_at=now - timedelta(days=41),
            clock=Clock(quality="synchronised", uncertainty_s=0.02),
            outbox_waiting=state.get("waiting", 0),
            outbox_oldest_at=state.get("oldest"),
            outbox_last_sequence=box.sequence,
            outbox_acknowledged_sequence=box.sequence - state.get("waiting", 0),
            disk_used_percent=state.get("disk", 12.5),
            disk_free_bytes=20_000_000_000,
            certificate_days_left=300,
            uplink_state="connected",
            sources=(
                SourceHealth(
                    name="store",
                    kind=SourceKind.DICOM_STORE,
                    state="listening",
                    last_record_at=at - timedelta(minutes=17),
                    refused=state.get("refused", 0),
                    detail="refused: called AE title DOSBOOK is not ours"
                    if state.get("refused")
                    else "",
                ),
            ),
        )
        with hospital.engine.begin() as connection:
            connection.execute(
                update(Box)
                .where(Box.id == box_id)
                .values(
                    health=health.model_dump(mode="json"),
                    last_seen_at=at,
                    last_record_at=at - timedelta(minutes=17),
                )
            )


def _step_file(step: Dataset, uid: str) -> bytes:
    step.SOPClassUID, step.SOPInstanceUID = "1.2.840.10008.3.1.2.3.3", uid
    step.file_meta = FileMetaDataset()
    step.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    stream = BytesIO()
    dcmwrite(stream, step, enforce_file_format=True)
    return stream.getvalue()
