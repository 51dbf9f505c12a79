"""The uplink's states, its waits and its window, without a network."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosebook_edge.uplink.state import Backoff, Event, State, TransitionError, next_state
from dosebook_edge.uplink.window import Window


def walk(*events):
    """The states that events lead through from the beginning."""
    states = [State.STOPPED]
    for event in events:
        states.append(next_state(states[-1], event))
    return states[1:]


def test_the_way_to_ready():
    """Resolve, connect, handshake, subscribe: each has its state."""
    assert walk(
        Event.START, Event.ENROLLED, Event.RESOLVED, Event.OPENED, Event.ACCEPTED, Event.SUBSCRIBED
    ) == [
        State.IDLE,
        State.RESOLVING,
        State.CONNECTING,
        State.HANDSHAKING,
        State.SUBSCRIBING,
        State.READY,
    ]


@pytest.mark.parametrize(
    "state",
    [State.RESOLVING, State.CONNECTING, State.HANDSHAKING, State.SUBSCRIBING, State.READY],
)
def test_a_failure_and_a_denial_lead_apart(state):
    """Network trouble is not confused with not being let in."""
    assert next_state(state, Event.FAILED) is State.BACKOFF
    assert next_state(state, Event.DENIED) is State.REFUSED


@pytest.mark.parametrize("state", list(State))
def test_it_can_be_stopped_in_every_state(state):
    """Stop ends the uplink wherever it stands."""
    assert next_state(state, Event.STOP) is State.STOPPED


def test_an_impossible_event_is_a_mistake():
    """An event that cannot happen in a state is told, not passed over."""
    with pytest.raises(TransitionError, match="subscribed cannot happen while idle"):
        next_state(State.IDLE, Event.SUBSCRIBED)


def test_waits_double_to_a_limit_and_begin_anew():
    """Each wait is drawn from the upper half of a doubling span, up to the limit."""
    backoff = Backoff(1.0, 60.0, random.Random(1))
    waits = [backoff.next_wait() for _ in range(100)]
    for wait, whole in zip(waits, [1, 2, 4, 8, 16, 32, *[60] * 94], strict=True):
        assert whole / 2 <= wait <= whole
    backoff.reset()
    assert backoff.next_wait() <= 1.0


def window(records=3, size=1000):
    return Window(records, size, timeout_s=10.0, longest_timeout_s=100.0)


def test_the_window_closes_by_number_and_by_bytes():
    """There is room until either bound is reached, and again after a receipt."""
    one = window()
    assert one.room == (3, 1000)
    one.sent(1, "a", 900, 0.0)
    assert one.room == (2, 100)
    one.sent(2, "b", 200, 0.0)
    assert one.room == (1, 0)
    assert one.receipted("a")
    assert one.room == (2, 800)
    assert not one.receipted("a")


def test_a_record_larger_than_the_window_still_goes():
    """An empty window always has room for one record."""
    assert window(size=0).room == (3, 1)


def resend_waits(one, now, count):
    """After how long each next sending of record `a` falls due."""
    waits = []
    for _ in range(count):
        waits.append(one.next_due() - now)
        now = one.next_due()
        assert [item.record_id for item in one.overdue(now)] == ["a"]
        one.sent(1, "a", 1, now)
    return waits


def test_a_silent_registry_is_asked_again_steadily():
    """While nobody gets a receipt, a record is sent again after at most twice the timeout."""
    one = window()
    one.sent(1, "a", 1, 0.0)
    assert resend_waits(one, 0.0, 5) == [10, 20, 20, 20, 20]


def test_an_overtaken_record_is_sent_again_ever_later():
    """Resends of a record that alone has no receipt wait 10, 20, 40 … up to the longest."""
    one = window()
    one.sent(1, "a", 1, 0.0)
    one.sent(2, "b", 1, 0.5)
    one.receipted("b")
    assert resend_waits(one, 0.0, 6) == [10, 20, 40, 80, 100, 100]


def test_silence_of_the_registry_puts_nothing_aside():
    """When nobody gets a receipt the window stays closed: the registry is away."""
    one = window()
    for number, name in enumerate("abc"):
        one.sent(number, name, 1, 0.0)
    assert len(one.overdue(10.0)) == 3
    assert one.aside == 0
    assert one.room[0] == 0


def test_a_record_that_others_overtook_is_put_aside():
    """A record sent before one that has its receipt no longer takes room, and is still resent."""
    one = window()
    one.sent(1, "poison", 500, 0.0)
    one.sent(2, "b", 100, 1.0)
    one.receipted("b")
    assert [item.record_id for item in one.overdue(10.0)] == ["poison"]
    assert one.aside == 1
    assert one.room == (3, 1000)
    one.sent(1, "poison", 500, 10.0)
    assert one.next_due() == 30.0
    assert one.receipted("poison")
    assert one.room == (3, 1000)
    assert one.aside == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["sent", "receipt", "due", "drop"]))))
def test_the_window_never_miscounts(steps):
    """Whatever happens, an emptied window has all its room again."""
    one = window(records=100, size=10_000)
    now = 0.0
    for number, step in steps:
        now += 7.0
        name = str(number)
        match step:
            case "sent":
                one.sent(number, name, number + 1, now)
            case "receipt":
                one.receipted(name)
            case "due":
                one.overdue(now)
            case "drop":
                one.forget(name)
    for number in range(10):
        one.forget(str(number))
    assert len(one) == one.aside == 0
    assert one.room == (100, 10_000)
