"""Grabbed screens, read by the net that ships: found by their labels, released by two pictures."""

import base64
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from dosebook_edge.capture.screen.loader import find
from dosebook_edge.capture.screen.net import LineNet
from dosebook_edge.capture.screen.picture import Box, to_png
from dosebook_edge.capture.screen.profile import Patch
from dosebook_edge.capture.screen.read import ScreenReader
from dosebook_edge.capture.screen.reading import Exam
from dosebook_edge.simulate.screens.damage import damaged
from dosebook_edge.simulate.screens.gallery import draw
from tests.support.screen_reading import PROFILES, picture_of

ALL = [find(name) for name in PROFILES.values()]


@pytest.fixture(scope="module")
def reader():
    """All shipped profiles and the net that ships."""
    return ScreenReader(ALL, LineNet.load())


def grabs(layout, seed, frames=2, **how):
    """Pictures of one screen through one grabber, each with noise of its own."""
    seen = damaged(draw(layout, seed, **how), "grab", seed)
    first = picture_of(seen, way="grabbed")
    for frame in range(frames):
        noise = np.random.default_rng(frame).normal(0, 3, first.grey.shape)
        grey = np.clip(first.grey + noise, 0, 255).astype(np.uint8)
        yield replace(first, grey=grey)


@pytest.mark.parametrize(("layout", "language"), [
    (one, "en") for one in PROFILES if one != "dap-display"  # its bars have to be seen at work
] + [
    ("ge-ct", "ja"), ("canon-summary", "pl"), ("angio-console", "de")
])  # fmt: skip
def test_two_pictures_release_a_screen_and_nothing_wrong(reader, layout, language):
    """Scaled, smeared, noisy, as JPEG: at least 85 % of the values count, and each is right."""
    states, wrong, earlier = Counter(), [], []
    for picture in grabs(layout, 21, language=language):
        earlier.append(reader.read(picture, earlier))
    assert earlier[-1].refusal is None
    screen = draw(layout, 21, language=language)
    for one in earlier[-1].values:
        if one.quantity:
            states[one.state] += 1
            if one.state == "accepted" and one.text != screen.cell(one.name).text:
                wrong.append(one.name)
    assert wrong == []
    assert states["accepted"] >= 0.85 * states.total()


def test_the_second_picture_is_found_where_the_first_lay(reader):
    """The place is kept, and checked on every picture."""
    first, second = grabs("carm-panel", 22)
    before = reader.read(first)
    after = reader.read(second, [before])
    assert after.placement == before.placement


def test_another_scale_in_the_midst_of_an_exam_is_refused(reader):
    """P51: a grabber that suddenly scales otherwise is not read on."""
    (first,) = grabs("carm-panel", 22, frames=1)
    before = reader.read(first)
    wider = np.ascontiguousarray(first.grey.repeat(2, axis=0).repeat(2, axis=1))
    found = reader.read(replace(first, grey=wider), [before])
    assert found.refusal.code == "resolution-changed"


def test_a_screen_of_which_the_upper_half_is_there_is_refused(reader):
    """A page that is drawn from above: no value of its upper half is released."""
    (picture,) = grabs("siemens-protocol", 23, frames=1)
    grey = picture.grey.copy()
    grey[int(0.55 * picture.height) :] = grey[5, 5]
    found = reader.read(replace(picture, grey=grey))
    assert (found.refusal.code, found.values) == ("half-drawn", ())


def test_another_patient_on_a_grabbed_screen_is_refused(reader):
    """P51: the number is read from the picture, and compared with the running exam."""
    (picture,) = grabs("carm-panel", 24, frames=1)
    own = draw("carm-panel", 24).cell("patient_id").text
    assert reader.read(picture, exam=Exam(patient_id=own)).state == "read"
    found = reader.read(picture, exam=Exam(patient_id="ZZ-47110815"))
    assert found.refusal.code == "wrong-patient"


def test_a_patch_has_to_be_there(reader):
    """A part that a site cut from its own screen is compared, to the pixel or by correlation."""
    screen = draw("carm-panel", 25)
    lossless = picture_of(screen)
    (grabbed,) = grabs("carm-panel", 25, frames=1)
    loaded = find("carm-panel")
    box = (16, 16, 120, 46)
    own_part, other_part = lossless.crop(Box(*box)), lossless.crop(Box(9, 150, 120, 46))
    for grey, is_same in ((own_part, True), (other_part, False)):
        patch = Patch(name="logo", box=box, png=base64.b64encode(to_png(grey)).decode())
        own = replace(loaded, profile=loaded.profile.model_copy(update={"patch": (patch,)}))
        patched = ScreenReader([own], LineNet.load())
        assert (patched.read(lossless).refusal is None) == is_same
        assert (patched.read(grabbed).refusal is None) == is_same
