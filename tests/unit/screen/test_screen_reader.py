"""From a drawn screen to released values, or to the refusal that it deserves."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from dosebook_edge.capture.screen.glyphs import NO_GLYPHS
from dosebook_edge.capture.screen.loader import find
from dosebook_edge.capture.screen.read import ScreenReader
from dosebook_edge.capture.screen.reading import Exam
from dosebook_edge.capture.screen.teaching import teach
from dosebook_edge.simulate.screens.gallery import draw
from tests.support.screen_reading import (
    PROFILES,
    TAKEN_AT,
    TruthNet,
    grey_of,
    picture_of,
    reader_for,
)

LANGUAGES = {"en": ".", "fr": ",", "de": ",", "it": ".", "es": ",", "pl": ",", "ja": "."}
TAUGHT = ("angio-console", "carm-panel", "canon-summary", "philips-dose")


@pytest.fixture(scope="module")
def taught():
    """Layout → glyphs of a console after ten confirmed captures."""
    sets = {}
    for layout in TAUGHT:
        loaded, glyphs = find(PROFILES[layout]), NO_GLYPHS
        for seed in range(10):
            screen = draw(layout, seed)
            picture = picture_of(screen)
            found = reader_for(screen).read(picture)
            texts = {one.name: one.text for one in found.values if one.quantity}
            glyphs = teach(glyphs, loaded, picture, found, texts).glyphs
        sets[layout] = glyphs
    return sets


def exam_of(screen):
    """The exam that a drawn screen shows."""
    return Exam(patient_id=screen.cell("patient_id").text, started_at=TAKEN_AT)


@pytest.mark.parametrize(("language", "mark"), LANGUAGES.items())
@pytest.mark.parametrize("layout", PROFILES)
def test_every_cell_of_a_screen_is_read_in_its_language(layout, language, mark):
    """Seven languages, point and comma: each value is found, in its number and unit."""
    screen = draw(layout, 7, language=language, mark=mark)
    found = reader_for(screen).read(picture_of(screen))
    assert (found.state, found.profile, found.language) == ("read", PROFILES[layout], language)
    values = {one.name: one for one in found.values}
    wanted = [one for one in screen.cells if one.value and one.field != "series"]
    for cell in wanted:
        assert values[cell.name].value == Decimal(cell.value), cell.name
    assert all(one.unit for one in found.values if one.quantity)


def test_a_table_whose_sum_holds_is_released_with_all_that_its_digits_explain():
    """Rows add up to the total to the last digit; their digits then explain the other columns."""
    screen = draw("siemens-protocol", 1)
    found = reader_for(screen).read(picture_of(screen))
    assert len(found.accepted) == len(found.values)
    by_name = {one.name: one for one in found.values}
    assert any(check.proves for check in by_name["dlp[1]"].checks)
    assert by_name["ctdi_vol[1]"].reader == "both"


def test_what_nothing_proves_goes_to_a_person():
    """A single sure reading of one lossless picture is not released."""
    screen = draw("carm-panel", 3)
    found = reader_for(screen).read(picture_of(screen))
    assert found.accepted == ()
    assert {one.reason.partition(":")[0] for one in found.values} == {"nothing proves it"}


@pytest.mark.parametrize("layout", TAUGHT)
def test_ten_confirmed_captures_let_a_console_be_released(layout, taught):
    """After teaching, values of further screens are explained to the last pixel and accepted."""
    loaded, states, wrong = find(PROFILES[layout]), Counter(), 0
    for seed in range(100, 106):
        screen = draw(layout, seed)
        reader = reader_for(screen, glyphs={loaded.profile.id: taught[layout]})
        for one in reader.read(picture_of(screen)).values:
            if one.quantity:
                states[one.state] += 1
                wrong += one.state == "accepted" and one.text != screen.cell(one.name).text
    assert wrong == 0
    assert states["accepted"] >= 0.95 * states.total()


def test_where_glyphs_and_net_differ_a_person_looks(taught):
    """On a lossless screen both readers have to agree."""
    screen = draw("carm-panel", 101)
    true = screen.cell("dose_rp").text
    said = true.replace(true[0], "7" if true[0] != "7" else "1", 1)
    glyphs = {"carm-panel": taught["carm-panel"]}
    found = reader_for(screen, glyphs=glyphs, wrong={"dose_rp": said}).read(picture_of(screen))
    value = next(one for one in found.values if one.name == "dose_rp")
    assert (value.state, value.text, value.second) == ("review", true, said)
    assert value.reason.startswith("readers:")


def test_different_pictures_that_agree_release_and_equal_ones_do_not():
    """Noise differs, so errors seldom repeat; the same pixels twice are one look."""
    screen = draw("carm-panel", 5)
    loaded = find("carm-panel")
    net = TruthNet(screen, loaded)
    noisy = grey_of(screen) ^ 1
    net.known |= TruthNet(screen, loaded, grey=noisy).known
    reader = ScreenReader([loaded], net)
    first = reader.read(picture_of(screen))
    assert reader.read(picture_of(screen), [first]).accepted == ()
    second = reader.read(picture_of(screen, grey=noisy), [first])
    assert len(second.accepted) == 6
    assert {c.outcome for one in second.accepted for c in one.checks if c.name == "frames"} == {
        "pass"
    }


def test_a_picture_that_says_something_else_than_the_one_before_waits():
    """A value that changed from one picture to the next is not yet released."""
    screen = draw("siemens-protocol", 1)
    before = reader_for(screen, wrong={"dlp[1]": "1.0"}).read(picture_of(screen))
    found = reader_for(screen).read(picture_of(screen), [before])
    value = next(one for one in found.values if one.name == "dlp[1]")
    assert (value.state, value.reason.partition(":")[0]) == ("review", "frames")


def test_a_counter_that_falls_goes_to_a_person():
    """Cumulative counters never fall within an exam."""
    screen = draw("carm-panel", 5)
    true = screen.cell("number_of_events").text
    before = reader_for(screen, wrong={"number_of_events": str(int(true) + 1)})
    found = reader_for(screen).read(picture_of(screen), [before.read(picture_of(screen))])
    value = next(one for one in found.values if one.name == "number_of_events")
    assert value.reason.startswith("counter: it was")


def test_low_confidence_goes_to_a_person_however_the_sum_holds():
    """A digit that the net is not sure of is not released by arithmetic alone."""
    screen = draw("siemens-protocol", 1)
    loaded = find(PROFILES[screen.layout])
    net = TruthNet(screen, loaded)
    net.confidence = 0.3
    found = ScreenReader([loaded], net).read(picture_of(screen, way="lossless"))
    assert not [one for one in found.accepted if one.reader == "net"]


def test_a_value_that_could_not_be_read_is_shown_not_left_out():
    """P29: missing is not zero; an unread cell waits for a person with its crop."""
    screen = draw("siemens-protocol", 1)
    found = reader_for(screen, wrong={"dlp[1]": ""}).read(picture_of(screen))
    value = next(one for one in found.values if one.name == "dlp[1]")
    assert (value.value, value.state, value.crop.width) == (None, "review", 115)
    assert "sum" in {c.name for c in value.checks if c.outcome == "not applicable"}


@pytest.mark.parametrize("layout", ["angio-console", "carm-panel"])
def test_the_unit_is_read_from_the_picture(layout):
    """P1: a unit that cannot be read leaves the value to a person."""
    screen = draw(layout, 2)
    loaded = find(PROFILES[layout])
    net = TruthNet(screen, loaded)
    net.known = {k: v for k, v in net.known.items() if "Gy" not in v}
    found = ScreenReader([loaded], net).read(picture_of(screen))
    if found.state == "refused":
        assert found.refusal.code in ("half-drawn", "unknown-layout")
        return
    kap = [one for one in found.values if one.quantity == "dose_area_product"]
    assert all(one.unit == "" and one.state == "review" for one in kap)


# Refusals, each by its name


def refusal(picture, screen=None, **how):
    """Code of the refusal of a picture; the reader knows all profiles."""
    screen = screen or draw("carm-panel", 3)
    net = TruthNet(screen, find(PROFILES[screen.layout]))
    reader = ScreenReader([find(name) for name in PROFILES.values()], net)
    found = reader.read(picture, **how)
    assert found.values == ()
    return found.refusal.code


def test_a_black_picture_is_refused():
    """No signal, or a source that is protected against copying."""
    screen = draw("carm-panel", 3)
    grey = np.full((480, 640), 8, np.uint8)
    assert refusal(picture_of(screen, grey=grey), screen) == "black"


def test_a_screensaver_is_refused():
    """Hardly any text: a logo wandering over an empty screen."""
    screen = draw("carm-panel", 3)
    grey = np.zeros((480, 640), np.uint8)
    grey[200:240, 300:420] = 180
    assert refusal(picture_of(screen, grey=grey), screen) == "screensaver"


def test_an_unknown_layout_is_refused_not_guessed():
    """A page of text that no profile describes, at the size of a known one."""
    other = draw("carm-panel", 3)
    flipped = np.ascontiguousarray(grey_of(other)[::-1])
    assert refusal(picture_of(other, grey=flipped), other) == "unknown-layout"


@pytest.mark.parametrize("layout", ["ge-ct", "siemens-protocol", "philips-dose", "angio-console"])
def test_a_half_drawn_screen_is_refused(layout):
    """The lower part is not there yet: no value of the upper one is released."""
    screen = draw(layout, 3)
    grey = grey_of(screen).copy()
    height = grey.shape[0]
    grey[int(0.6 * height) :] = grey[0, 0]
    assert refusal(picture_of(screen, grey=grey), screen) == "half-drawn"


def test_a_table_without_its_total_is_half_drawn():
    """The line below the table is part of the screen."""
    screen = draw("ge-ct", 3)
    _, y, _, height = screen.cell("total_dlp").box
    grey = grey_of(screen).copy()
    grey[y : y + height] = 0
    assert refusal(picture_of(screen, grey=grey), screen) == "half-drawn"


def test_a_changed_resolution_is_refused():
    """P51: the same screen at another size, on a lossless way, is not what the profile was for."""
    screen = draw("carm-panel", 3)
    loaded = find("carm-panel")
    grown = np.kron(grey_of(screen), np.ones((2, 2), np.uint8))
    words = [one.texts.get("en", one.texts.get("*")) for one in loaded.profile.anchor]

    class Grown(TruthNet):
        def read(self, crop, allowed=None):
            line = super().read(crop, allowed)
            return replace(line, text=self.left.pop(0)) if self.left else line

    net = Grown(screen, loaded)
    net.left = words
    found = ScreenReader([loaded], net).read(picture_of(screen, grey=grown))
    assert found.refusal.code in ("resolution-changed", "unknown-layout")


def test_the_screen_of_the_next_patient_is_refused_whole():
    """P51: another patient's number than that of the running exam releases nothing."""
    screen = draw("siemens-protocol", 1)
    picture = picture_of(screen)
    reader = reader_for(screen)
    assert reader.read(picture, exam=exam_of(screen)).accepted
    other = reader.read(picture, exam=Exam(patient_id="ZZ-4711", started_at=TAKEN_AT))
    assert (other.refusal.code, other.values) == ("wrong-patient", ())
    assert "4711" not in other.refusal.detail
    order = reader.read(picture, exam=Exam(accession="A0000000"))
    assert order.refusal.code == "wrong-patient"


def test_a_patient_number_that_is_not_certain_leaves_all_to_a_person():
    """One place differs, and the reading is not sure: nothing counts until somebody looked."""
    screen = draw("siemens-protocol", 1)
    loaded = find(PROFILES[screen.layout])
    net = TruthNet(screen, loaded)
    net.confidence = 0.7
    shown = screen.cell("patient_id").text
    other = shown[:-1] + ("3" if shown[-1] != "3" else "4")
    found = ScreenReader([loaded], net).read(picture_of(screen), exam=Exam(patient_id=other))
    assert found.state == "read"
    assert found.accepted == ()
    assert {one.reason.partition(":")[0] for one in found.values} == {"patient"}


def test_a_picture_older_than_the_exam_is_refused():
    """P51: what stood there before the exam began belongs to another one."""
    screen = draw("siemens-protocol", 1)
    exam = replace(exam_of(screen), started_at=TAKEN_AT + timedelta(seconds=1))
    found = reader_for(screen).read(picture_of(screen), exam=exam)
    assert found.refusal.code == "older-than-exam"
