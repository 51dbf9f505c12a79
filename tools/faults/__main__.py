"""`make faults [SEED=…]`: every fault and intruder in full counts; prints the ledgers compared."""

import argparse
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from tools.faults.cuts import disk_full, network_cut
from tools.faults.instruments import damaged_instruments
from tools.faults.intruders import intruders
from tools.faults.kills import kill_box, kill_broker, kill_embedded, kill_registry
from tools.faults.ledger import Ledger
from tools.faults.measuring import kill_measuring
from tools.faults.scenario import Size
from tools.terminal import say

Scenario = Callable[[Path, Size], Ledger]
SCENARIOS: dict[str, Scenario] = {
    "kill-box": kill_box,
    "kill-broker": kill_broker,
    "kill-registry": kill_registry,
    "kill-embedded": kill_embedded,
    "network-cut": network_cut,
    "disk-full": disk_full,
    "intruders": intruders,
    "instruments": damaged_instruments,
    "kill-measuring": kill_measuring,
}


def main(arguments: list[str]) -> int:
    """Run the scenarios asked for; 1 where anything was lost, doubled or let in."""
    parser = argparse.ArgumentParser(prog="make faults")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same faults")
    parser.add_argument("--only", action="append", choices=SCENARIOS, help="one kind; repeatable")
    parser.add_argument("--kills", type=int, default=100, help="how often each program is killed")
    parser.add_argument("--objects", type=int, default=500, help="objects sent in each run")
    parser.add_argument("--intruders", type=int, default=10_000, help="hostile messages")
    parser.add_argument("--stack", choices=("embedded", "servers"), help="for kinds that take both")
    parser.add_argument("--keep", type=Path, help="work in this folder and keep it")
    given = parser.parse_args(arguments)
    size = Size(given.seed, given.kills, given.objects, given.intruders, given.stack)
    if given.keep is not None:
        return _run_all(given.only or list(SCENARIOS), size, given.keep)
    with tempfile.TemporaryDirectory(prefix="dosebook-faults-") as folder:
        return _run_all(given.only or list(SCENARIOS), size, Path(folder))


def _run_all(names: list[str], size: Size, folder: Path) -> int:
    wrong: list[str] = []
    for name in names:
        say(f"{name}: seed {size.seed} …")
        began = time.monotonic()
        ledger = _run(name, size, folder / name)
        print(ledger.text(f"{name}, seed {size.seed}, {time.monotonic() - began:.0f} s"))
        sys.stdout.flush()
        if ledger.problems:
            wrong.append(name)
    print(f"\n{len(names) - len(wrong)} of {len(names)} kinds of fault: nothing lost or doubled")
    if wrong:
        print(f"WRONG: {', '.join(wrong)} (repeat with SEED={size.seed})")
    return 1 if wrong else 0


def _run(name: str, size: Size, folder: Path) -> Ledger:
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return SCENARIOS[name](folder, size)
    except Exception as error:  # noqa: BLE001 - one broken kind must not take the others' results
        traceback.print_exc()
        ledger = Ledger()
        ledger.problems.append(f"the run itself broke: {error}")
        return ledger


if __name__ == "__main__":
    os.nice(5)
    sys.exit(main(sys.argv[1:]))
