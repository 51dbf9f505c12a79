"""What persons confirm at the box: a further witness of shapes, that never proves by itself."""

from random import Random

import pytest

from dosebook_edge.capture.screen import confirmations
from dosebook_edge.capture.screen.confirmations import every, in_force
from dosebook_edge.capture.screen.confirmed_list import consoles
from dosebook_edge.capture.screen.confirmed_shapes import SaidByPersons, said_of, votes_of
from dosebook_edge.capture.screen.picture import to_png
from dosebook_edge.outbox import OutboxKeyError
from tests.support.box import opened_outbox
from tests.support.confirming import confirmation
from tests.support.typeface import CARM, FIELDS, ShapeNet, checks, crop, shape

ALL_TEN = ("102.34", "56.78", "901", "67", "3.4")
NINE = ("102.34", "56.70", "901", "67", "3.4")
"""A screen without an 8."""


def said(*found):
    """What confirmations come to."""
    return said_of(CARM, votes_of(found))


def passed(found):
    """The fields that shapes prove."""
    return {name for name, one in found.items() if one.proves}


@pytest.mark.parametrize(
    "found",
    [
        [confirmation("8.02")],
        [confirmation("8.02", shown="6.02"), confirmation("18.35", shown="16.35")],
        [confirmation("8.02", shown="802"), confirmation("18.35", shown="")],
    ],
)
def test_persons_teach_the_digit_that_was_not_seen(found):
    """Nine digits stand there; the tenth was confirmed as read, or corrected in two crops."""
    checked = checks(ShapeNet(), NINE, confirmed=said(*found))
    assert passed(checked) == set(FIELDS)
    assert "8 as persons confirmed" in checked["kvp"].detail


@pytest.mark.parametrize("times", [1, 2])
def test_one_correction_does_not_teach_nor_the_same_pixels_twice(times):
    """A slip is made once: the same crop again is no second word."""
    found = [confirmation("8.02", shown="6.02") for _ in range(times)]
    checked = checks(ShapeNet(), NINE, confirmed=said(*found))
    assert passed(checked) == set()
    assert "9 of the ten" in checked["kvp"].detail


def test_one_wrong_word_stops_that_shape_and_releases_nothing():
    """Somebody typed a 6 where a 5 stands: values with a 5 wait, and the reason says why."""
    slip = confirmation("5.10", "6.10", shown="5.10")
    found = checks(ShapeNet(), ALL_TEN, confirmed=said(slip))
    assert passed(found) == set(FIELDS) - {"dose_rp"}
    assert "the shape of its 5 was confirmed as 6 by a person" in found["dose_rp"].detail


def test_a_misreading_that_somebody_accepted_releases_nothing():
    """The net read a 5 as a 6 once, and a person let it pass: all that has a 5 or a 6 waits."""
    found = checks(ShapeNet(), ALL_TEN, confirmed=said(confirmation("5.10", "6.10")))
    assert not passed(found) & {"dose_rp", "kvp"}
    assert not any(one.proves for one in checks(ShapeNet({"5": "6"}), ALL_TEN,
                   confirmed=said(confirmation("5.10", "6.10"))).values())  # fmt: skip


def test_a_right_word_stops_what_the_net_misreads():
    """The net takes each 5 for a 6; one person typed what stands there: no such value is proved."""
    word = said(confirmation("5.10"))
    for one in checks(ShapeNet({"5": "6"}), ALL_TEN, confirmed=word).values():
        assert not one.proves
    found = checks(ShapeNet({"5": "6"}), ("152.34", "7.0"), confirmed=word)
    assert "confirmed as 5" in found["dose_area_product"].detail


