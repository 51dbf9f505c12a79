"""The tutorial on screen profiles is followed as it stands."""

import json
import re
import shlex

import pytest
from click.testing import CliRunner

from dosebook_edge.cli.main import main
from dosebook_edge.simulate.cli import main as simulate
from tests.support.tree import ROOT

PAGE = ROOT / "docs/operate/screens.md"
PROGRAMS = {"dosebook-box": main, "dosebook-simulate": simulate}


def _blocks(pattern):
    return re.findall(pattern, PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def followed(tmp_path, monkeypatch):
    """A folder in which all files of the tutorial were saved."""
    monkeypatch.chdir(tmp_path)
    for name, text in _blocks(r"^```\w+ file=(\S+)\n(.*?)^```"):
        (tmp_path / name).write_text(text)
    return tmp_path


def _run(line):
    program, *words = shlex.split(line)
    return CliRunner().invoke(PROGRAMS[program], words)


def test_the_tutorial_gives_what_it_shows(followed):
    """Writing a profile and teaching a console: each command runs, and prints what is shown."""
    commands = [
        line for text in _blocks(r"^```sh\n(.*?)^```") for line in text.splitlines() if line
    ]
    done = [_run(line) for line in commands]
    shown = _blocks(r"^```text output\n(.*?)^```")
    tests = [one for line, one in zip(commands, done, strict=True) if " screen test " in line]
    assert [one.exit_code for one in done] == [0, 0, 0, 0, 3, 0, 0, 0, 0, 3]
    assert shown == [one.stdout for one in tests[:2]]


def test_another_patient_is_refused_on_the_command_line(followed):
    """P51: the number of the running exam is compared with the screen."""
    _run("dosebook-simulate screen carm-panel --seed 1 --out console-1.png")
    done = _run("dosebook-box screen test my-c-arm.toml console-1.png --patient ZZ4711")
    assert done.exit_code == 1
    assert "refused, wrong-patient" in done.stdout
    assert "4711" not in done.stdout


def test_frames_of_one_screen_release_it(followed):
    """Two grabbed pictures of one screen, with their own noise, say the same."""
    for seed in (3, 3):
        name = f"grabbed-{len(list(followed.glob('grabbed-*')))}.png"
        line = f"dosebook-simulate screen carm-panel --seed {seed} --damage grab --out {name}"
        assert _run(line).exit_code == 0
    same = _run(
        "dosebook-box screen test my-c-arm.toml grabbed-0.png grabbed-1.png "
        "--grabbed --frames --json"
    )
    assert [one["accepted"] for one in json.loads(same.stdout)] == [0, 0]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("screen test no-such x.png", "there is no screen profile 'no-such'"),
        ("screen test my-c-arm.toml my-c-arm.toml", "no picture that can be read"),
        ("screen test my-c-arm.toml x.png --glyphs my-c-arm.toml", "no file of glyphs"),
        ("screen learn my-c-arm.toml x.png my-c-arm.toml g.json", "is not JSON"),
        ("screen learn my-c-arm.toml x.png wrong.json g.json", "shows no dlp here"),
        ("screen learn my-c-arm.toml x.png list.json g.json", "names and texts are wanted"),
    ],
)
def test_what_cannot_be_done_says_why(followed, line, told):
    """A wrong profile, picture, set or text ends with 1 and one sentence."""
    _run("dosebook-simulate screen carm-panel --seed 1 --out x.png")
    (followed / "wrong.json").write_text('{"dlp": "1.00"}')
    (followed / "list.json").write_text("[]")
    done = _run(f"dosebook-box {line}")
    assert done.exit_code == 1
    assert told in done.output
    assert not (followed / "g.json").exists()


def test_the_list_tells_what_each_profile_was_proved_on():
    """A program sees of each profile what it measures and what it was proved on."""
    rows = json.loads(_run("dosebook-box screen list --json").stdout)
    assert len(rows) == 7
    assert all(row["proved_on"] and row["measures"] and row["languages"] for row in rows)
