"""`dosebook-registry`: make, fill, ask and run a registry as a person does."""

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest
from click import ClickException
from click.testing import CliRunner
from sqlalchemy.exc import OperationalError

from dosebook_central.cli import main, telling
from dosebook_central.ingest.evidence import EvidenceFolder
from dosebook_central.registry import Registry
from dosebook_central.run import Service
from tests.support.box import image
from tests.support.waiting import eventually


@pytest.fixture
def command(tmp_path):
    """Run a command on a registry of the test's own; returns the result."""

    def run(*arguments, text=None):
        runner = CliRunner()
        return runner.invoke(main, ["--data", str(tmp_path / "registry"), *arguments], input=text)

    return run


def test_init_makes_a_registry_and_says_what_is_next(command, tmp_path):
    """`init` makes keys, configuration and database, and a second one is refused."""
    result = command("init")
    assert result.exit_code == 0, result.output
    assert "run" in result.output
    names = {path.name for path in (tmp_path / "registry").iterdir()}
    assert {"registry.toml", "registry.db", "keys"} <= names
    again = command("init")
    assert again.exit_code == 1
    assert "already" in again.output


def test_a_registry_is_closed_to_other_accounts_of_the_machine(command, tmp_path):
    """Who is neither owner nor group cannot come at database and evidence, made long ago or now."""
    folder = tmp_path / "registry"
    before = os.umask(0o022)
    try:
        command("init")
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o755)  # as earlier versions made it
    Registry(folder).close_to_others()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750
    EvidenceFolder(tmp_path / "apart")
    assert stat.S_IMODE((tmp_path / "apart").stat().st_mode) & 0o007 == 0


def test_commands_without_a_registry_say_how_to_make_one(command):
    """Every command on a missing folder names `init`, without a traceback."""
    for words in (["box", "list"], ["status"], ["db", "upgrade"], ["quarantine", "list"]):
        result = command(*words)
        assert result.exit_code == 1, words
        assert "init" in result.output


def test_import_status_and_recompute(command, corpus):
    """Import tells each file, `status` counts, `recompute` reads and derives again."""
    command("init")
    result = command("import", str(corpus / "ct"))
    assert result.exit_code == 0, result.output
    assert "13 stored" in result.output.splitlines()[-1]
    state = json.loads(command("status", "--json").output)
    assert (state["records"], state["in_quarantine"]) == (13, 0)
    assert state["boxes"][0]["missing"] == []
    assert "13 records read again" in command("recompute", "--readings", "--all").output
    assert json.loads(command("status", "--json").output)["exams"] == state["exams"]


def test_import_with_something_unreadable_is_degraded(command, tmp_path):
    """An import that leaves something in quarantine exits 3, and `quarantine` shows and replays."""
    command("init")
    assert "Nothing in quarantine is open." in command("quarantine", "list").output
    (tmp_path / "bad.dcm").write_bytes(bytes(128) + b"DICM" + b"\xff" * 64)
    assert command("import", str(tmp_path / "bad.dcm")).exit_code == 3
    listed = command("quarantine", "list").output
    assert "unreadable" in listed
    replayed = command("quarantine", "replay", listed.split()[0])
    assert replayed.exit_code == 3
    assert "Still refused" in replayed.output


def test_people_are_added_with_a_line_in_the_activity_log(command):
    """R77, R84: `user add` reads the password, applies the policy and is logged."""
    command("init")
    short = command("user", "add", "anna", "--role", "physicist", "--password-stdin", text="x\n")
    assert short.exit_code == 1
    fine = "a quite long pass phrase\n"
    result = command("user", "add", "anna", "--role", "physicist", "--password-stdin", text=fine)
    assert result.exit_code == 0, result.output
    assert "anna" in command("user", "list").output
    assert command("user", "unlock", "anna").exit_code == 0
    assert command("user", "unlock", "nobody").exit_code == 1


