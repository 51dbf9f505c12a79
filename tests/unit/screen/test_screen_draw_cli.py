"""`dosebook-box screen check`, `screen cut` and what `screen test` says of labels."""

import base64
import io
import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from dosebook_edge.capture.screen.loader import shipped
from dosebook_edge.cli import main
from dosebook_edge.simulate.cli import main as simulate
from tests.support.fonts import need_fonts


def run(*arguments: str):
    """The result of one command line of `dosebook-box screen`."""
    return CliRunner().invoke(main, ["screen", *arguments])


@pytest.fixture
def picture(tmp_path):
    """A drawn panel of a C-arm."""
    need_fonts()
    path = tmp_path / "panel.png"
    CliRunner().invoke(simulate, ["screen", "carm-panel", "--seed", "5", "--out", str(path)])
    return path


def test_a_profile_without_faults_is_told_as_its_file_has_it():
    """Whoever draws starts from a profile that ships."""
    done = run("check", "carm-panel", "--json")
    told = json.loads(done.output)
    assert done.exit_code == 0
    assert (told["id"], told["faults"]) == ("carm-panel", [])
    assert told["profile"]["field"][0]["maximum"] == "200000"
    assert run("check", "carm-panel").output == "carm-panel: nothing is wrong with it\n"


def test_each_fault_is_told_by_its_key(tmp_path):
    """Missing, misspelt and contradicting keys: whoever draws sees them beside the field."""
    path = tmp_path / "x.toml"
    path.write_text('id = "My C"\ncolour = 1\n[[field]]\nname = "Kap"\nunits = { "a b" = "?" }\n')
    done = run("check", str(path), "--json")
    told = json.loads(done.output)
    faults = {one["key"]: one["text"] for one in told["faults"]}
    assert done.exit_code == 1
    assert faults["id"] == "small letters, digits and hyphens, as my-c-arm"
    assert faults["field[0].name"] == "a small letter first, then small letters, digits and _"
    assert faults["field[0].type"] == "is not set: add it"
    assert "no key of a screen profile" in faults["colour"]
    assert told["profile"]["id"] == "My C"
    assert "field[0].type: is not set: add it" in run("check", str(path)).output


@pytest.mark.parametrize("name", ["no-such", "no-such.toml"])
def test_what_is_no_profile_at_all_is_an_error(name):
    """No JSON is printed where there is nothing to tell of."""
    done = run("check", name, "--json")
    assert done.exit_code == 1
    assert done.output.startswith("Error: ")


def test_a_patch_is_cut_to_the_last_pixel(picture):
    """What is printed is what the reader compares with."""
    done = run("cut", str(picture), "30", "20", "60", "40")
    cut = np.asarray(Image.open(io.BytesIO(base64.b64decode(done.output))))
    assert np.array_equal(cut, np.asarray(Image.open(picture).convert("L"))[20:60, 30:90])
    outside = run("cut", str(picture), "620", "20", "60", "40")
    assert outside.exit_code == 1
    assert "does not lie on it" in outside.output


def test_a_refused_picture_tells_what_stands_at_each_label(picture, tmp_path):
    """One sees which label was drawn wrongly, and what the box reads there."""
    path = tmp_path / "moved.toml"
    text = shipped()["carm-panel"].read_text(encoding="utf-8")
    path.write_text(text.replace('"*" = "KAP"', '"*" = "DAP total"'), encoding="utf-8")
    done = run("test", str(path), str(picture), "--json")
    (one,) = json.loads(done.output[done.output.index("[") :])
    labels = {each["name"]: each for each in one["labels"]}
    assert one["refused"]["code"] == "half-drawn"
    assert labels["kap"]["found"] is False
    assert labels["kap"]["text"] == "KAP"
    assert labels["dose_rp"]["found"] is True
    assert one["values"] == []


def test_the_picture_of_a_secondary_capture_is_what_the_box_reads(picture, tmp_path):
    """An unknown screen that came by DICOM is drawn on like any capture."""
    capture = tmp_path / "capture.dcm"
    line = ["screen", "carm-panel", "--seed", "5", "--dicom", str(capture)]
    assert CliRunner().invoke(simulate, line).exit_code == 0
    done = run("picture", str(capture))
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(done.output))))
    assert np.array_equal(shown, np.asarray(Image.open(picture).convert("L")))
    broken = run("picture", str(picture))
    assert broken.exit_code == 1
    assert "pixels that cannot be read" in broken.output
