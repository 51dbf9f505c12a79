"""How readings of an instrument become exposures: no dose lost, doubled, or off by ten."""

from decimal import Decimal

import pytest

from dosebook_edge.capture.instrument.catalogue.loader import ProfileError, load
from dosebook_edge.capture.instrument.exposures.rules import NotCountedError, rules_of
from dosebook_edge.capture.instrument.wire.transcript import read_transcript, replay
from tests.support.exposures import Line
from tests.support.instruments import PROFILES, changed, readings


def d(text):
    """A decimal."""
    return Decimal(text)


def test_a_rise_is_an_exposure_and_what_the_meter_stood_at_is_not():
    """P52, P55: 12.50 of an earlier patient is not counted; 2.00 cGy·cm² is 0.02 Gy·cm²."""
    line = Line(factor="1.05")
    line.shows("12.50", "12.50", "13.00", "14.50", "14.50")
    assert line.ended == []
    line.passes(31)
    (one,) = line.ended
    assert (one.raw, one.corrected, one.unit) == (d("0.02"), d("0.021"), "Gy.cm2")
    assert (one.reason, one.flags, one.number) == ("inactivity", [], 1)
    assert (one.segment.base, one.segment.first, one.segment.last) == (d("0.125"), "12.50", "14.50")
    assert (one.segment.after.monotonic, one.segment.started.monotonic) == (2, 3)
    assert one.segment.ended.monotonic == 4


def test_exposures_are_told_apart_by_thirty_quiet_seconds():
    """Pulses within the idle time are one exposure; after it another begins."""
    line = Line()
    line.shows("0.00", "0.00", "1.00", "1.00")
    line.shows("2.00", "2.00", after=20)
    line.passes(31)
    line.shows("5.00", "5.00")
    line.passes(31)
    assert line.raws == [d("0.02"), d("0.03")]
    assert [one.number for one in line.ended] == [1, 2]


def test_p52_a_reset_ends_what_was_measured_and_begins_at_zero():
    """P52: after RES the counter counts from zero; the difference is never negative."""
    line = Line()
    line.shows("10.00", "10.00", "12.00", "12.00")
    line.shows("12.00", "0.00", "0.00", "3.00", "3.00", after=5)
    line.passes(31)
    assert line.raws == [d("0.02"), d("0.03")]
    assert [one.reason for one in line.ended] == ["reset", "inactivity"]
    assert [one.flags for one in line.ended] == [[], []]


def test_a_reset_while_it_rises_is_incomplete():
    """What was delivered between the last reading and the reset is not known, and it is said."""
    line = Line()
    line.shows("10.00", "10.00", "12.00", "13.00", "0.50", "0.90", "0.90")
    line.passes(31)
    assert line.raws == [d("0.02"), d("0.009")]
    assert "incomplete:reset" in line.ended[0].flags
    assert line.ended[1].flags == []


@pytest.mark.parametrize(
    "shown",
    [
        ("10.00", "10.00", "0.50", "0.90", "0.90"),  # it rises when it is seen again
        ("10.00", "10.00", "0.00", "0.40", "0.40"),  # it rises right after
        ("10.00", "10.00", "12.00", "0.00", "0.00", "0.40", "0.40"),  # it had just risen
        ("10.00", "10.00", "12.00", "12.00", "0.00", "0.40", "0.40"),  # it hardly stood
    ],
)
def test_a_reset_beside_radiation_is_incomplete(shown):
    """A reset within seconds of a rise may have hidden more of it: one part says so."""
    line = Line()
    line.shows(*shown)
    line.passes(31)
    assert "incomplete:reset" in {flag for one in line.ended for flag in one.flags}


def test_two_altered_numbers_in_a_row_are_no_reset():
    """Two readings that each lost a digit look like a counter that began again, until the third."""
    line = Line()
    line.shows("25.59", "25.59", "2.55", "2.59", "25.59", "25.59")
    line.passes(31)
    line.shows("26.59", "26.59")
    line.passes(31)
    assert line.raws == [d("0.01")]


