"""Boxes for tests: an outbox, a source in this process, a whole box in its own, and peers."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid
from pynetdicom import AE, _config, evt

from dosebook_edge.capture.dicom.associations import Refusals
from dosebook_edge.capture.dicom.scp import DicomSettings, DicomSource
from dosebook_edge.capture.screen.pending import PendingCaptures
from dosebook_edge.outbox import Draft, Outbox, OutboxSettings
from dosebook_edge.reactor_pause import pause_surely
from dosebook_protocol.cose import Signer
from dosebook_protocol.reading import Outcome, Reading
from dosebook_protocol.record import Clock, Receipt, Receipts, ReceiptStatus, SourceKind
from tools.site.box import ENVIRONMENT

# Also when no source was imported before: the requestors of these tests need no log of each PDU.
_config.LOG_HANDLER_LEVEL = "none"

BOX = "box-1"
TITLE = "DOSEBOOK"
PATIENT = "Zyxwalska^Testymona"
DX_CLASS = "1.2.840.10008.5.1.4.1.1.1.1"
RDSR_CLASS = "1.2.840.10008.5.1.4.1.1.88.67"
SIGNER = Signer(Ed25519PrivateKey.generate(), BOX)


def draft(evidence: bytes = b"evidence", **changes: Any) -> Draft:
    """A record to append."""
    values: dict[str, Any] = {
        "source": "ct",
        "source_kind": SourceKind.DICOM_STORE,
        "captured_at": datetime.now(UTC),
        "evidence": evidence,
        "media_type": "application/octet-stream",
        "transport": {},
        "reading": Reading(Outcome.NO_DOSE, "other", "test"),
    }
    return Draft(**values | changes)


def receipts_for(*records: Any, box_id: str = BOX, status: str = "stored") -> Receipts:
    """Receipts for appended or waiting records."""
    return Receipts(
        box_id=box_id,
        committed_at=datetime.now(UTC),
        receipts=tuple(
            Receipt(record_id=one.record_id, sequence=one.sequence, status=ReceiptStatus(status))
            for one in records
        ),
    )


@contextmanager
def opened_outbox(folder: Path, **settings: Any):
    """An outbox in a folder, closed afterwards."""
    outbox = Outbox(folder, BOX, SIGNER, OutboxSettings(**settings))
    try:
        yield outbox
    finally:
        outbox.close()


@contextmanager
def listening(
    outbox: Outbox,
    refusals: Refusals | None = None,
    captures: PendingCaptures | None = None,
    **settings: Any,
):
    """A DICOM source on a free port, stopped afterwards."""
    values: dict[str, Any] = {"name": "ct", "ae_title": TITLE, "port": 0, "bind": "127.0.0.1"}
    values |= settings
    source = DicomSource(DicomSettings(**values), outbox, Clock, refusals or Refusals(), captures)
    source.start()
    try:
        yield source
    finally:
        source.stop()


def image(sop_class: str = DX_CLASS, pixels: int = 512, **attributes: Any) -> Dataset:
    """A small image with a dose in its header."""
    dataset = Dataset()
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = generate_uid()
    dataset.StudyInstanceUID = generate_uid()
    dataset.SeriesInstanceUID = generate_uid()
    dataset.Modality = "DX"
    dataset.PatientName = PATIENT
    dataset.PatientID = "T-4711"
    dataset.ImageAndFluoroscopyAreaDoseProduct = "1.5"
    dataset.Rows = dataset.Columns = 16
    dataset.BitsAllocated = 16
    dataset.add_new(0x7FE00010, "OW", b"\x01\x02" * (pixels // 2))
    for name, value in attributes.items():
        setattr(dataset, name, value)
    return with_meta(dataset)


def with_meta(dataset: Dataset, syntax: UID = ExplicitVRLittleEndian) -> Dataset:
    """Add what pynetdicom and `save_as` want to know."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


@contextmanager
def association(
    port: int,
    *contexts: str,
    calling: str = "CT1",
    called: str = TITLE,
    syntaxes: Any = ExplicitVRLittleEndian,
    **options: Any,
):
    """An association to a source, released afterwards; not established where it was refused."""
    ae = AE(ae_title=calling)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 20
    for one in contexts:
        ae.add_requested_context(one, syntaxes)
    # pynetdicom leaves a socket open that its peer has reset.
    sockets: list[Any] = []
    remember = (evt.EVT_CONN_OPEN, lambda event: sockets.append(event.assoc.dul.socket.socket))
    options["evt_handlers"] = [
        *options.get("evt_handlers", []),
        remember,
        (evt.EVT_CONN_OPEN, pause_surely),
    ]
    assoc = ae.associate("127.0.0.1", port, ae_title=called, **options)
    try:
        yield assoc
    finally:
        if assoc.is_established:
            assoc.release()
        if assoc.ident is not None:
            assoc.join(10)
        for one in sockets:
            one.close()


def configuration(folder: Path, *lines: str, **source: Any) -> Path:
    """Write a box file for one DICOM source on a free port."""
    folder.mkdir(parents=True, exist_ok=True)
    table = {"name": "ct", "ae_title": TITLE, "port": 0, "bind": "127.0.0.1"} | source
    text = [
        "[box]",
        f'id = "{BOX}"',
        f'data_dir = "{folder / "data"}"',
        *lines,
        "[[source]]",
        *(f"{key} = {json.dumps(value)}" for key, value in table.items()),
    ]
    path = folder / "box.toml"
    path.write_text("\n".join(text) + "\n")
    return path


class BoxProcess:
    """`dosebook-box run` in its own process."""

    def __init__(self, config: Path) -> None:
        self.config = config
        self.log_path = config.with_suffix(".log")
        self._log = self.log_path.open("a")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dosebook_edge.cli", "--config", str(config), "run"],
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env={**os.environ, **ENVIRONMENT, "PYTHONUNBUFFERED": "1"},
        )
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            self.end(signal.SIGKILL)
            raise AssertionError(f"the box did not start: {self.log_path.read_text()[-2000:]}")
        self.ports: dict[str, int] = json.loads(line)["sources"]

    def end(self, number: int = signal.SIGTERM) -> int:
        """End the process and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(30)
        if self.process.stdout:
            self.process.stdout.close()
        self._log.close()
        return code


@contextmanager
def running_box(config: Path):
    """A box in its own process, ended with SIGTERM afterwards."""
    box = BoxProcess(config)
    try:
        yield box
    finally:
        box.end()


def box_command(config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one command of `dosebook-box`."""
    return subprocess.run(
        [sys.executable, "-m", "dosebook_edge.cli", "--config", str(config), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
