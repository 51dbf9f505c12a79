"""A seeded sample of `make faults`: whatever is killed, cut or full, no dose is lost or doubled."""

import pytest

from tools.faults.cuts import disk_full, network_cut
from tools.faults.kills import kill_box, kill_broker, kill_embedded, kill_registry
from tools.faults.measuring import kill_measuring
from tools.faults.scenario import Size

pytestmark = [
    pytest.mark.system,
    pytest.mark.slow,
    pytest.mark.timeout(240),
    # pynetdicom leaves the socket of a refused connection to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SAMPLE = Size(seed=7, kills=5, objects=40, patience_s=90)


@pytest.fixture(autouse=True)
def servers(request):
    """Skip with the cure where the servers of a site are missing."""
    from tests.support.programs import need_program

    need_program("mosquitto", "mosquitto")
    need_program("initdb", "postgresql")


@pytest.mark.parametrize("fault", [kill_box, kill_broker, kill_registry, kill_embedded])
def test_killed_programs_lose_and_double_nothing(fault, tmp_path):
    """After `kill -9` at five seeded points, sent, accepted, receipted and counted agree."""
    ledger = fault(tmp_path, SAMPLE)
    assert not ledger.problems, ledger.text(fault.__name__)


def test_a_network_that_is_away_costs_time_only(tmp_path):
    """Cut, half-open and flapping: what the box took arrives once the network is back."""
    ledger = network_cut(tmp_path, SAMPLE)
    assert not ledger.problems, ledger.text("network-cut")


def test_a_full_disk_refuses_and_loses_nothing(tmp_path):
    """What heard 0x0000 on a filling disk is in the registry once; the refused were taken later."""
    ledger = disk_full(tmp_path, SAMPLE)
    assert not ledger.problems, ledger.text("disk-full")


def test_a_box_killed_while_it_measures_loses_and_doubles_no_dose(tmp_path):
    """After `kill -9` at two seeded points, the records add up to the meter's true dose."""
    ledger = kill_measuring(tmp_path, Size(seed=11, kills=2))
    assert not ledger.problems, ledger.text("kill-measuring")