def test_what_only_persons_say_and_the_net_reads_otherwise_does_not_complete_the_ten():
    """A shape that stands nowhere on the screen, and that the net takes for a 3: no hole is filled.

    Two persons call it an 8, the one digit that is missing.
    """
    net, strange = ShapeNet(), shape(77)
    net.known[strange.tobytes()] = "3"
    pictures = [to_png(crop(text, x=strange)) for text in ("x.02", "1x.35")]
    texts = ("8.02", "18.35")
    found = [confirmation(text, crop=one) for text, one in zip(texts, pictures, strict=True)]
    assert passed(checks(net, NINE, confirmed=said(*found))) == set()
    net.known[strange.tobytes()] = "8"
    assert passed(checks(net, NINE, confirmed=said(*found))) == set(FIELDS)


def test_what_persons_call_a_digit_that_the_screen_shows_as_another_is_no_digit():
    """Two persons call an 8 a 7, and it stands on the screen as an 8: neither is proved."""
    without_seven = ("102.34", "56.80", "901", "66", "3.4")
    word = said(confirmation("8.02", "7.02"), confirmation("18.35", "17.35"))
    assert passed(checks(ShapeNet(), without_seven, confirmed=word)) == set()


@pytest.mark.parametrize(("true", "taken"), [("1", "7"), ("5", "6"), ("3", "8")])
@pytest.mark.parametrize("times", [1, 2, 5])
def test_persons_who_confirm_whatever_is_read_release_nothing_wrong(true, taken, times):
    """A typeface that misleads the net, and people who never look: as safe as without them."""
    net, earlier, found = ShapeNet({true: taken}), {}, []
    screens = [[one.replace(taken, "0") for one in ALL_TEN], [*ALL_TEN]]
    for turn in range(2 * times):
        texts = screens[turn % 2]
        word = said(*found)
        for name, one in checks(net, texts, earlier, confirmed=word).items():
            text = texts[FIELDS.index(name)]
            assert not one.proves or true not in text
        read = [(one, one.replace(true, taken)) for one in texts]
        found += [confirmation(f"{turn}{one}", f"{turn}{other}".replace(true, taken))
                  for one, other in read]  # fmt: skip


def test_no_words_of_persons_make_a_wrong_value_proved():
    """100 consoles, nets that take digits for others, persons who err as they please: 0 wrong.

    A net that swaps two digits throughout is left out: nothing on a screen contradicts it, with
    persons or without.
    """
    wrong = proved = 0
    for seed in range(100):
        rng = Random(seed)
        true, taken = rng.sample("0123456789", 2)
        net, earlier = ShapeNet({true: taken} if rng.random() < 0.7 else {}), {}
        found = []
        for _ in range(4):
            texts = [f"{rng.randrange(10**5)}.{rng.randrange(10)}" for _ in FIELDS]
            for name, one in checks(net, texts, earlier, confirmed=said(*found)).items():
                text = texts[FIELDS.index(name)]
                read = text.replace(true, taken) if net.takes else text
                proved += one.proves
                wrong += one.proves and read != text
            mistake = str.maketrans(dict([rng.sample("0123456789", 2)]))
            for text in texts:
                heard = text.translate(mistake) if rng.random() < 0.5 else text
                shown = text.replace(true, taken) if net.takes else text
                found.append(confirmation(text, heard, shown=rng.choice([shown, heard, ""])))
    assert wrong == 0
    assert proved > 30


def test_words_that_contradict_each_other_count_for_nothing_and_are_listed():
    """One says 5, two say 6 of the same shape: as if nobody had spoken, and a list says who."""
    found = [confirmation("5.10", by="A"), confirmation("5.20", "6.20", by="B"),
             confirmation("75.1", "76.1", by="C")]  # fmt: skip
    checked = checks(ShapeNet(), ALL_TEN, confirmed=said(*found))
    assert passed(checked) == set(FIELDS)
    (console,) = consoles(found)
    (dispute,) = console.disputes
    assert console.disputed == {one.id for one in found}
    for words in ("5 in ", "by A", "6 in ", "by B", "by C", "none of it counts"):
        assert words in dispute.sentence
    assert "5" not in console.taught
    assert "6" not in console.taught


