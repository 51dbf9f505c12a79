"""The box as a program: started, asked, sent to by DCMTK, stopped."""

import json
import re
import signal
import socket
import ssl
import subprocess
import tarfile
from pathlib import Path

import pytest

from dosebook_edge.capture.dicom.associations import Refusals
from tests.support.box import (
    DX_CLASS,
    PATIENT,
    RDSR_CLASS,
    BoxProcess,
    association,
    box_command,
    configuration,
    image,
    listening,
    opened_outbox,
    running_box,
)
from tests.support.programs import need_program

OFFLINE = ("[uplink]", "enabled = false")


def test_a_box_with_half_a_copy_of_its_outbox_says_what_to_do(tmp_path):
    """A database that cannot be opened is one sentence with the remedy, and is left as it is."""
    config = configuration(tmp_path, *OFFLINE)
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    with opened_outbox(data):
        pass
    database = data / "outbox.db"
    half = database.read_bytes()[: database.stat().st_size // 2]
    database.write_bytes(half)
    answer = box_command(config, "run")
    assert answer.returncode == 1
    assert "outbox.db cannot be opened" in answer.stderr
    assert "move outbox.db* out of the folder" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert database.read_bytes() == half


def test_box_tells_of_itself(tmp_path, eventually):
    """A running box is seen by `status`, `check` and `outbox`; exit codes tell its state."""
    on_any_disk = ("[outbox]", "warn_percent = 100")
    config = configuration(tmp_path, *OFFLINE, *on_any_disk)
    assert box_command(config, "status").returncode == 3
    with running_box(config) as box:
        with association(box.ports["ct"], DX_CLASS) as assoc:
            assert assoc.send_c_store(image()).Status == 0x0000
        with association(box.ports["ct"], DX_CLASS, called="OTHER"):
            pass

        def status():
            return json.loads(box_command(config, "status", "--json").stdout)

        # Outbox and refusals are looked up one after the other: one status may hold only the later.
        found = eventually(
            lambda: (one := status())["refusals"] and one["outbox_waiting"] == 1 and one,
            what="refusal and record are shown",
        )
        assert found["running"] is True
        assert found["sources"][0]["port"] == box.ports["ct"]
        assert "'OTHER' is not 'DOSEBOOK'" in found["refusals"][0]["reason"]
        assert box_command(config, "check", "sources").returncode == 0
        assert box_command(config, "check", "outbox").returncode == 0
        assert box_command(config, "check", "nonsense").returncode == 2
        (row,) = json.loads(box_command(config, "outbox", "list", "--json").stdout)
        assert (row["sequence"], row["status"]) == (1, "waiting")
        shown = json.loads(box_command(config, "outbox", "show", "1", "--json").stdout)
        assert shown["transport"]["pixels"] == "dropped"
        assert "patient" not in shown["reading"]
        second = box_command(config, "run")
        assert (second.returncode, "another dosebook-box" in second.stderr) == (1, True)
    assert box.process.returncode == 0
    assert box_command(config, "status", "--json").returncode == 3


def test_no_patient_in_logs_status_and_collection(tmp_path):
    """Neither logs, status, ledger nor the support archive hold a name or an id of a patient."""
    config = configuration(tmp_path, "[log]", 'level = "debug"', *OFFLINE)
    with running_box(config) as box, association(box.ports["ct"], DX_CLASS) as assoc:
        sent = image()
        assert assoc.send_c_store(sent).Status == 0x0000
        sent.PatientID = "T-4711"
        archive = tmp_path / "diag.tar.gz"
        assert box_command(config, "diag", "collect", str(archive)).returncode == 0
        told = box_command(config, "status").stdout + box_command(config, "outbox", "list").stdout
    with tarfile.open(archive) as opened:
        for member in opened.getmembers():
            told += opened.extractfile(member).read().decode()
    told += box.log_path.read_text()
    assert "object_stored" in told
    for secret in (*PATIENT.split("^"), "T-4711", str(sent.SOPInstanceUID)):
        assert secret not in told
    for line in box.log_path.read_text().splitlines():
        assert {"at", "level", "event"} <= json.loads(line).keys()


def test_records_and_numbers_survive_a_restart(tmp_path):
    """After SIGTERM and after SIGKILL a box goes on with the next number and the same identity."""
    config = configuration(tmp_path, *OFFLINE)
    for number, end in enumerate((signal.SIGTERM, signal.SIGKILL, signal.SIGTERM), start=1):
        box = BoxProcess(config)
        with association(box.ports["ct"], DX_CLASS) as assoc:
            assert assoc.send_c_store(image()).Status == 0x0000
        box.end(end)
        rows = json.loads(box_command(config, "outbox", "list", "--json").stdout)
        assert [row["sequence"] for row in rows] == list(range(number, 0, -1))


def test_wish_of_the_registry_takes_effect(tmp_path, eventually):
    """What the uplink saved as desired configuration is in force without a restart by hand."""
    from datetime import UTC, datetime

    from dosebook_edge.config.layers import DESIRED
    from dosebook_protocol.record import BoxConfig

    config = configuration(tmp_path, *OFFLINE)
    with running_box(config):
        wish = BoxConfig(
            box_id="box-1",
            revision=1,
            issued_at=datetime.now(UTC),
            settings={"source.ct.ae_title": "RENAMED"},
        )
        new = tmp_path / "data" / "new"
        new.write_text(wish.model_dump_json())
        new.replace(tmp_path / "data" / DESIRED)

        def renamed():
            status = json.loads(box_command(config, "status", "--json").stdout)
            return status["sources"][0]["detail"].startswith("RENAMED") and status["sources"][0]

        source = eventually(renamed, 45, what="source has its new title")
        with association(source["port"], DX_CLASS, called="RENAMED") as assoc:
            assert assoc.is_established


def test_source_that_cannot_listen_is_told_and_tried_again(tmp_path):
    """A taken port stops neither the box nor its other sources; `status` names it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        config = configuration(tmp_path, *OFFLINE, port=taken.getsockname()[1])
        with config.open("a") as file:
            file.write('[[source]]\nname = "xa"\nport = 0\nbind = "127.0.0.1"\n')
        with running_box(config) as box:
            assert box.ports["xa"] > 0
            answer = box_command(config, "status")
    assert answer.returncode == 3
    assert "source ct is failed" in answer.stdout


def test_dcmtk_sends_and_verifies(tmp_path, corpus):
    """DCMTK, a peer that shares no code with the box, echoes and stores dose reports."""
    storescu, echoscu = need_program("storescu", "dcmtk"), need_program("echoscu", "dcmtk")
    files = sorted((corpus / "ct").glob("CT-RDSR-*.dcm"))
    with running_box(configuration(tmp_path, *OFFLINE)) as box:
        port = str(box.ports["ct"])
        subprocess.run([echoscu, "-aec", "DOSEBOOK", "127.0.0.1", port], check=True, timeout=30)
        command = [storescu, "-R", "-aec", "DOSEBOOK", "127.0.0.1", port, *map(str, files)]
        for _ in range(2):
            subprocess.run(command, check=True, timeout=50)
        rows = json.loads(box_command(box.config, "outbox", "list", "--json").stdout)
    assert len(rows) == len(files) > 0
    assert {row["outcome"] for row in rows} == {"read"}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """An authority with a server and a client certificate."""
    openssl = need_program("openssl", "openssl")
    folder = tmp_path_factory.mktemp("tls")

    def run(*arguments):
        subprocess.run([openssl, *arguments], check=True, capture_output=True, cwd=folder)

    run(*"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key".split(),
        *"-out ca.pem -subj /CN=authority -days 2".split())  # fmt: skip
    for name in ("server", "client"):
        (folder / "extensions").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        run(*"req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes".split(),
            *f"-keyout {name}.key -out {name}.csr -subj /CN={name}".split())  # fmt: skip
        run(*f"x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial".split(),
            *f"-out {name}.pem -days 2 -extfile extensions".split())  # fmt: skip
    return folder


def _client(certificates, *, shows_certificate):
    context = ssl.create_default_context(cafile=certificates / "ca.pem")
    if shows_certificate:
        context.load_cert_chain(certificates / "client.pem", certificates / "client.key")
    return context, "localhost"


def test_tls_source_takes_known_peers_only(tmp_path, certificates, eventually):
    """Over DICOM TLS a certified peer stores; one without certificate or TLS is refused."""
    refusals = Refusals()
    settings = {
        "tls_certificate": certificates / "server.pem",
        "tls_key": certificates / "server.key",
        "tls_client_ca": certificates / "ca.pem",
    }
    with opened_outbox(tmp_path) as outbox, listening(outbox, refusals, **settings) as source:
        known = _client(certificates, shows_certificate=True)
        with association(source.port, DX_CLASS, tls_args=known) as assoc:
            assert assoc.send_c_store(image()).Status == 0x0000
        unknown = _client(certificates, shows_certificate=False)
        with association(source.port, DX_CLASS, tls_args=unknown) as assoc:
            assert not assoc.is_established
        with association(source.port, DX_CLASS) as assoc:
            assert not assoc.is_established
        said = eventually(
            lambda: len(refusals._new) >= 2 and [one.reason for one in refusals._new.values()]
        )
        assert outbox.status().last_sequence == 1
    assert "TLS: the peer showed no certificate, and this source asks for one" in said
    assert any("does not speak TLS" in one for one in said)


def test_silent_peer_keeps_no_one_out(tmp_path, certificates):
    """A peer that connects to a TLS source and says nothing does not block the others."""
    settings = {
        "tls_certificate": certificates / "server.pem",
        "tls_key": certificates / "server.key",
    }
    known = _client(certificates, shows_certificate=False)
    with (
        opened_outbox(tmp_path) as outbox,
        listening(outbox, **settings) as source,
        socket.create_connection(("127.0.0.1", source.port)),
        association(source.port, RDSR_CLASS, tls_args=known) as assoc,
    ):
        assert assoc.is_established


def test_idle_box_is_small(tmp_path):
    """An idle box with a source stays under 120 MB of memory."""
    with running_box(configuration(tmp_path, *OFFLINE)) as box:
        memory = Path(f"/proc/{box.process.pid}/status").read_text()
        (resident,) = re.findall(r"VmRSS:\s+(\d+) kB", memory)
    assert int(resident) * 1024 < 120_000_000
