"""`dosebook-simulate screen`: what it writes, and what it says where it cannot."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from pydicom import dcmread

from dosebook_edge.capture.screen.framebuffer import XwdScreen
from dosebook_edge.simulate.cli import main
from dosebook_edge.simulate.screens.display import DisplayError, XDisplay
from tests.support.fonts import need_fonts


def run(*arguments: str):
    """The result of one command line."""
    need_fonts()
    return CliRunner().invoke(main, ["screen", *arguments])


def test_without_a_layout_it_lists_them():
    """A person who knows no name yet finds all of them."""
    result = run()
    assert result.exit_code == 0
    assert result.output.split() == [
        "ge-ct", "siemens-protocol", "philips-dose", "canon-summary", "angio-console",
        "carm-panel", "dap-display",
    ]  # fmt: skip


def test_the_same_seed_writes_the_same_picture_and_the_truth_of_it(tmp_path):
    """PNG, JSON and the pixels of the DICOM object show one screen."""
    paths = [tmp_path / name for name in ("one.png", "two.png", "one.dcm")]
    first = run("ge-ct", "--seed", "4", "--out", str(paths[0]), "--json")
    assert first.exit_code == 0, first.output
    run("ge-ct", "--seed", "4", "--out", str(paths[1]), "--dicom", str(paths[2]))
    truth = json.loads(first.output)
    assert truth["layout"] == "ge-ct"
    assert any(cell["name"] == "total_dlp" for cell in truth["cells"])
    pictures = [np.asarray(Image.open(path)) for path in paths[:2]]
    assert np.array_equal(*pictures)
    dataset = dcmread(paths[2])
    assert np.array_equal(dataset.pixel_array, pictures[0])
    shown = {cell["name"]: cell["text"] for cell in truth["cells"]}
    assert dataset.PatientID == shown["patient_id"]


def test_a_framebuffer_file_shows_the_very_pixels_and_then_the_next_ones(tmp_path):
    """A box that looks at the file sees what was drawn, no X server needed; then the next page."""
    file, picture = tmp_path / "screen", tmp_path / "one.png"
    for seed in ("4", "5"):
        result = run("ge-ct", "--seed", seed, "--framebuffer", str(file), "--out", str(picture))
        assert result.exit_code == 0, result.output
        expected = np.asarray(Image.open(picture).convert("L"))
        assert np.array_equal(XwdScreen(file).grab(), expected)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nope", "--json"], "ge-ct"),
        (["ge-ct"], "--out"),
        (["ge-ct", "--language", "xx", "--json"], "ja"),
        (["ge-ct", "--damage", "fire", "--json"], "grab"),
        (["ge-ct", "--vendor", "acme", "--json"], "dosebook-simulate list"),
        (["ge-ct", "--display", "far:0"], "local display"),
    ],
)
def test_a_mistake_is_told_with_what_there_is(arguments, said):
    """Each wrong word is answered with the right ones."""
    result = run(*arguments)
    assert result.exit_code != 0
    assert said in result.output


def test_a_display_that_is_not_there_is_an_error():
    """No server, no wait: the name and the reason."""
    with pytest.raises(DisplayError, match=":9999"):
        XDisplay(":9999")
