"""The conversation with an instrument, in simulated time: what is asked when, and what is told."""

import random
from decimal import Decimal

import pytest

from dosebook_edge.capture.instrument.links.link import LinkError, NobodyYetError
from dosebook_edge.capture.instrument.reading import Answer
from dosebook_edge.capture.instrument.wire.stand_in import StandIn, exchanges_of
from tests.support.instruments import PROFILES, steps_of
from tests.support.lines import (
    SimulatedLine,
    hurried,
    listened,
    notices_of,
    readings_of,
    said,
)

DIAMENTOR = PROFILES["ptw-diamentor"]
IDENTITY = {b"PTW\r\n": b"CRS 1.2.4\r\n", b"SER\r\n": b"SER345678\r\n", b"CRC\r\n": b"CRC0,0\r\n"}


def _measured(dap):
    return f"M{dap:07.2f},0001.20,001,05,0000.00,0000.00,000,00,00000\r\n".encode()


def _meter(dap=12.34, unit=b"1"):
    return IDENTITY | {b"U\r\n": b"U" + unit + b"\r\n", b"M\r\n": _measured(dap)}


def _sent(line):
    return [data for _, data in line.sent]


def _raw(heard):
    return [reading.raw for _, reading in readings_of(heard) if reading.name == "dap"]


def _events(heard, *names):
    return [one.event for one in heard if one.event in names]


def test_identity_and_unit_are_asked_first_and_then_rounds():
    """The unit is known before the first reading, and asked again behind each."""
    lines = []

    def links(clock, _):
        lines.append(SimulatedLine(clock, said(_meter())))
        return lines[-1]

    heard, state, _ = listened(DIAMENTOR, links, 6)
    assert _sent(lines[0])[:6] == [b"PTW\r\n", b"SER\r\n", b"CRC\r\n", b"U\r\n", b"M\r\n", b"U\r\n"]
    assert set(_sent(lines[0])[4:]) == {b"M\r\n", b"U\r\n"}
    assert set(_raw(heard)) == {Decimal("0.1234")}
    assert state.state == "listening"
    assert lines[0].is_closed


def test_rounds_are_more_frequent_while_something_is_measured():
    """The site's exposure is followed closely, an idle meter is left in peace."""

    def questions(*, active):
        lines = []

        def links(clock, _):
            lines.append(SimulatedLine(clock, said(_meter())))
            return lines[-1]

        listened(DIAMENTOR, links, 20, is_active=lambda: active)
        return _sent(lines[0]).count(b"M\r\n")

    assert 8 <= questions(active=False) <= 11
    assert 30 <= questions(active=True) <= 41


def test_an_unanswered_question_is_put_again_and_a_late_answer_counts_once():
    """Two answers to one question give one reading; the second is told as unasked."""
    asked = []

    def answer(question):
        if question != b"M\r\n":
            return said(_meter())(question)
        asked.append(question)
        late = {1: [(2.1, _measured(1))], 2: [(0.2, _measured(1))]}
        return late.get(len(asked), [(0.05, _measured(2))])

    heard, _, _ = listened(DIAMENTOR, lambda clock, _: SimulatedLine(clock, answer), 8)
    assert _raw(heard)[:2] == [Decimal("0.01"), Decimal("0.02")]
    assert notices_of(heard).count("unasked") == 1
    assert notices_of(heard).count("no-answer") == 1


def test_silence_is_stale_and_the_line_is_opened_anew():
    """A peer that is gone without a word is noticed; told once, until it speaks again."""
    quiet = {1, 2}

    def links(clock, count):
        return SimulatedLine(clock, said({} if count in quiet else _meter()), breaks_at=None)

    def first_then_silent(clock, count):
        line = links(clock, count)
        if count == 0:
            answers = said(_meter())
            line = SimulatedLine(clock, lambda q: answers(q) if clock.now < 5 else [])
        return line

    heard, state, _ = listened(DIAMENTOR, first_then_silent, 80)
    assert _events(heard, "opened", "lost", "stale", "alive") == [
        "opened", "stale", "lost", "opened", "lost", "opened", "lost", "opened", "alive",
    ]  # fmt: skip
    stale = next(one for one in heard if one.event == "stale")
    assert "for 15 s nothing that ptw-diamentor knows" in stale.detail
    assert 19 <= stale.monotonic <= 21
    assert state.state == "listening"


def test_a_session_says_that_it_is_stale_while_it_is():
    """The state of a meter that fell silent is stale, with when it last spoke."""
    answers = said(_meter())

    def links(clock, _):
        return SimulatedLine(clock, lambda q: answers(q) if clock.now < 5 else [])

    _, state, _ = listened(DIAMENTOR, links, 60)
    assert state.state == "stale"
    assert state.last_heard_at.second < 6
    assert "is the instrument on" in state.detail or state.detail.startswith("no-answer")


