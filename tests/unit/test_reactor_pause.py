"""A sender has the association to itself only while the reactor truly stands still."""

import threading
from types import SimpleNamespace

import pytest

from dosebook_edge.reactor_pause import pause_surely

_ROUNDS = 2000


@pytest.fixture
def reactor():
    """A thread that passes its checkpoint again and again, as pynetdicom's reactor does."""
    association = SimpleNamespace(_kill=False, _reactor_checkpoint=None, is_going=False)
    pause_surely(SimpleNamespace(assoc=association))

    def run() -> None:
        while not association._kill:
            association.is_going = False
            association._reactor_checkpoint.wait()
            association.is_going = True

    thread = threading.Thread(target=run)
    thread.start()
    yield association
    association._kill = True
    association._reactor_checkpoint.set()
    thread.join()


def test_reactor_stands_still_whenever_a_sender_was_told_so(reactor):
    """Also in the moment after the sender before has let it go on."""
    seen = []
    for _ in range(_ROUNDS):
        reactor._reactor_checkpoint.clear()
        seen.append(reactor.is_going)
        reactor._reactor_checkpoint.set()
    assert not any(seen)


def test_sender_does_not_wait_for_a_reactor_that_has_ended():
    """A link that is lost between two messages ends in an error of the sender, never in a hang."""
    association = SimpleNamespace(_kill=True, _reactor_checkpoint=None)
    pause_surely(SimpleNamespace(assoc=association))
    association._reactor_checkpoint.clear()
    assert not association._reactor_checkpoint.is_set()
