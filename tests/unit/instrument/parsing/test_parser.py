"""From bytes to readings: published exchanges, units, states, and every doubt a notice."""

from decimal import Decimal

import pytest

from dosebook_edge.capture.instrument.parsing import modbus
from dosebook_edge.capture.instrument.parsing.codec import questions_of
from dosebook_edge.capture.instrument.parsing.parser import Parser
from dosebook_edge.capture.instrument.profile.checksums import (
    accurad_crc16,
    capintec7,
    modbus_crc16,
    sum8,
    sum8_hex,
)
from dosebook_edge.capture.instrument.profile.numbers import binary_text, parse_number
from dosebook_edge.capture.instrument.reading import Answer, Notice
from tests.support.instruments import PROFILES, read, readings

ACCURAD = bytes.fromhex(
    "2321416363755261642123 3300 0100 81 D7864E3D E80AE540 1339133D 4F69E840 FED9613E 2BCD2700"
    "C1427E00 F6BEFA3D 00341246 A4 60 00000040 32920000 9E59"
)


def _kinds(outcomes):
    return [one.kind for one in outcomes if isinstance(one, Notice)]


def test_published_block_checks():
    """The block checks of published frames verify, each by the routine of its maker."""
    assert accurad_crc16(ACCURAD[13:-2]) == (0x599E).to_bytes(2, "little")
    assert modbus_crc16(bytes.fromhex("020400000001")) == bytes.fromhex("31F9")
    assert modbus_crc16(bytes.fromhex("010400000004")) == bytes.fromhex("F1C9")
    assert sum8_hex(b"\x0701RM1") == b"38"
    assert sum8_hex(b"\x0701RM2") == b"39"
    assert sum8(bytes.fromhex("AA0407")) == b"\xb5"
    assert capintec7(b"\x02CR1") == b"\x69"


@pytest.mark.parametrize(
    ("name", "question", "wire"),
    [
        ("rzba-04-04m", "indication", "02 04 00 00 00 01 31 F9"),
        ("mirion-accurad", "info", "7E 04 00 10 A7 07 46 E7"),
        ("mirion-accurad", "data", "7E 04 00 11 A7 1E 43 E7"),
        ("thermo-fht-6020", "channel_1", "07 30 31 52 4D 31 33 38 03"),
        ("thermo-fht-6020", "channel_2", "07 30 31 52 4D 32 33 39 03"),
        ("bosean-fs", "dose", "AA 04 07 B5 55"),
        ("capintec-crc-35r", "chamber_1", "02 43 52 31 69 03"),
    ],
)
def test_published_questions(name, question, wire):
    """What the box would send is byte for byte what the sources publish."""
    assert questions_of(PROFILES[name])[question] == bytes.fromhex(wire)


def test_pymeasure_s_diamentor_exchange_gives_the_same_numbers():
    """P1: dap 9999.99 cGycm2 and 13353 s, as pymeasure reads them; its rate is kept as sent."""
    outcomes = read(
        PROFILES["ptw-diamentor"],
        "> U\\r\\n\n< U1\\r\\n\n> M\\r\\n\n"
        "< M9999.99,8888.88,222,33,eeee.ee,ffff.ff,mmm,ss,34567\\r\\n",
    )
    dap, time = readings(outcomes)
    assert (dap.value, dap.unit, time.value) == (Decimal("9999.99"), "cGy.cm2", 13353)
    assert dap.unit_from == "instrument"
    assert dap.raw == Decimal("99.9999")
    assert outcomes[-1].facts["rate"] == "8888.88"