@pytest.mark.parametrize("garbled", ["90.00", "0.10", "19.00", "1.00"])
def test_one_altered_number_makes_no_dose(garbled):
    """A digit that was altered on the way contradicts the next reading and is left out."""
    line = Line()
    line.shows("10.00", "10.00", garbled, "10.00", "10.00")
    line.passes(31)
    assert line.ended == []
    line.shows("11.00", garbled, "12.00", "12.00")
    line.passes(31)
    assert line.raws == [d("0.02")]
    assert line.ended[0].flags == ["incomplete:garbage"]


def test_the_first_number_ever_is_no_dose_even_if_it_was_altered():
    """An altered first number is no baseline: the true one after it makes no exposure."""
    line = Line()
    line.shows("9910.00", "10.00", "10.00", "11.00", "11.00")
    line.passes(31)
    assert line.raws == [d("0.01")]


def test_a_counter_that_passes_its_largest_number_goes_on():
    """A wrap is no reset: the rise goes over it."""
    line = Line("dosebook-reference-modbus-tcp")
    counter = line.exposures  # the value is fed by hand: a Modbus frame says nothing more here
    assert counter.memory().account is None
    from dosebook_edge.capture.instrument.exposures.counting import Counter
    from dosebook_edge.capture.instrument.exposures.exposure import Moment, Point
    from tests.support.exposures import BEGAN

    follower = Counter(line.rules)
    wraps_at = line.rules.wraps_at(line.profile, "measurement")
    assert wraps_at == d("4294967.296")
    ended = []
    for second, value in enumerate(["4294967", "4294967", "0.004", "0.004"]):
        point = Point(
            Moment(BEGAN, float(second)), "dose_area_product", "Gy.cm2", d(value), value,
            "mGy.cm2", d("0.001"), "measurement", wraps_at=wraps_at,
        )  # fmt: skip
        ended += follower.read(point)
    ended += follower.tick(60.0, frozenset())
    ((segment, reason),) = ended
    assert (segment.total, reason, segment.flags) == (d("0.3"), "inactivity", {"wrapped"})


def test_p52_what_rose_while_the_line_was_down_is_incomplete():
    """A difference over a gap is never interpolated: it is one exposure, and says so."""
    line = Line()
    line.shows("10.00", "10.00")
    line.breaks()
    line.shows("15.00", "15.00")
    line.passes(31)
    assert line.raws == [d("0.05")]
    assert line.ended[0].flags == ["incomplete:stale"]
    assert line.ended[0].is_unobserved


def test_a_restart_counts_on_from_what_is_durable():
    """What the meter counted while the box was off is one exposure that says `restart`."""
    line = Line()
    line.shows("10.00", "10.00")
    line.save()
    line.start()
    line.shows("14.00", "14.00")
    line.passes(31)
    assert line.raws == [d("0.04")]
    assert line.ended[0].flags == ["incomplete:restart"]


def test_an_exposure_that_was_going_on_at_a_crash_is_told_once():
    """The durable part ends as it was; the rest is another exposure: nothing twice."""
    line = Line()
    line.shows("10.00", "10.00", "11.00", "12.00", "12.00")
    line.save()
    line.shows("13.00", "13.00")
    line.start()
    line.shows("13.50", "13.50")
    line.passes(31)
    assert line.raws == [d("0.02"), d("0.015")]
    assert [one.reason for one in line.ended] == ["restart", "inactivity"]
    assert all(one.flags == ["incomplete:restart"] for one in line.ended)


def test_what_was_interrupted_is_told_whichever_meter_is_there_afterwards():
    """The box loses power in an exposure and finds another meter afterwards: nothing is lost."""
    line = Line(serial="1")
    line.shows("10.00", "10.00", "11.00", "11.00")
    line.save()
    line.serial = "2"
    line.start()
    line.shows("500.00", "500.00", "500.00")
    line.passes(31)
    assert [(one.serial, one.raw, one.reason) for one in line.ended] == [
        ("1", d("0.01"), "restart")
    ]


def test_a_quiet_restart_adds_nothing():
    """The meter shows what it showed: no exposure, also after a second start."""
    line = Line()
    line.shows("10.00", "10.00", "11.00", "11.00")
    line.passes(31)
    line.start()
    line.shows("11.00", "11.00")
    line.start()
    line.shows("11.00", "11.00")
    line.passes(31)
    assert line.raws == [d("0.01")]


