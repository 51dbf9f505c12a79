"""Profiles drawn at the box: where they lie, and that a source reads with them; pictures of now."""

import threading
from datetime import UTC, datetime

import numpy as np
import pytest

from dosebook_edge.capture.screen.drawn_profiles import DrawnProfiles
from dosebook_edge.capture.screen.equip import equip
from dosebook_edge.capture.screen.loader import shipped
from dosebook_edge.capture.screen.lookout import Lookout
from dosebook_edge.capture.screen.picture import Picture
from tests.support.box import opened_outbox
from tests.support.screen_source import Monitor, watching

SHOWN = shipped()["carm-panel"].read_text(encoding="utf-8")


def test_a_source_has_its_own_profiles_until_they_are_removed(tmp_path):
    """Two sources of one box do not share what was drawn for one of them."""
    drawn = DrawnProfiles(tmp_path)
    path = drawn.save("c-arm", "my-c-arm", "old")
    drawn.save("c-arm", "my-c-arm", SHOWN)
    assert drawn.of("c-arm") == [path]
    assert drawn.of("ct") == []
    assert path.read_text(encoding="utf-8") == SHOWN
    assert drawn.remove("c-arm", "my-c-arm")
    assert not drawn.remove("c-arm", "my-c-arm")
    assert drawn.of("c-arm") == []


@pytest.mark.parametrize("name", ["", "..", "a/b", "A", "-a", "a\n"])
def test_no_name_leads_out_of_the_folder(tmp_path, name):
    """Names of profiles come from a form and become paths."""
    with pytest.raises(ValueError, match="small letters"):
        DrawnProfiles(tmp_path).save("c-arm", name, "")


def test_a_drawn_profile_takes_the_place_of_one_with_its_id(tmp_path):
    """A site that adapts a shipped profile keeps its name: one of them counts, the drawn one."""
    mine = tmp_path / "carm-panel.toml"
    mine.write_text(SHOWN.replace('model = "', 'model = "our '), encoding="utf-8")
    (found,) = equip(["carm-panel", str(mine)]).profiles.values()
    assert found.model.startswith("our ")


def test_a_picture_is_kept_for_whoever_asks_and_for_nobody_else():
    """A watching thread gives no memory to pictures that nobody wants."""
    lookout, made = Lookout(), []

    def make():
        made.append(Picture(np.zeros((4, 4), np.uint8), "lossless", datetime.now(UTC), "test"))
        return made[-1]

    lookout.offer(make)
    assert made == []
    assert lookout.ask(0.0) is None
    stopping = threading.Event()

    def offer():
        while not stopping.is_set():
            lookout.offer(make)

    thread = threading.Thread(target=offer)
    thread.start()
    try:
        assert lookout.ask(30.0) in made
    finally:
        stopping.set()
        thread.join()
    count = len(made)
    lookout.offer(make)
    assert len(made) == count


def test_a_source_shows_its_screen_watching_or_not(tmp_path):
    """The device is open once: by the thread that watches, else by whoever asks."""
    monitor = Monitor()
    monitor.show(np.full((48, 64), 7, np.uint8))
    with (
        opened_outbox(tmp_path) as outbox,
        watching(outbox, equip([]), monitor) as watched,
    ):
        assert watched.source.look().grey.tolist() == monitor.grey.tolist()
        watched.source.stop()
        monitor.show(np.full((48, 64), 9, np.uint8))
        assert watched.source.look().grey[0, 0] == 9
