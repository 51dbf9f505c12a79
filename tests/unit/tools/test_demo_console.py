"""The console of `make demo`: read on any machine that can, left out with the reason elsewhere."""

import os
import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pytest

from dosebook_edge.capture.screen.equip import equip
from dosebook_edge.capture.screen.picture import Picture
from dosebook_edge.simulate.screens import faces
from tests.support.fonts import need_fonts
from tools import bootstrap
from tools.demo import console
from tools.demo.hospital import SEED
from tools.site.box import ENVIRONMENT
from tools.terminal import ToolError


@pytest.mark.parametrize("has_typefaces", [True, False], ids=["Debian's", "Pillow's"])
def test_the_page_is_read_with_the_typefaces_of_any_machine(tmp_path, monkeypatch, has_typefaces):
    """A fresh machine has no typefaces: Pillow's own draws the page, and its doses are proved."""
    if has_typefaces:
        need_fonts()
    else:
        monkeypatch.setattr(faces, "DEJAVU", faces.Faces(mono="NoSuchFace.ttf"))
    room = console.ConsoleRoom(tmp_path, SEED)
    grey = np.asarray(room.picture.convert("L"))
    reader = equip([console.PROFILE]).reader
    seen = reader.read(Picture(grey, "lossless", datetime.now(UTC), "framebuffer"))
    accepted = {one.name: one.text for one in seen.values if one.state == "accepted"}
    shown = {f"dlp[{number}]": f"{row.dlp:.2f}" for number, row in enumerate(room.rows, start=2)}
    shown["total_dlp"] = f"{sum(row.dlp for row in room.rows):.2f}"
    assert len(room.rows) > 1, "one row alone would be its own sum"
    assert {name: accepted.get(name) for name in shown} == shown


def test_without_what_reads_screens_the_demo_leaves_the_console_out(tmp_path, repository):
    """No numpy, as where LiteRT has no wheel: two boxes instead of three, and the reason."""
    script = (
        "import sys; from pathlib import Path; from tools.demo.hospital import Hospital; "
        "made = Hospital(Path(sys.argv[1])); print(len(made.boxes), made.no_screen, made.scan())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        env={**os.environ, **ENVIRONMENT},
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split(maxsplit=1) == ["2", "a box has no numpy []\n"]


def test_what_reads_screens_may_have_no_wheel_for_this_machine(monkeypatch, tmp_path, capsys):
    """The environment is made without it, in one line that says so, and tried again next time."""

    def fail(*_: object, **__: object) -> None:
        raise ToolError("ERROR: No matching distribution found for ai-edge-litert==2.1.6\nfailed")

    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    monkeypatch.setattr(bootstrap, "run", fail)
    bootstrap._environment_of_screens()
    said = capsys.readouterr().out
    assert "left out, what reads screens: ERROR: No matching distribution" in said
    assert list(tmp_path.iterdir()) == []