def test_an_end_of_the_procedure_step_ends_the_exposure_once_it_stands():
    """The next patient's exposure, seconds later, is another one."""
    line = Line()
    line.shows("0.00", "0.00", "1.00", "2.00")
    line.exposures.signal()
    line.shows("3.00", "3.00", "4.00", "4.00")
    line.passes(31)
    assert line.raws == [d("0.03"), d("0.01")]
    assert [one.reason for one in line.ended] == ["signal", "inactivity"]


def test_overload_inside_an_exposure_is_incomplete():
    """An overload text is no number, and the dose beside it may be too low."""
    line = Line()
    line.shows("0.00", "0.00", "1.00", "OL", "2.00", "2.00")
    line.passes(31)
    assert line.raws == [d("0.02")]
    assert line.ended[0].flags == ["incomplete:overload"]


def test_another_unit_of_the_same_meter_makes_no_dose():
    """cGy·cm² to Gy·cm² loses two digits to rounding; that is no reset and no dose."""
    line = Line()
    line.shows("12.34", "12.34", "12.84", "12.84")
    line.says(b"DAP 0.13 Gycm2\r\n")
    line.says(b"DAP 0.13 Gycm2\r\n")
    line.says(b"DAP 0.15 Gycm2\r\n")
    line.says(b"DAP 0.15 Gycm2\r\n")
    line.passes(31)
    assert line.raws == [d("0.005"), d("0.02")]
    assert line.ended[0].reason == "unit"


def test_a_meter_of_another_serial_number_is_another_meter():
    """DIAMENTOR 2 at 5000 in place of DIAMENTOR 1 at 100 is no dose of 4900."""
    line = Line("ptw-diamentor")

    def measures(*values):
        for value in values:
            line.asks(b"M\r\n")
            text = f"M{value},0000.00,001,05,0000.00,0000.00,000,00,00000\r\n"
            line.says(text.encode())

    def opens(serial):
        line.asks(b"SER\r\n")
        line.says(f"SER{serial}\r\n".encode())
        line.asks(b"U\r\n")
        line.says(b"U1\r\n")

    opens("1")
    measures("0100.00", "0100.00", "0101.00", "0101.00")
    line.breaks()
    opens("2")
    measures("5000.00", "5000.00", "5002.00", "5002.00")
    line.save()
    line.breaks()
    opens("1")
    measures("0101.00", "0101.00")
    line.passes(31)
    assert [(one.serial, one.raw) for one in line.ended] == [
        ("1", d("0.01")),
        ("2", d("0.02")),
    ]
    assert line.ended[0].reason == "other-instrument"


def test_nothing_is_counted_before_the_serial_number_is_known():
    """Until the meter has said who it is, its numbers are no one's."""
    line = Line("ptw-diamentor")
    line.asks(b"U\r\n")
    line.says(b"U1\r\n")
    line.asks(b"M\r\n")
    line.says(b"M0100.00,0000.00,001,05,0000.00,0000.00,000,00,00000\r\n")
    assert line.exposures.serial is None
    assert line.exposures.memory() is None


def test_a_meter_that_does_not_tell_its_number_is_followed_and_that_is_said():
    """After twenty readings it is counted all the same; what rose before may be another meter's."""
    line = Line("ptw-diamentor")

    def measures(*values):
        for value in values:
            line.asks(b"M\r\n")
            text = f"M{value},0000.00,001,05,0000.00,0000.00,000,00,00000\r\n"
            line.says(text.encode())

    def opens(*questions):
        for question, answer in questions:
            line.asks(question)
            line.says(answer)

    unit = (b"U\r\n", b"U1\r\n")
    opens((b"SER\r\n", b"SER1\r\n"), unit)
    measures("0100.00", "0100.00")
    line.breaks()
    opens((b"SER\r\n", b"E1\r\n"), unit)
    measures(*["0103.00"] * 25)
    line.passes(31)
    assert line.raws == [d("0.03")]
    assert {"incomplete:stale", "incomplete:unidentified"} <= set(line.ended[0].flags)


def test_of_two_channels_one_is_followed():
    """FHT 6020 answers both channels alike: a neutron rate is no part of the gamma dose."""
    line = Line("thermo-fht-6020")

    def rate(question, text):
        body = b"\x0701RM1 " + text
        line.asks(question)
        line.says(body + f"{sum(body) & 0xFF:02X}".encode() + b"\x03")

    for gamma in (b"0.1", b"36", b"36", b"0.1"):
        rate(b"\x0701RM138\x03", gamma)
        rate(b"\x0701RM239\x03", b"900")
    line.passes(31)
    (one,) = line.ended
    assert one.raw == d("0.04")


