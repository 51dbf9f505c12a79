"""What a source of screens reads with: profiles, learned glyphs, the net; or the reason why not."""

import pytest

from dosebook_edge.capture.screen.equip import equip
from dosebook_edge.capture.screen.glyphs import NO_GLYPHS, to_json
from dosebook_edge.capture.screen.reading import ScreenReading
from dosebook_edge.capture.screen.teaching import teach
from dosebook_edge.capture.source import CaptureError
from dosebook_edge.simulate.screens.gallery import draw
from tests.support.screen_reading import picture_of


def test_learned_glyphs_let_a_source_release_lossless_values(tmp_path):
    """The file that `screen learn` writes is what a source of this console reads with."""
    file, glyphs = tmp_path / "carm.json", NO_GLYPHS
    untaught = equip(["carm-panel"])
    for seed in range(10):
        screen = draw("carm-panel", seed)
        picture = picture_of(screen)
        found = untaught.reader.read(picture)
        assert isinstance(found, ScreenReading)
        texts = {one.name: screen.cell(one.name).text for one in found.values}
        loaded = untaught.reader._profiles[0]
        glyphs = teach(glyphs, loaded, picture, found, texts).glyphs
    file.write_text(to_json(glyphs, "carm-panel"))
    found = equip(["carm-panel"], [file]).reader.read(picture_of(draw("carm-panel", 50)))
    assert [one.state for one in found.values] == ["accepted"] * 6


@pytest.mark.parametrize(
    ("names", "text", "told"),
    [
        (["no-such"], None, "there is no screen profile 'no-such'"),
        (["carm-panel"], to_json(NO_GLYPHS, "ge-ct-dose-report"), "does not list"),
        (["carm-panel"], "{}", "no glyphs of version 1"),
    ],
)
def test_what_cannot_be_read_with_says_why(tmp_path, names, text, told):
    """A wrong profile or file of glyphs fails the source, with its name and the cure."""
    file = tmp_path / "own.json"
    files = []
    if text is not None:
        file.write_text(text)
        files = [file]
    with pytest.raises(CaptureError, match="screens are not read") as failed:
        equip(names, files)
    assert told in str(failed.value)
