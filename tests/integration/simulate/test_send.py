"""Simulated modalities talk to a real SCP over real associations."""

import contextlib
import datetime as dt
import gc
import ipaddress
import json
import socket
import ssl

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydicom.dataset import Dataset
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.sop_class import ModalityPerformedProcedureStep, Verification

from dosebook_edge.simulate import hospital
from dosebook_edge.simulate.cli import main
from dosebook_edge.simulate.send import SendError, echo, send


class Receiver:
    """A C-STORE, MPPS and C-ECHO SCP that notes what it hears and answers `status`."""

    def __init__(self, *, status=0x0000, context=None, called="BOX"):
        self.stored = []
        self.steps = {}
        self.status = status
        ae = AE(ae_title=called)
        ae.require_called_aet = True
        ae.supported_contexts = AllStoragePresentationContexts
        ae.add_supported_context(Verification)
        ae.add_supported_context(ModalityPerformedProcedureStep)
        self.server = ae.start_server(
            ("127.0.0.1", 0),
            block=False,
            ssl_context=context,
            evt_handlers=[
                (evt.EVT_C_STORE, self._store),
                (evt.EVT_N_CREATE, self._create),
                (evt.EVT_N_SET, self._set),
            ],
        )
        self.port = self.server.socket.getsockname()[1]

    def _store(self, event):
        self.stored.append((event.request.AffectedSOPInstanceUID, event.dataset.PatientID))
        return self.status

    def _create(self, event):
        attributes = event.attribute_list
        self.steps[event.request.AffectedSOPInstanceUID] = [attributes.PerformedProcedureStepStatus]
        return self.status, Dataset()

    def _set(self, event):
        uid = event.request.RequestedSOPInstanceUID
        self.steps[uid].append(event.modification_list.PerformedProcedureStepStatus)
        return self.status, Dataset()


@contextlib.contextmanager
def receiver(**options):
    """A running SCP on a free port."""
    made = Receiver(**options)
    try:
        yield made
    finally:
        made.server.shutdown()


def test_a_morning_arrives_whole():
    """Every object of every exam is accepted, in order, and MPPS ends as its exam did."""
    exams = list(hospital.morning(9, 16))
    with receiver() as box:
        for exam in exams:
            results = send(exam.objects, "127.0.0.1", box.port, "BOX", "CT1")
            assert [result.status for result in results] == [0] * len(exam.objects)
    wanted = [
        (item.sop_instance_uid, exam.truth.patient.id)
        for exam in exams
        for item in exam.objects
        if item.kind == "store"
    ]
    assert box.stored == wanted
    assert sorted(tuple(states) for states in box.steps.values()) == [
        ("IN PROGRESS", "COMPLETED"),
        ("IN PROGRESS", "COMPLETED"),
        ("IN PROGRESS", "COMPLETED"),
        ("IN PROGRESS", "COMPLETED"),
        ("IN PROGRESS", "COMPLETED"),
        ("IN PROGRESS", "DISCONTINUED"),
    ]


def test_refusal_is_reported_per_object():
    """A box that is full says 0xA700 and the sender hands that on for each object."""
    (exam,) = hospital.morning(1, 1)
    with receiver(status=0xA700) as box:
        (result,) = send(exam.objects, "127.0.0.1", box.port, "BOX", "CT1")
    assert result.status == 0xA700
    assert not result.is_success


def test_wrong_ae_title_is_an_error_with_the_next_command():
    """A refused association says who refused whom, why, and where the right title stands."""
    (exam,) = hospital.morning(1, 1)
    words = "rejected the association of CT1 with NOBODY: Called AE title not recognised.*status"
    with receiver() as box, pytest.raises(SendError, match=words):
        send(exam.objects, "127.0.0.1", box.port, "NOBODY", "CT1")


def test_a_port_where_nobody_listens_is_told_from_a_refusal():
    """Without a listener the sentence asks for box and port, and does not blame the AE title."""
    (exam,) = hospital.morning(1, 1)
    with receiver() as box:
        port = box.port
    with pytest.raises(SendError, match=f"no DICOM listener at 127.0.0.1:{port}"):
        send(exam.objects, "127.0.0.1", port, "CT_BOX", "CT1")