def test_read_shows_every_file_and_never_fails(corpus, tmp_path):
    """`read --json` is one JSON array with a document an object, whatever the files are."""
    (tmp_path / "prose.txt").write_text("no DICOM")
    (tmp_path / "broken.dcm").write_bytes(bytes(128) + b"DICM" + b"\x01\x02\x03")
    result = CliRunner().invoke(main, ["read", "--json", str(corpus / "ct"), str(tmp_path)])
    assert result.exit_code == 0, result.output
    documents = {os.path.basename(one["path"]): one for one in json.loads(result.output)}  # noqa: PTH119
    assert documents["prose.txt"]["outcome"] == "no_dose"
    assert documents["broken.dcm"]["outcome"] in {"no_dose", "quarantined"}
    assert documents["CT-RDSR-Siemens-Multi-3.dcm"]["outcome"] == "read"
    table = CliRunner().invoke(main, ["read", str(tmp_path)])
    assert "not a DICOM object" in table.output


def test_no_text_of_a_file_commands_the_terminal(tmp_path):
    """Escapes and line ends in names and texts are shown, not obeyed (`read`, `derive`)."""
    image(StudyDescription="Chest\x1b]0;owned\x07\r\nExam 9: made up").save_as(
        tmp_path / "a.dcm", enforce_file_format=True
    )
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("\x1b[2Jgone", b"x")
    for command in ("read", "derive"):
        result = CliRunner().invoke(main, [command, str(tmp_path)])
        assert result.exit_code == 0, result.output
        assert "\x1b" not in result.output, command
        assert not any(one.startswith("Exam 9") for one in result.output.splitlines()), command


@pytest.mark.system
def test_run_serves_until_sigterm(command, tmp_path):
    """`run` starts broker, ingest and pages on free ports and stops cleanly on SIGTERM."""
    command("init")
    data = tmp_path / "registry"
    left = data / "uploads" / "upload-x" / "Ann Smith.dcm"  # by a process that was killed
    left.parent.mkdir(parents=True)
    left.touch()
    environment = os.environ | {
        "DOSEBOOK_BROKER_PORT": "0",
        "DOSEBOOK_BROKER_LISTEN": "127.0.0.1",
        "DOSEBOOK_WEB_PORT": "0",
    }
    program = "from dosebook_central.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, "--data", str(data), "run"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        status = eventually(lambda: _status(data), 40, what="the registry runs")
        with urllib.request.urlopen(status["web"] + "healthz", timeout=10) as answer:
            assert json.load(answer)["status"] == "ok"
        assert not left.exists()
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert json.loads(out.splitlines()[0])["event"] == "registry_ready"
    assert json.loads(out.splitlines()[-1])["event"] == "registry_stopped"
    assert not (data / "run.json").exists()
    # Quiet and structured: nothing of libraries about themselves, no attempt that must fail.
    events = [json.loads(line) for line in err.splitlines()]
    assert {one["level"] for one in events} == {"info"}, err
    assert events[0]["event"] == "subscriber_listening"


def test_a_signal_while_the_registry_starts_ends_it_as_cleanly(monkeypatch):
    """SIGTERM before all parts run is heeded as soon as they do; nothing is killed in between."""
    handlers = {}
    monkeypatch.setattr(signal, "signal", handlers.__setitem__)
    service = Service(None)
    service.heed_signals()
    assert set(handlers) == {signal.SIGTERM, signal.SIGINT}
    handlers[signal.SIGTERM](signal.SIGTERM, None)
    service.wait()


def _status(data):
    path = data / "run.json"
    return json.loads(path.read_text()) if path.exists() else None


def test_a_full_disk_is_said_in_a_sentence():
    """Started anew on a disk without room, the registry says what to do, without a traceback."""
    with pytest.raises(ClickException, match="No space left on device: make room"), telling():
        Path("/dev/full").write_bytes(b"x")


def test_of_failures_of_the_database_the_first_is_said():
    """An upgrade on a full disk also fails to tidy up: what it says of that would mislead."""
    upgrading = pytest.raises(ClickException, match="database or disk is full")
    with upgrading, telling(), contextlib.ExitStack() as stack:
        stack.callback(_fail, "no such table")
        _fail("database or disk is full")


def _fail(reason):
    raise OperationalError("", {}, Exception(reason))
