"""The tutorial on profiles is followed as it stands; the profiles are in what gets installed."""

import json
import re
import shlex
import subprocess
import sys
import zipfile
from contextlib import ExitStack, contextmanager

import pytest
from click.testing import CliRunner

from dosebook_edge.capture.instrument.catalogue.loader import shipped
from dosebook_edge.capture.screen.loader import shipped as screens
from dosebook_edge.cli.main import main
from tests.support.tree import ROOT

PAGE = ROOT / "docs/operate/instruments.md"


@pytest.fixture
def followed(tmp_path, monkeypatch):
    """A folder in which all files of the tutorial were saved."""
    monkeypatch.chdir(tmp_path)
    blocks = _blocks(r"^```\w+ file=(\S+)\n(.*?)^```")
    for name, text in blocks:
        (tmp_path / name).write_text(text)
    return tmp_path


def _blocks(pattern):
    return re.findall(pattern, PAGE.read_text(), re.MULTILINE | re.DOTALL)


def _box(*words):
    return CliRunner().invoke(main, words)


@contextmanager
def _background(words):
    """A command of the page that goes on while the next ones run."""
    with subprocess.Popen(
        [sys.executable, "-m", "dosebook_edge.cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        try:
            assert running.stdout.readline()  # it works from its first line on
            yield
        finally:
            running.terminate()


def _follow(text, stack):
    """Run one command of the page; the end of the stack ends one in the background."""
    words = shlex.split(text)[1:]
    if words[-1] == "&":
        stack.enter_context(_background(words[:-1]))
        return None
    return _box(*words)


def test_the_tutorial_gives_what_it_shows(followed):
    """Adding an instrument: each command runs as it stands, and prints what the page prints."""
    outputs, shown = [], []
    with ExitStack() as stack:
        for kind, text in _blocks(r"^```(sh|text output)\n(.*?)^```"):
            if kind == "sh":
                outputs.append(_follow(text, stack))
            else:
                shown.append((text, outputs[-1].output))
    assert [one and one.exit_code for one in outputs] == [
        *(0, outputs[1].exit_code, 3, None, 0, 0),
        *(None, 0),
    ]
    assert outputs[1].exit_code in (0, 3)  # 3: this machine has no serial port
    for page, output in shown:
        assert _without_times(output) == _without_times(page)
    recorded = _box("instrument", "test", "example-kap.toml", "recorded.txt", "--json")
    assert json.loads(recorded.stdout)["differing_cuts"] == []


def _without_times(text):
    return re.sub(r"^\d\d:\d\d:\d\d\.\d{3}", "TIME", text, flags=re.MULTILINE)


def test_json_tells_all_of_a_reading(followed):
    """A program gets number, unit, where the unit is from, state, bytes and place."""
    done = _box("instrument", "test", "example-kap.toml", "capture.txt", "--json")
    value = json.loads(done.stdout)
    assert (value["readings"], value["notices"], value["all_boundaries"]) == (2, 1, True)
    (reading,) = value["outcomes"][0]["readings"]
    assert reading["raw"] == reading["corrected"] == "1.234"
    assert value["outcomes"][0]["hex"] == b"KAP=00123.40 uGym2".hex()
    assert (reading["unit"], reading["unit_from"]) == ("uGy.m2", "instrument")


def test_bytes_alone_are_read_and_a_clean_capture_ends_with_0(followed):
    """A file of bytes, without questions and times, is proved as well."""
    (followed / "bytes.bin").write_bytes(b"KAP=00123.40 uGym2\r\n")
    assert _box("instrument", "test", "example-kap.toml", "bytes.bin").exit_code == 0


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("no-such", "capture.txt"), 1, "there is no profile 'no-such'"),
        (("example-kap.toml", "noise.bin"), 1, "0 readings"),
        (("example-kap.toml", "wrong.txt"), 1, "line 2: '? K' is none of a transcript"),
        (("example-kap.toml", "capture.txt", "--factor", "0"), 2, "is no calibration factor"),
    ],
)
def test_what_cannot_be_proved_says_why(followed, words, code, told):
    """A wrong profile, capture or factor ends with its code and one sentence."""
    (followed / "noise.bin").write_bytes(bytes(range(256)))
    (followed / "wrong.txt").write_text("# transcript\n? K\n")
    done = _box("instrument", "test", *words)
    assert done.exit_code == code
    assert told in done.output


def test_the_list_tells_status_and_sources():
    """A program sees of each profile what it measures, how far it is known, and from where."""
    rows = json.loads(_box("instrument", "list", "--json").stdout)
    assert [row["id"] for row in rows] == sorted(shipped())
    assert all(row["status"] and row["sources"] and row["measures"] for row in rows)


def test_the_profiles_are_in_what_gets_installed(tmp_path):
    """The wheel of the box carries each profile beside the code that reads it."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path]
    subprocess.run(build, cwd=ROOT / "edge", check=True, capture_output=True, timeout=50)
    (wheel,) = tmp_path.glob("*.whl")
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".toml")}
    for kind, known in (("instrument", shipped()), ("screen", screens())):
        folder = f"dosebook_edge/capture/{kind}/profiles"
        wanted = {f"{folder}/{name}.toml" for name in known}
        assert {name for name in inside if name.startswith(folder)} == wanted