def test_a_dose_calibrator_records_a_sample_once():
    """An activity counts when it is steady, once, whatever one altered reading says between."""
    line = Line("veenstra-vik-202")

    def measures(*values):
        for value in values:
            line.asks(b"!R\r")
            line.says(f">{value}\r".encode())

    measures("0", "100000", "55000000", "55010000", "55000000", "54990000")
    measures("99000000", "54990000", "54980000", "0", "54980000", "54970000", "54960000")
    assert line.raws == [d("55")]
    measures("0", "0", "56000000", "56000000", "56000000")
    assert line.raws == [d("55"), d("56")]
    assert [one.reason for one in line.ended] == ["settled", "settled"]
    line.start()
    measures("56000000", "56000000", "56000000", "56000000")
    assert line.raws == [d("55"), d("56")]


def test_a_rate_is_added_up_and_says_so():
    """200 µSv/h for 36 s are 2 µSv, flagged; the background before and after adds nothing."""
    line = Line("ludlum-375-network")

    def rate(value, after=2.0):
        text = (
            f"<area_monitor><status>0</status><rate>{value}</rate><unit>uSv/h</unit></area_monitor>"
        )
        line.says(text.encode(), after=after)

    for value in ["0.12", "0.12", *["200"] * 18, "0.12", "0.12"]:
        rate(value)
    line.passes(31)
    (one,) = line.ended
    assert (one.quantity, one.unit, one.raw) == ("dose_equivalent", "uSv", d("2"))
    assert one.flags == ["integrated-by-host"]
    assert one.segment.upto == 200


def test_a_gap_in_a_rate_is_not_filled():
    """Over a gap nothing is added: the exposure is incomplete."""
    line = Line("ludlum-375-network")

    def rate(value, after):
        text = (
            f"<area_monitor><status>0</status><rate>{value}</rate><unit>uSv/h</unit></area_monitor>"
        )
        line.says(text.encode(), after=after)

    rate("360", 2)
    rate("360", 2)
    rate("360", 20)
    rate("0.1", 2)
    line.passes(31)
    (one,) = line.ended
    assert one.raw == d("0.4")
    assert one.is_incomplete


def test_the_transcript_of_an_exposure_replays_to_its_value():
    """R: evidence is what went over the wire; with the unit it stands alone."""
    line = Line("ptw-diamentor")
    line.asks(b"SER\r\n")
    line.says(b"SER345678\r\n")
    line.asks(b"U\r\n")
    line.says(b"U1\r\n")
    for value in ["0001.00"] * 9 + ["0002.00", "0003.50"] + ["0003.50"] * 5:
        line.asks(b"M\r\n")
        line.says(f"M{value},0000.00,001,05,0000.00,0000.00,000,00,00000\r\n".encode())
    line.passes(31)
    (one,) = line.ended
    found = readings(
        outcome
        for _, outcome in replay(
            line.profile, read_transcript(one.transcript), factor=d("1"), told_questions=True
        )
    )
    daps = [reading.raw for reading in found if reading.name == "dap"]
    assert daps[-1] - daps[0] == one.raw == d("0.025")
    assert one.transcript.startswith("# transcript\n# ptw-diamentor serial number 345678\n")
    assert len(daps) < 8


def test_every_shipped_profile_says_what_an_exposure_is():
    """Each shipped profile can be a source of exposures; one without the table says what to add."""
    for profile in PROFILES.values():
        names = {value.name for one in profile.telegram for value in one.value}
        assert rules_of(profile).exposing.value in names
    bare = PROFILES["dap-line"].model_copy(update={"exposure": None})
    with pytest.raises(NotCountedError, match=r"no \[exposure\] table"):
        rules_of(bare)


def test_a_profile_may_not_follow_what_it_does_not_read(tmp_path):
    """A name in [exposure] that no telegram has is refused, with its key."""
    path = changed(tmp_path, "ptw-diamentor", 'value = "dap"\ntime', 'value = "dose"\ntime')
    with pytest.raises(ProfileError, match=r"exposure\.value: no telegram has 'dose'"):
        load(path)
