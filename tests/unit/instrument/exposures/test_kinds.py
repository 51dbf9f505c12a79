"""Instruments of other habits: whole exposures told at once, held doses, clocks, indications."""

from decimal import Decimal

from tests.support.exposures import Line
from tests.support.instruments import PROFILES


def d(text):
    """A decimal."""
    return Decimal(text)


def following(name, **keys):
    """A shipped profile with other keys in [exposure]."""
    profile = PROFILES[name]
    return profile.model_copy(update={"exposure": profile.exposure.model_copy(update=keys)})


def diamentor():
    """A DIAMENTOR that has said who it is and in which unit it measures."""
    line = Line("ptw-diamentor")
    for question, answer in ((b"SER\r\n", b"SER1\r\n"), (b"U\r\n", b"U1\r\n")):
        line.asks(question)
        line.says(answer)
    return line


def measures(line, *readings):
    """The DIAMENTOR shows (dap, seconds)."""
    for dap, seconds in readings:
        line.asks(b"M\r\n")
        text = f"M{dap},0000.00,000,{seconds:02d},0000.00,0000.00,000,00,00000\r\n"
        line.says(text.encode())


def test_each_telegram_is_an_exposure_and_one_said_twice_counts_once():
    """A meter that numbers its exposures tells each whole; its number shows the repetition."""
    profile = following("dap-line", each_telegram=True, number="unit")
    line = Line(profile)
    for text in ("DAP 2.00 cGycm2", "DAP 2.00 cGycm2", "DAP 0.02 Gycm2", "DAP 0.00 mGycm2"):
        line.says(f"{text}\r\n".encode())
    assert line.raws == [d("0.02"), d("0.02")]
    assert [one.reason for one in line.ended] == ["telegram"] * 2
    line.start()
    line.says(b"DAP 0.02 Gycm2\r\n")
    assert len(line.ended) == 2


def test_a_meter_that_says_each_number_once_is_believed_at_once():
    """With `repeated = false` a rise needs no second reading."""
    line = Line(following("dap-line", repeated=False))
    line.shows("10.00", "12.00")
    line.passes(31)
    assert line.raws == [d("0.02")]


def test_a_long_exposure_is_divided_and_nothing_is_lost_between():
    """After the longest time another exposure goes on where the first ended."""
    line = Line(following("dap-line", longest_s=60.0))
    line.shows("0.00", *(f"{n}.00" for n in range(100)), "99.00")
    line.passes(31)
    assert len(line.ended) == 2
    assert sum(line.raws) == d("0.99")
    assert [one.reason for one in line.ended] == ["longest", "inactivity"]


def test_the_clock_of_the_meter_shows_a_reset_that_its_number_hides():
    """12.00 after 5 s, then 15.00 after 2 s: the meter began anew, and 15.00 is the exposure."""
    line = diamentor()
    measures(line, ("0010.00", 0), ("0010.00", 0), ("0012.00", 5), *[("0012.00", 5)] * 8)
    measures(line, ("0015.00", 2), ("0015.00", 2), ("0015.00", 2))
    line.passes(31)
    assert line.raws == [d("0.02"), d("0.15")]
    assert [one.segment.seconds for one in line.ended] == [5, 2]


def test_the_seconds_of_an_exposure_are_counted_by_the_meter():
    """The meter's own time is told beside the dose, as a difference too."""
    line = diamentor()
    measures(line, ("0010.00", 20), ("0010.00", 20), ("0012.00", 23), ("0013.00", 25))
    measures(line, ("0013.00", 25))
    line.passes(31)
    assert [(one.raw, one.segment.seconds) for one in line.ended] == [(d("0.03"), 5)]


def test_a_held_dose_is_an_exposure_also_where_the_next_one_is_larger():
    """UNIDOS in automatic mode holds 2 mGy, then 5 mGy: two exposures, not 2 and 3."""
    line = Line("ptw-unidos-tango-romeo")
    line.asks(b"SER\r\n")
    line.says(b"SER;123456\r\n")

    def shows(status, dose, time):
        line.asks(b"MV\r\n")
        text = f"MV;{status};{dose};E-3;m;Gy;0.0;E-09;n;Gy;min;{time};ms;300.0;V;0x0\r\n"
        line.says(text.encode())

    for reading in [
        ("RES", "0.0", "0.0"), ("RES", "0.0", "0.0"), ("AUTO_MEAS", "1.0", "50.0"),
        ("AUTO_HOLD", "2.0", "100.0"), ("AUTO_HOLD", "2.0", "100.0"), ("AUTO_HOLD", "2.0", "100.0"),
        ("AUTO_HOLD", "5.0", "200.0"), ("AUTO_HOLD", "5.0", "200.0"), ("AUTO_HOLD", "5.0", "200.0"),
    ]:  # fmt: skip
        shows(*reading)
    assert line.raws == [2, 5]
    assert [one.reason for one in line.ended] == ["state", "state"]
    assert [one.unit for one in line.ended] == ["mGy", "mGy"]


def test_of_an_indication_the_highest_is_kept():
    """A number whose meaning nobody states is not added up."""
    line = Line("ludlum-375-serial")
    for value in (0.3, 0.3, 40, 90.5, 60, 0.3):
        line.says(f"{value:06.1f}000010\r\n".encode(), after=2)
    line.passes(31)
    (one,) = line.ended
    assert (one.quantity, one.raw, one.flags) == ("indication", d("90.5"), ["highest-value"])
