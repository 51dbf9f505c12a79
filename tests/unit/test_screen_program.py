"""The box's program behind the editor: absent, slow, talkative, wrong, and as it should be."""

import json
import stat
import sys
from pathlib import Path

import pytest

from dosebook_central.screens.drawing.reader import BoxReader, ReaderError
from tests.support.screens import png
from tests.support.waiting import eventually

PICTURE = png(64, 40, "1")


@pytest.fixture
def program(tmp_path):
    """Write a program that stands in for the box's: `program("print(1)")` is its path."""

    def write(body: str) -> str:
        path = tmp_path / "stand-in"
        path.write_text(f"#!{sys.executable}\nimport os, sys, time\n{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    return write


@pytest.mark.parametrize(
    ("name", "said"),
    [("", "switched off"), ("no-such-program", "dosebook-edge.*screens.reader")],
)
def test_without_the_program_the_cure_is_named(name, said):
    """Drawing works without it; reading back says what to install, and where to name it."""
    with pytest.raises(ReaderError, match=said):
        BoxReader(name).check("")


def test_a_program_that_cannot_be_started_is_named(tmp_path):
    """A file of another kind of machine, or a folder."""
    path = tmp_path / "stand-in"
    path.write_bytes(b"\x7fELF nonsense")
    path.chmod(0o755)
    with pytest.raises(ReaderError, match="cannot be started"):
        BoxReader(str(path)).check("")


def test_a_program_that_hangs_is_ended_with_all_that_it_started(tmp_path):
    """Its own children too; the page says how long it waited."""
    told, hangs = tmp_path / "child", tmp_path / "hangs"
    hangs.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {told}\nwait\n")
    hangs.chmod(0o755)
    with pytest.raises(ReaderError, match="longer than 4 s"):
        BoxReader(str(hangs), timeout_s=4).check("")
    eventually(lambda: _is_gone(told.read_text().strip()), what="the child is gone")


def _is_gone(pid: str) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("print('no JSON')", "did not answer as expected"),
        ("print('[1, 2]')", "did not answer as expected"),
        ("print('[' * 100000)", "did not answer as expected"),
        ("pass", "did not answer as expected"),
        ("sys.exit(7)", "did not answer as expected"),
        ("os.kill(os.getpid(), 11)", "did not answer as expected"),
        ("sys.exit('INFO: noise\\nError: the profile is no TOML')", "^the profile is no TOML$"),
        ("sys.stdout.write('x' * (64 << 20))", "did not answer as expected"),
    ],
)
def test_nonsense_is_told_as_such(program, body, said):
    """Half an answer, a crash, an endless answer: a sentence, never a broken page."""
    with pytest.raises(ReaderError, match=said):
        BoxReader(program(body)).check("")


def test_another_number_of_answers_than_pictures_is_nonsense(program):
    """A reading is never shown beside the wrong picture."""
    with pytest.raises(ReaderError, match="did not answer"):
        BoxReader(program("print('[]')")).read("", [PICTURE], grabbed=False, frames=False)


def test_it_runs_in_a_folder_of_its_own_that_is_gone_afterwards(program, tmp_path):
    """No secrets in its environment, no shell, no file left; what it is given is what was drawn."""
    told = tmp_path / "told.json"
    answers = program(
        "import json\n"
        f"json.dump([os.getcwd(), dict(os.environ), sys.argv[1:], os.listdir('.')], "
        f"open({str(told)!r}, 'w'))\n"
        "print('[]')"
    )
    with pytest.raises(ReaderError):
        BoxReader(answers).read("id = 1", [PICTURE, PICTURE], grabbed=True, frames=True)
    folder, environment, line, files = json.loads(told.read_text())
    assert sorted(files) == ["picture-1.png", "picture-2.png", "profile.toml", "stderr", "stdout"]
    assert line[:5] == ["screen", "test", "profile.toml", "picture-1.png", "picture-2.png"]
    assert line[5:] == ["--grabbed", "--frames", "--json"]
    wanted = {"PATH", "HOME", "TMPDIR", "LANG", "PYTHONDONTWRITEBYTECODE", "LC_CTYPE"}
    assert set(environment) <= wanted
    assert environment["HOME"] == folder
    assert not (tmp_path.parent / folder).exists()


def test_the_box_itself_answers():
    """The program of this product: its profiles, a fault with its key, and pixels of a patch."""
    reader = BoxReader("dosebook-box")
    assert "carm-panel" in {one.id for one in reader.known()}
    with pytest.raises(ReaderError, match="does not come with the box"):
        reader.profile("../../etc/passwd")
    told = reader.check('schema_version = 1\nid = "My C-arm"\n[screen]\nwidth = 640\n')
    faults = {(one.key, one.text) for one in told.faults}
    assert ("id", "small letters, digits and hyphens, as my-c-arm") in faults
    assert ("screen.height", "is not set: add it") in faults
    assert reader.cut(PICTURE, (0, 0, 20, 10)).startswith("iVBOR")