def test_what_known_characters_explain_stands_above_a_wrong_word():
    """A sum proves a row: its digits are known, whatever somebody typed; other digits stop."""
    slips = (confirmation("1.20", "7.20", shown="1.20"), confirmation("6.0", "8.0", shown="6.0"))
    found = checks(
        ShapeNet(), ("11.11", "1", "6"), confirmed=said(*slips),
        glyphs={"dose_area_product": "11.11"},
    )  # fmt: skip
    assert "by a person" not in found["dose_rp"].detail
    assert "confirmed as 8 by a person" in found["number_of_events"].detail


def test_a_text_of_another_length_than_its_ink_teaches_nothing():
    """Characters that touch, or a leading nought that nobody typed: which is which is unknown."""
    assert votes_of([confirmation("05.1", "5.1"), confirmation("5.1", crop=b"no picture")]) == []
    (console,) = consoles([confirmation("05.1", "5.1")])
    assert len(console.silent) == 1


def test_a_field_that_the_profile_no_longer_has_teaches_no_typeface():
    """A profile was drawn anew: what its old cells said stops a misreading, and teaches nothing."""
    word = said(confirmation("8.02", path="SCREEN/gone"), confirmation("1.8", path="SCREEN/gone"))
    assert passed(checks(ShapeNet(), NINE, confirmed=word)) == set()


def test_confirmations_outlast_the_program_and_say_who_and_when(tmp_path):
    """Kept beside the outbox, sealed; those of another source do not speak here."""
    one, other = confirmation("8.02"), confirmation("1.80", source="other")
    with opened_outbox(tmp_path) as outbox:
        for each in (one, other, one):
            outbox.run(lambda c, each=each: confirmations.add(c, outbox.vault, each))
    with opened_outbox(tmp_path) as outbox:
        found = outbox.read(lambda c: every(c, outbox.vault))
        assert in_force(found, "monitor") == [one]
        assert sorted(each.id for each in found) == sorted([one.id, other.id])
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("outbox.db*"))
    assert one.by.encode() not in stored
    assert one.crop[:40] not in stored


def test_what_is_forgotten_counts_no_more_and_says_by_whom(tmp_path):
    """An engineer takes a word back: it stays in the list of what was, and teaches nothing."""
    one = confirmation("8.02")
    with opened_outbox(tmp_path) as outbox:
        outbox.run(lambda c: confirmations.add(c, outbox.vault, one))
        assert outbox.run(lambda c: confirmations.forget(c, one.id, "E. Engineer"))
        assert not outbox.run(lambda c: confirmations.forget(c, one.id, "somebody else"))
        (kept,) = outbox.read(lambda c: every(c, outbox.vault))
        assert kept.forgotten_by == "E. Engineer"
        assert in_force([kept], "monitor") == []
        assert consoles([kept]) == []


def test_the_latest_confirmations_are_kept(tmp_path, monkeypatch):
    """A console that is confirmed for years does not fill the box."""
    monkeypatch.setattr(confirmations, "MOST", 3)
    made = [confirmation("8.02", at=f"2026-11-02T08:{minute}:00+00:00") for minute in range(10, 15)]
    with opened_outbox(tmp_path) as outbox:
        for each in made:
            outbox.run(lambda c, each=each: confirmations.add(c, outbox.vault, each))
        found = outbox.read(lambda c: every(c, outbox.vault))
    assert [each.id for each in found] == [each.id for each in made[-3:]]


def test_what_another_box_sealed_is_told(tmp_path):
    """A row moved to another place does not open, and no reader goes on as if nothing was said."""
    with opened_outbox(tmp_path) as outbox:
        outbox.run(lambda c: confirmations.add(c, outbox.vault, confirmation("8.02")))
        outbox.run(lambda c: c.execute("UPDATE screen_confirmation SET id = 'moved'"))
        reader = SaidByPersons(lambda: outbox.read(lambda c: every(c, outbox.vault)))
        with pytest.raises(OutboxKeyError):
            reader(CARM)
