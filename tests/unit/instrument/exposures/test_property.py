"""Any pulse train with resets, restarts, lost and altered readings: never more than was true."""

from decimal import Decimal

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.exposures import Line

_CENT = Decimal("0.0001")  # 0.01 cGy·cm² in Gy·cm²

actions = st.one_of(
    st.tuples(st.just("dose"), st.integers(1, 9999)),
    st.tuples(st.just("quiet"), st.integers(1, 4)),
    st.tuples(st.just("pause"), st.just(0)),
    st.tuples(st.just("lost"), st.integers(0, 500)),
    st.tuples(st.just("altered"), st.integers(1, 999_999)),
    st.tuples(st.just("reset"), st.just(0)),
    st.tuples(st.just("restart"), st.integers(0, 500)),
    st.tuples(st.just("unplug"), st.integers(0, 500)),
    st.tuples(st.just("save"), st.just(0)),
)


class Meter:
    """A counter in hundredths of cGy·cm², and what it truly measured since the box saw it."""

    def __init__(self, line, shown, times):
        self.line = line
        self.shown = shown
        self.times = times  # how often each number is seen at least
        self.true = 0

    def add(self, dose):
        self.shown += dose
        self.true += dose

    def say(self, shown=None):
        number = self.shown if shown is None else shown
        self.line.shows(f"{number / 100:.2f}")

    def act(self, action, size):
        """One thing that happens, and the readings that follow it."""
        if action in ("dose", "lost", "restart", "unplug"):
            self.add(size)
        if action == "quiet":
            for _ in range(size):
                self.say()
        elif action == "stand":
            self.line.passes(size)
        elif action in ("pause", "stand"):
            self.line.passes(15 if action == "pause" else 6)
            self.say()
            self.line.passes(31 if action == "pause" else 0)
        elif action == "lost":
            self.line.says(b"DAP 12.\r\n")  # a reading that nobody can read
        elif action == "altered" and size != self.shown:
            self.say(size)
        elif action == "reset":
            self.shown = 0
            self.say()
        elif action == "restart":
            self.line.start()
        elif action == "unplug":
            self.line.breaks()
        elif action == "save":
            self.line.save()
        for _ in range(self.times):
            self.say()


def _day(shown, day, times=1):
    line = Line()
    meter = Meter(line, shown, times)
    meter.say()
    meter.say()
    line.save()  # a box saves the first number that it is sure of at once
    for action, size in day:
        meter.act(action, size)
    meter.say()
    meter.say()
    line.passes(31)
    return line, meter


@settings(max_examples=120)
@given(st.integers(0, 99_999), st.lists(actions, max_size=25))
@example(1000, [("dose", 200), ("reset", 0), ("dose", 100), ("restart", 50)])
def test_exposures_never_add_up_to_more_than_was_true(shown, day):
    """No doubled dose: whatever happens, none is negative and the sum is at most the true one."""
    line, meter = _day(shown, [one for one in day if one[0] != "altered"])
    assert all(raw > 0 for raw in line.raws)
    assert sum(line.raws) <= meter.true * _CENT


@settings(max_examples=120)
@given(st.integers(1, 99_999), st.lists(actions.filter(lambda one: one[0] != "reset"), max_size=25))
def test_altered_numbers_add_and_remove_nothing(shown, day):
    """Without a reset the sum is exact, whatever single numbers are altered on the way."""
    line, meter = _day(shown, day)
    assert all(raw > 0 for raw in line.raws)
    assert sum(line.raws) == meter.true * _CENT


@settings(max_examples=120)
@given(
    st.integers(0, 99_999), st.lists(actions.filter(lambda one: one[0] != "altered"), max_size=25)
)
def test_what_is_not_called_incomplete_is_exact(shown, day):
    """Where no exposure is flagged incomplete, nothing is missing, if each number is seen twice.

    Of a reset that a box did not write down before it was killed, nobody can know afterwards.
    """
    save = ("save", 0)
    kept = [two for one in day for two in ((one, save) if one[0] == "reset" else (one,))]
    line, meter = _day(shown, kept, times=2)
    if not any(one.is_incomplete for one in line.ended):
        assert sum(line.raws) == meter.true * _CENT


@settings(max_examples=80)
@given(
    st.lists(st.tuples(st.sampled_from(["dose", "quiet", "reset", "pause"]), st.integers(1, 99)))
)
def test_a_quiet_line_gives_every_exposure_whole(day):
    """Without faults nothing is flagged and the sum is exact, over resets while it stands."""
    line, meter = _day(500, [one for action in day for one in (action, ("stand", 5))])
    assert sum(line.raws) == meter.true * _CENT
    assert not any(one.is_incomplete for one in line.ended)