def test_after_a_loss_the_unit_is_read_again_before_any_value():
    """A meter that was switched to another unit while it was unplugged is read rightly."""
    lines = []

    def links(clock, count):
        unit = b"1" if count == 0 else b"2"
        lines.append(SimulatedLine(clock, said(_meter(12.34, unit)), 5 if count == 0 else None))
        return lines[-1]

    heard, _, _ = listened(DIAMENTOR, links, 12)
    assert _events(heard, "opened", "lost") == ["opened", "lost", "opened"]
    lost = next(one for one in heard if one.event == "lost")
    before = [r.raw for at, r in readings_of(heard) if at < lost.monotonic and r.name == "dap"]
    after = [r.raw for at, r in readings_of(heard) if at > lost.monotonic and r.name == "dap"]
    assert (set(before), set(after)) == ({Decimal("0.1234")}, {Decimal("12.34")})
    assert _sent(lines[1]).index(b"U\r\n") < _sent(lines[1]).index(b"M\r\n")


@pytest.mark.parametrize("switch_at", [3.3, 4.0, 4.87, 4.95, 5.01, 5.1])
def test_a_unit_that_is_switched_never_gives_a_wrong_reading(switch_at):
    """However a switch falls between two questions, no value is told in the unit of before."""

    def links(clock, _):
        def unit():
            return b"U1\r\n" if clock.now < switch_at else b"U2\r\n"

        def dap():
            return _measured(1234) if clock.now < switch_at else _measured(12.34)

        return SimulatedLine(clock, said(_meter() | {b"U\r\n": unit, b"M\r\n": dap}))

    heard, _, _ = listened(DIAMENTOR, links, 10)
    assert set(_raw(heard)) == {Decimal("12.34")}


def test_a_switch_between_the_two_questions_is_told():
    """The reading that cannot be given a unit is a notice with its bytes, not silence."""
    asked = []

    def answer(question):
        asked.append(question)
        unit = b"U2\r\n" if asked.count(b"M\r\n") >= 2 else b"U1\r\n"
        return said(_meter() | {b"U\r\n": unit})(question)

    heard, _, _ = listened(DIAMENTOR, lambda clock, _: SimulatedLine(clock, answer), 6)
    assert notices_of(heard).count("unknown-unit") == 1
    assert set(_raw(heard)) == {Decimal("0.1234"), Decimal("12.34")}


def test_a_wrong_baud_rate_is_garbage_and_never_a_reading():
    """P52: noise in the place of answers gives notices, a stale line, and what to look at."""
    dice = random.Random(4)
    heard, state, _ = listened(
        DIAMENTOR, lambda clock, _: SimulatedLine(clock, lambda _: [(0.1, dice.randbytes(12))]), 60
    )
    assert readings_of(heard) == []
    assert state.state == "stale"
    assert "the baud rate right?" in next(one.detail for one in heard if one.event == "stale")


def test_garbage_before_the_first_question_is_told_and_left_out():
    """What an adapter says while it is opened belongs to no question."""

    def links(clock, _):
        line = SimulatedLine(clock, said(_meter()))
        line.say(0.01, b"\x00\xff\x12M00")
        line.say(0.1, _measured(99))
        return line

    heard, _, _ = listened(DIAMENTOR, links, 6)
    assert set(_raw(heard)) == {Decimal("0.1234")}
    assert notices_of(heard)


def test_a_line_that_cannot_be_opened_is_tried_at_longer_intervals():
    """A missing adapter costs little, and is taken up once it is there."""

    def links(clock, count):
        if count < 9:
            raise LinkError("no USB adapter 0403:6001 is plugged in")
        return SimulatedLine(clock, said(_meter()))

    heard, state, clock = listened(DIAMENTOR, links, 200)
    assert clock.waits[:9] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert (heard[0].event, state.state) == ("opened", "listening")


def test_why_a_line_is_not_open_is_told():
    """A source that waits for its cable says so."""

    def links(clock, count):
        raise LinkError("no USB adapter 0403:6001 is plugged in") if count % 2 else NobodyYetError

    _, state, _ = listened(DIAMENTOR, links, 30)
    assert (state.state, state.last_heard_at) == ("connecting", None)


def test_an_instrument_that_only_sends_is_only_listened_to():
    """Nothing is written to an instrument that speaks by itself; its silence is noticed."""
    profile = PROFILES["ludlum-375-serial"]
    lines = []

    def links(clock, _):
        line = SimulatedLine(clock)
        for second in range(0, 20, 2):
            line.say(second + 0.5, b"0642.1000010\r\n")
        lines.append(line)
        return line

    heard, _, _ = listened(profile, links, 30)
    assert all(line.sent == [] for line in lines)
    assert [str(reading.value) for _, reading in readings_of(heard)][:10] == ["642.1"] * 10
    assert [one.event for one in heard].count("stale") == 1


