"""What simulated instruments write: their own block checks, and numbers that read back exactly."""

from decimal import Decimal
from random import Random

import pytest

from dosebook_edge.capture.instrument.parsing.codec import questions_of
from dosebook_edge.capture.instrument.parsing.modbus import decode
from dosebook_edge.capture.instrument.parsing.parser import Parser
from dosebook_edge.capture.instrument.reading import Answer
from dosebook_edge.simulate.instrument import profile as simulated
from dosebook_edge.simulate.instrument.checks import CHECKS
from dosebook_edge.simulate.instrument.numbers import arranged
from dosebook_edge.simulate.instrument.plan import FAULTS, Pace, exposures_of, make_plan
from dosebook_edge.simulate.instrument.player import Player
from dosebook_edge.simulate.instrument.writer import Writer
from tests.support.instruments import PROFILES, steps_of

ACCURAD_DATA = (
    "0100 81 D7864E3D E80AE540 1339133D 4F69E840 FED9613E 2BCD2700 C1427E00 F6BEFA3D 00341246"
    " A4 60 00000040 32920000"
)
PUBLISHED = [
    ("accurad-crc16", ACCURAD_DATA, "9E 59"),
    ("modbus-crc16", "02 04 00 00 00 01", "31 F9"),
    ("modbus-crc16", "01 04 00 00 00 04", "F1 C9"),
    ("modbus-crc16", "01 04 08 41 48 00 00 3D 0B 43 96", "E4 C5"),
    ("modbus-crc16", "01 83 02", "C0 F1"),
    ("sum8-hex", "07 30 31 52 4D 31", "33 38"),
    ("sum8-hex", "07 30 31 52 4D 32", "33 39"),
    ("capintec7", "02 43 52 31", "69"),
    ("sum8", "AA 04 07", "B5"),
]


@pytest.mark.parametrize(("name", "data", "check"), PUBLISHED)
def test_block_checks_of_the_simulator_give_the_published_vectors(name, data, check):
    """The simulator's own checks, written apart from capture's, agree with published frames."""
    assert CHECKS[name](bytes.fromhex(data)) == bytes.fromhex(check)


@pytest.mark.parametrize(
    ("order", "wire"),
    [
        ("ABCD", "41 48 00 00"),
        ("CDAB", "00 00 41 48"),
        ("BADC", "48 41 00 00"),
        ("DCBA", "00 00 48 41"),
    ],
)
def test_byte_orders_of_the_simulator(order, wire):
    """12.5 as a float32 in each of the four orders in which registers are sent."""
    assert arranged(bytes.fromhex("41480000"), order) == bytes.fromhex(wire)


@pytest.mark.parametrize("name", PROFILES)
def test_what_an_instrument_writes_is_read_as_the_same_number(name):
    """Numbers → simulator → parser → the same numbers, for the value of every profile."""
    played = simulated.load(name)
    measure, dice = played.measure, Random(name)
    for index in range(40):
        steps = dice.randint(
            int(measure.least / measure.resolution), int(measure.most / measure.resolution)
        )
        amount = steps * measure.resolution
        found = _shown(played, amount, index)
        assert [Decimal(one.value) for one in found] == [amount], (index, found)
        assert [one.unit for one in found] == [played.unit(played.facts)]


def _shown(played, amount, index):
    """Ask a simulated instrument that shows an amount, and read its answers."""
    profile = PROFILES[played.id]
    writer = Writer(played)
    parser = Parser(profile)
    telegram = played.measure.telegram
    numbers = {played.measure.value: amount}
    if played.time:
        numbers[played.time] = Decimal(index)
    facts = writer.facts(telegram, numbers)
    outcomes = []
    for name, data in questions_of(profile).items():
        outcomes += parser.sent(data)
        answers = {one.name: one.answer for one in played.questions}
        if played.registers:
            body = writer.registers(played.registers[0], facts)
            player = Player(played, exposures_of(played, [], Pace()))
            head = bytes((played.registers[0].unit_id, played.registers[0].function, len(body)))
            outcomes += parser.feed(player.wrapped(head + body, data[:2]))
        elif answers[name] == telegram:
            outcomes += parser.feed(writer.write(telegram, facts))
        elif answers[name] in {**played.text, **played.binary}:
            outcomes += parser.feed(writer.write(answers[name], {}))
    if not played.questions and not played.registers:
        outcomes += parser.feed(writer.write(telegram, facts))
    readings = [r for one in outcomes if isinstance(one, Answer) for r in one.readings]
    return [one for one in readings if one.name == played.measure.value][:1]


@pytest.mark.parametrize("name", PROFILES)
def test_accepted_answers_are_written_from_what_they_say(name):
    """Every accepted answer whose telegram can be written comes out byte for byte."""
    played, profile = simulated.load(name), PROFILES[name]
    writer = Writer(played)
    parser = Parser(profile)
    written = 0
    for step in steps_of(profile):
        if step.action == "opened":
            parser.opened()
        elif step.action == "sent":
            parser.sent(step.data)
        else:
            for answer in parser.feed(step.data):
                if isinstance(answer, Answer) and _covers(played, answer):
                    again = _again(played, writer, answer)
                    assert again == answer.raw, answer.telegram
                    written += 1
    assert written, "no accepted answer can be written"


def _covers(played, answer):
    return bool(played.registers) or answer.telegram in {**played.text, **played.binary}


def _again(played, writer, answer):
    if played.registers:
        (block,) = played.registers
        data = writer.registers(block, answer.facts)
        mode = played.framing["mode"]
        assert decode(answer.raw, mode).data == data
        return answer.raw
    whole = writer.write(answer.telegram, answer.facts)
    return whole.rstrip(b"\r\n") if played.framing["mode"] == "line" else whole.strip(b"\n")


def test_a_seed_gives_the_same_day():
    """The same seed plans and plays the same bytes; another seed another day."""
    played = simulated.load("ptw-diamentor")

    def day(seed):
        plan = make_plan(played, seed, 20, FAULTS, Pace())
        player = Player(played, plan, seed)
        return [
            piece.data
            for second in range(int(plan.ended_s))
            for piece in player.received(b"U\r\nM\r\n", second)
        ]

    assert day("1") == day("1")
    assert day("1") != day("2")


def test_an_instrument_tells_what_nobody_should_have_sent():
    """Bytes that are no question of the profile are counted, and the next question is answered."""
    played = simulated.load("ptw-diamentor")
    player = Player(played, exposures_of(played, [], Pace()))
    pieces = player.received(b"RES\r\nU\r\n", 1.0)
    assert player.misheard == 5
    assert pieces[-1].data == b"U1\r\n"
