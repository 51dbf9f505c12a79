"""Lines whose text is known beforehand tell what the digits of a screen's typeface look like."""

from collections import Counter
from dataclasses import replace

import pytest

from dosebook_edge.capture.screen.cells import Sight
from dosebook_edge.capture.screen.grammar import Meant
from dosebook_edge.capture.screen.known_lines import KnownLine, known_lines, told_by
from dosebook_edge.capture.screen.loader import find
from dosebook_edge.capture.screen.locate import Located
from dosebook_edge.capture.screen.net import LineNet
from dosebook_edge.capture.screen.picture import Box
from dosebook_edge.capture.screen.read import ScreenReader
from dosebook_edge.capture.screen.reading import Exam, PatientText, Placement
from dosebook_edge.capture.screen.seen import EMPTY, Seen
from dosebook_edge.simulate.screens.gallery import draw
from tests.support.screen_reading import PROFILES, TruthNet, areas_of, picture_of

NET = LineNet.load()
LOOKS = {digit: (9, 5, bytes([int(digit)])) for digit in "0123456789"}
LETTER = (9, 5, b"letter")


def exam_of(screen):
    """What a work list says of the patient whom a screen shows."""
    return Exam(screen.cell("patient_id").text, screen.cell("accession").text)


def outcomes(layout, seeds, *, is_known):
    """How many values of the very first pictures count, wait, or are wrong."""
    found = Counter()
    for seed in seeds:
        screen = draw(layout, seed)
        reader = ScreenReader([find(PROFILES[layout])], NET)
        reading = reader.read(picture_of(screen), (), exam_of(screen) if is_known else None)
        for one in reading.values:
            if one.quantity:
                right = one.text == screen.cell(one.name).text
                found[one.state if right or one.state == "review" else "wrong"] += 1
    return found


def test_the_first_picture_gains_by_the_numbers_of_the_running_exam():
    """A console's very first picture, two to four values: half of them count, none is wrong."""
    unknown = outcomes("canon-summary", range(6), is_known=False)
    known = outcomes("canon-summary", range(6), is_known=True)
    assert unknown["wrong"] == known["wrong"] == 0
    assert known["accepted"] >= max(0.5 * known.total(), unknown["accepted"] + 5)


def lines_of(screen, *texts, way="lossless", exam=None):
    """The known lines of a drawn screen, its patient's number read as some text."""
    loaded = find(PROFILES[screen.layout])
    sight = Sight.of(picture_of(screen, way=way), Placement())
    box = Box(*areas_of(loaded.profile)["patient_id"])
    patient = [PatientText("id", text, 0.99, box) for text in texts]
    located = Located(loaded, Placement(), "en")
    return known_lines(sight, located, TruthNet(screen, loaded), patient, exam or exam_of(screen))


def test_a_label_with_digits_and_a_number_as_the_exam_has_it_are_known():
    """Head (16cm), Body (32cm), and the number of the patient."""
    screen = draw("canon-summary", 2)
    number = screen.cell("patient_id").text
    told = [{digit for digit, _ in one.digits} for one in lines_of(screen, number)]
    assert told == [set(number) & set("0123456789"), {"1", "6"}, {"3", "2"}]


@pytest.mark.parametrize("said", ["", "4711"])
def test_a_number_that_is_read_otherwise_tells_nothing(said):
    """Only the labels are left."""
    assert len(lines_of(draw("canon-summary", 2), said)) == 2


def test_a_number_that_no_exam_has_tells_nothing():
    """Without a running exam the net alone would say what the digits are."""
    screen = draw("canon-summary", 2)
    assert len(lines_of(screen, screen.cell("patient_id").text, exam=Exam())) == 2


def test_a_grabbed_picture_has_no_known_lines():
    """Its pixels are never twice the same."""
    screen = draw("canon-summary", 2)
    assert lines_of(screen, screen.cell("patient_id").text, way="grabbed") == []


def cell(text):
    """A cell of digits in one typeface."""
    loaded = find("canon-ct-dose-summary").profile
    shapes = tuple((0, *LOOKS[digit]) for digit in text)
    seen = Seen(loaded.field[0], "x", Box(0, 0, 9, 9), text, EMPTY, Meant())
    return replace(seen, shapes=shapes)


def test_a_line_tells_of_numbers_that_share_two_shapes_with_it():
    """One equal shape may be a bar that two typefaces have in common."""
    line = KnownLine((("A", LETTER), *((digit, LOOKS[digit]) for digit in "407")))
    assert told_by([line], [cell("52")]) == set()
    assert told_by([line], [cell("54")]) == set()
    assert told_by([line], [cell("54"), cell("70")]) == {(one, LOOKS[one]) for one in "407"}