def test_pymeasure_s_unidos_exchanges_give_the_same_numbers():
    """Dose 2.6e-3 Gy, 5.6e-9 Gy/min, 3000 ms: the prefix is not applied a second time."""
    outcomes = read(
        PROFILES["ptw-unidos-tango-romeo"],
        "> MV\\r\\n\n< MV;RES;2.6;E-3;m;Gy;5.6;E-09;n;Gy;min;3000.0;ms;300.0;V;0x0\\r\\n",
    )
    dose, rate, time = readings(outcomes)
    assert (dose.value, dose.unit) == (Decimal("0.0026"), "Gy")
    assert (rate.value, rate.unit) == (Decimal("5.6E-9"), "Gy/min")
    assert (time.value, time.raw) == (3, 3)


def test_p18_raw_and_corrected_are_both_kept():
    """P18: the calibration factor gives a second number and leaves the first as it is."""
    (dap,) = readings(read(PROFILES["dap-line"], r"< DAP 10.00 cGycm2\r\n", factor="1.18"))
    assert (dap.raw, dap.corrected) == (Decimal("0.1"), Decimal("0.118"))


@pytest.mark.parametrize(
    ("unit", "stored"),
    [
        ("Gycm2", "12.5"),
        ("cGycm2", "0.125"),
        ("dGycm2", "1.25"),
        ("mGycm2", "0.0125"),
        ("uGym2", "0.125"),
    ],
)
def test_p01_the_same_number_in_each_unit(unit, stored):
    """P1: 12.5 in five units is five doses, exactly."""
    (dap,) = readings(read(PROFILES["dap-line"], rf"< DAP 12.5 {unit}\r\n"))
    assert dap.raw == Decimal(stored)


def test_roentgen_by_area_is_never_a_kerma_area_product():
    """There is no exact factor from R.cm2 to Gy.cm2, so it stays what it is."""
    outcomes = read(
        PROFILES["ptw-diamentor"],
        "> U\\r\\n\n< U4\\r\\n\n> M\\r\\n\n< M0001.00,0000.00,000,01,0,0,0,0,00000\\r\\n",
    )
    assert readings(outcomes)[0].quantity == "exposure_area_product"


def test_the_unit_is_asked_again_after_a_reconnection():
    """P1: an instrument may have been switched over while the line was away."""
    measured = "> M\\r\\n\n< M0001.00,0000.00,000,01,0,0,0,0,00000\\r\\n\n"
    told = "> U\\r\\n\n< U2\\r\\n\n"
    outcomes = read(PROFILES["ptw-diamentor"], told + measured + "opened\n" + measured)
    assert [one.name for one in readings(outcomes)] == ["dap", "time", "time"]
    assert _kinds(outcomes) == ["unknown-unit"]


def test_two_answers_to_one_question_are_one_reading():
    """The second answer belongs to no question: it is told, and never counted."""
    outcomes = read(PROFILES["rad-pro"], "> GET tubePulseCount\\r\\n\n< OK 1500\\r\\nOK 1501\\r\\n")
    assert [one.text for one in readings(outcomes)] == ["1500"]
    assert _kinds(outcomes) == ["unasked"]


def test_a_late_answer_is_not_taken_for_that_of_another_question():
    """An answer that fits the unanswered question before as well gives no reading."""
    lines = (
        "> GET tubeSensitivity\\r\\n\n> GET tubeRate\\r\\n\n< OK 153.800\\r\\n\n< OK 20.000\\r\\n"
    )
    outcomes = read(PROFILES["rad-pro"], lines)
    assert [one.text for one in readings(outcomes)] == ["20.000"]
    assert _kinds(outcomes) == ["no-answer", "ambiguous"]


def test_a_question_that_the_profile_does_not_ask_is_told():
    """A transcript in which something else was sent shows it."""
    assert _kinds(read(PROFILES["rad-pro"], r"> SET x\r\n")) == ["not-a-question"]


def test_bytes_without_their_questions_are_read_where_only_one_record_fits():
    """A capture of the answers alone is enough, except where two telegrams look alike."""
    parser = Parser(PROFILES["rad-pro"], told_questions=False)
    outcomes = parser.feed(b"OK 1500\r\nOK 142.857\r\n")
    assert [one.text for one in readings(outcomes)] == ["1500"]
    assert _kinds(outcomes) == ["ambiguous"]


