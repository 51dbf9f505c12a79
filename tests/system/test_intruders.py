"""A seeded sample of the intruders of `make faults`."""

from random import Random

import pytest

from tools.faults.intruders import intruders
from tools.faults.intruders.hostile_dicom import conversation, talk_damaged
from tools.faults.intruders.mutate import flip, mutate
from tools.faults.modality import work_of
from tools.faults.scenario import Size
from tools.faults.stack import SOURCE, Stack
from tools.site.program import wait

pytestmark = [
    pytest.mark.system,
    pytest.mark.slow,
    pytest.mark.timeout(240),
    # pynetdicom leaves the socket of a refused connection to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.mark.parametrize("stack", ["embedded", "servers"])
def test_intruders_disturb_nothing(stack, tmp_path):
    """Strangers, thieves and 300 damaged messages are refused or quarantined with a reason."""
    ledger = intruders(tmp_path, Size(seed=7, intruders=300, stack=stack))
    assert not ledger.problems, ledger.text("intruders")


def test_damaged_conversations_leave_no_association_behind(tmp_path):
    """After more broken associations than a source has places, the next modality is served."""
    first = work_of(7, 1)[0].objects[0]
    with Stack(tmp_path, "embedded") as stack:
        box = stack.add_box()
        box.start()
        spoken = conversation(box.port(SOURCE), first)
        talk_damaged(Random(3), box.port(SOURCE), spoken, 40)
        wait(lambda: conversation(box.port(SOURCE), first), 5, "an intact association is served")


def test_damage_is_repeatable_and_never_none():
    """A seed gives the same damage again, and each piece of damage changes the bytes."""
    data = bytes(range(200))
    damaged = [mutate(Random(seed), data) for seed in range(300)]
    assert damaged == [mutate(Random(seed), data) for seed in range(300)]
    assert all(one != data for one in damaged)
    assert all(flip(Random(seed), data) != data for seed in range(300))