def test_associations_have_nagle_off(monkeypatch):
    """TCP_NODELAY is set on the association's socket before anything is sent."""
    seen = []
    original = socket.socket.setsockopt

    def noting(self, *arguments):
        seen.append(arguments)
        return original(self, *arguments)

    with receiver() as box:
        monkeypatch.setattr(socket.socket, "setsockopt", noting)
        assert echo("127.0.0.1", box.port, "BOX", "CT1") == 0
    assert (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1) in seen


def _certificate(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / "box.pem", folder / "box.key"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pem, secret


def test_objects_travel_over_tls(tmp_path):
    """With a context given, the association is DICOM TLS and the peer's name is checked."""
    pem, secret = _certificate(tmp_path)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(pem, secret)
    (exam,) = hospital.morning(1, 1)
    with receiver(context=served) as box:
        trusted = ssl.create_default_context(cafile=pem)
        (result,) = send(exam.objects, "127.0.0.1", box.port, "BOX", "CT1", trusted)
    assert result.is_success


def test_cli_sends_and_writes_the_truth(tmp_path):
    """`send` sends the exams of the API and writes their truth; exit 0 when all is accepted."""
    truth = tmp_path / "truth.json"
    with receiver() as box:
        done = CliRunner().invoke(
            main,
            ["send", "--to", f"127.0.0.1:{box.port}", "--aet", "BOX", "--exams", "5", "--seed",
             "3", "--truth", str(truth), "--json"],
        )  # fmt: skip
    assert done.exit_code == 0, done.output
    summary = json.loads(done.stdout)
    assert summary["exams"] == 5
    assert summary["objects"] == summary["accepted"]
    assert summary["failed"] == []
    told = json.loads(truth.read_text())
    assert [exam["study_instance_uid"] for exam in told] == [
        exam.truth.study_instance_uid for exam in hospital.morning(3, 5)
    ]


# pynetdicom leaves the socket of a refused connection to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_cli_exit_tells_a_refusal_from_a_mistake():
    """Exit 1 where the peer refused or is away, 2 where the command was wrong."""
    runner = CliRunner()
    with receiver(status=0xA700) as box:
        at = f"127.0.0.1:{box.port}"
        refused = runner.invoke(main, ["ct", "--to", at, "--aet", "BOX"])
        assert refused.exit_code == 1
        assert "0xA700" in refused.output
        assert runner.invoke(main, ["echo", "--to", at, "--aet", "BOX"]).exit_code == 0
    assert runner.invoke(main, ["echo", "--to", at, "--aet", "BOX"]).exit_code == 1
    gc.collect()  # here, and not in the middle of another test
    assert runner.invoke(main, ["ct"]).exit_code == 2
    assert runner.invoke(main, ["ct", "--out", "x", "--vendor", "siemns-ct"]).exit_code == 2
    assert runner.invoke(main, ["send", "--to", "nowhere"]).exit_code == 2


@pytest.mark.parametrize("name", ["ct", "carm", "dx", "mammo", "petct"])
def test_cli_writes_files_of_each_modality(tmp_path, name):
    """Each modality's command writes DICOM files whose names say nothing of a patient."""
    done = CliRunner().invoke(main, [name, "--out", str(tmp_path), "--count", "2"])
    assert done.exit_code == 0, done.output
    files = sorted(tmp_path.glob("*.dcm"))
    assert len(files) == (4 if name == "petct" else 2)
    assert all(file.read_bytes()[128:132] == b"DICM" for file in files)


def test_files_travel_as_they_are(tmp_path):
    """`files` sends the written bytes, and says which file is no DICOM file."""
    runner = CliRunner()
    runner.invoke(main, ["write", str(tmp_path / "exams"), "--exams", "4"])
    written = sorted((tmp_path / "exams").iterdir())
    (tmp_path / "exams" / "notes.txt").write_text("not an image")
    with receiver() as box:
        at = f"127.0.0.1:{box.port}"
        done = runner.invoke(
            main, ["files", str(tmp_path / "exams"), "--to", at, "--aet", "BOX", "--json"]
        )
    assert done.exit_code == 1
    summary = json.loads(done.stdout)
    assert [entry["sop_instance_uid"] for entry in summary["failed"]] == ["notes.txt"]
    assert len(box.stored) == summary["accepted"] == len(written)


def test_cli_lists_the_makers():
    """`list` names every maker and modality."""
    done = CliRunner().invoke(main, ["list", "--json"])
    assert {row["modality"] for row in json.loads(done.stdout)} == {"CT", "XA", "DX", "MG", "PT"}