def test_an_endless_line_is_one_notice():
    """A line that never ends takes no memory beyond its limit, and the next one is read."""
    parser = Parser(PROFILES["dap-line"])
    outcomes = parser.feed(b"x" * 100_000 + b"\r\nDAP 1.0 Gycm2\r\n")
    assert _kinds(outcomes) == ["too-long"]
    assert (len(outcomes[0].raw), len(readings(outcomes))) == (128, 1)


@pytest.mark.parametrize(
    ("first", "then", "noted"), [(4294967000, 5, "wrapped"), (5000, 3, "decreased"), (3, 5, "")]
)
def test_p55_a_counter_that_goes_down_is_marked(first, then, noted):
    """P55: passing the largest number is told apart from a reset."""
    lines = "".join(f"> GET tubePulseCount\\r\\n\n< OK {n}\\r\\n\n" for n in (first, then))
    assert [one.counter for one in readings(read(PROFILES["rad-pro"], lines))] == ["", noted]


@pytest.mark.parametrize("text", ["OL", "+0L", "-0L", "nan", "inf", "1,5", "1 5", "", "0x10", "１"])
def test_texts_that_are_no_number_are_never_one(text):
    """Overload texts, special floats and foreign digits are refused."""
    with pytest.raises(ValueError, match="is not a number"):
        parse_number(text)


@pytest.mark.parametrize(
    ("order", "wire"),
    [("ABCD", "41480000"), ("CDAB", "00004148"), ("BADC", "48410000"), ("DCBA", "00004841")],
)
def test_the_four_byte_orders(order, wire):
    """12.5 as a float32 in each order of bytes and words."""
    assert binary_text(bytes.fromhex(wire), "f32", order) == "12.5"


@pytest.mark.parametrize(("order", "wire"), [("ABCD", "0102"), ("DCBA", "0201"), ("BADC", "0201")])
def test_orders_of_two_bytes(order, wire):
    """258 as one register, high byte first and last."""
    assert binary_text(bytes.fromhex(wire), "u16", order) == "258"


def test_modbus_tcp_tells_answers_by_their_transaction():
    """The answer to question 7 is none to question 8; its number comes back as it was sent."""
    (question,) = PROFILES["dosebook-reference-modbus-tcp"].question
    assert modbus.encode(question, "tcp", 8)[:2] == b"\0\x08"
    parser = Parser(PROFILES["dosebook-reference-modbus-tcp"])
    parser.sent(modbus.encode(question, "tcp", 8))
    body = bytes([1, 4, 22]) + bytes(22)
    header = bytes([0, 0, 0, len(body)])
    assert _kinds(parser.feed(b"\0\x07" + header + body)) == ["unknown-answer"]
    assert len(readings(parser.feed(b"\0\x08" + header + body))) == 5


def test_a_modbus_exception_answers_its_own_question_only():
    """Exception 6 closes the question; the number that comes after it was not asked for."""
    lines = ">x 02 04 00 00 00 01 31 F9\n<x 02 84 06 33 02\n<x 02 04 02 00 7B BD 13"
    outcomes = read(PROFILES["rzba-04-04m"], lines)
    assert "device busy" in outcomes[0].text
    assert _kinds(outcomes) == ["device-error", "unasked"]


def test_every_answer_names_its_bytes_and_place():
    """Each reading can be traced: offset and bytes are those of the stream."""
    stream = b"\xff\xfe#!Acc" + ACCURAD
    parser = Parser(PROFILES["mirion-accurad"], told_questions=False)
    (answer,) = [one for one in parser.feed(stream) if isinstance(one, Answer)]
    assert stream[answer.offset : answer.offset + len(answer.raw)] == answer.raw == ACCURAD
    assert answer.facts["measurement_number"] == "37426"
    assert answer.facts["battery_percent"] == "96"