def test_each_modbus_question_has_its_number_and_an_old_answer_is_not_taken():
    """An answer that comes after its time, under the number of before, gives no reading."""
    profile = PROFILES["dosebook-reference-modbus-tcp"]
    data = bytes(16) + (1234).to_bytes(4, "big") + bytes(2)
    counts = []

    def answer(request):
        counts.append(int.from_bytes(request[:2], "big"))
        said = request[:4] + (25).to_bytes(2, "big") + bytes([1, 4, 22]) + data
        return [(1.5 if len(counts) == 2 else 0.01, said)]

    heard, _, _ = listened(profile, lambda clock, _: SimulatedLine(clock, answer), 8)
    assert counts[:4] == [1, 2, 3, 4]
    assert {str(r.text) for _, r in readings_of(heard) if r.name == "dap"} == {"1234"}
    assert notices_of(heard).count("no-answer") == 1
    assert set(notices_of(heard)) & {"unknown-answer", "unasked"}


def test_a_number_that_should_move_and_does_not_is_noticed_once():
    """A frozen instrument is told as a notice; its readings stay readings."""
    profile = PROFILES["rad-pro"]
    rates = {"rate": b"OK 142.857\r\n"}
    table = {
        b"GET deviceId\r\n": b"OK FS2011;Rad Pro 2.0;1a2b\r\n",
        b"GET tubeSensitivity\r\n": b"OK 153.800\r\n",
        b"GET tubePulseCount\r\n": b"OK 1500\r\n",
        b"GET tubeRate\r\n": lambda: rates["rate"],
    }
    heard, _, _ = listened(profile, lambda clock, _: SimulatedLine(clock, said(table, 0.01)), 1500)
    assert notices_of(heard).count("frozen") == 1
    assert len([1 for _, reading in readings_of(heard) if reading.name == "tube_rate"]) > 1000


def test_the_calibration_factor_corrects_and_the_raw_value_stays():
    """P18: both numbers are told; a time or a count of pulses is not corrected."""
    heard, _, _ = listened(
        DIAMENTOR,
        lambda clock, _: SimulatedLine(clock, said(_meter())),
        4,
        factor=Decimal("1.05"),
    )
    reading = next(one for _, one in readings_of(heard) if one.name == "dap")
    assert (reading.raw, reading.corrected) == (Decimal("0.1234"), Decimal("0.12957"))
    time = next(one for _, one in readings_of(heard) if one.name == "time")
    assert (time.raw, time.corrected) == (65, 65)


def test_all_that_was_heard_is_told_in_its_order():
    """Evidence is whole: the bytes of all events together are what went over the line."""
    lines = []

    def links(clock, count):
        lines.append(SimulatedLine(clock, said(_meter()), breaks_at=(7 if count == 0 else None)))
        return lines[-1]

    heard, _, _ = listened(DIAMENTOR, links, 15)
    times = [one.monotonic for one in heard]
    assert times == sorted(times)
    sent = [one.data for one in heard if one.event == "sent"]
    assert sent == [data for line in lines for data in _sent(line)]
    telegrams = [a for one in heard for a in one.outcomes if isinstance(a, Answer)]
    received = b"".join(one.data for one in heard if one.event == "received")
    assert received.count(b"\r\n") == len(telegrams)


def test_a_question_that_an_instrument_does_not_know_stops_no_other():
    """An older meter without CRC is read all the same, and not asked for ever."""
    table = _meter()
    del table[b"CRC\r\n"]
    lines = []

    def links(clock, _):
        lines.append(SimulatedLine(clock, said(table)))
        return lines[-1]

    heard, state, _ = listened(hurried(DIAMENTOR, answer_within_s=0.5), links, 20)
    assert _sent(lines[0]).count(b"CRC\r\n") == 1 + DIAMENTOR.timing.tries
    assert (len(lines), state.state) == (1, "listening")
    assert set(_raw(heard)) == {Decimal("0.1234")}


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_holds_a_conversation(name):
    """Each instrument that ships gives readings, also where it knows no identification."""
    profile = PROFILES[name]
    stand_in = StandIn(exchanges_of([one for one in steps_of(profile) if one.action != "opened"]))

    def links(clock, _):
        line = SimulatedLine(clock, lambda question: stand_in.answers(question, clock.now))
        for second in range(1, 40, 2):
            for unasked in stand_in.unasked:
                line.say(second, unasked.pieces[0][1])
        return line

    heard, state, _ = listened(profile, links, 40)
    assert len(readings_of(heard)) > 5
    assert state.state == "listening"
    assert [one.event for one in heard].count("lost") == 0
