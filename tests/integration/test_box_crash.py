"""A box killed at any step: what was confirmed is there, the ledger has no gap."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading

import pytest

from dosebook_edge.outbox import OutboxFullError
from tests.support.box import (
    RDSR_CLASS,
    BoxProcess,
    association,
    configuration,
    draft,
    opened_outbox,
    receipts_for,
)
from tests.support.programs import need_program

STEPS = [
    "BEGIN",
    "INSERT INTO record",
    "INSERT INTO payload",
    "UPDATE meta",
    "COMMIT",
    "after COMMIT",
    "DELETE FROM payload",
    "UPDATE record",
]

# Appends, acknowledges and retires, and kills itself at one statement of the sixth round.
CHILD = """
import os, signal, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tests.support.box import draft, receipts_for, SIGNER, BOX
from dosebook_edge.outbox import Outbox, OutboxSettings

step, round_to_die = sys.argv[2], 6
outbox = Outbox(Path(sys.argv[1]), BOX, SIGNER, OutboxSettings())
inner, current = outbox._committer._connection, 0

class Dying:
    def execute(self, statement, *rest):
        if current == round_to_die and statement.lstrip().startswith(step):
            os.kill(os.getpid(), signal.SIGKILL)
        done = inner.execute(statement, *rest)
        if current == round_to_die and step == "after COMMIT" and statement == "COMMIT":
            os.kill(os.getpid(), signal.SIGKILL)
        return done
    def executemany(self, statement, rows):
        for row in rows:
            self.execute(statement, row)
    @property
    def in_transaction(self):
        return inner.in_transaction

outbox._committer._connection = Dying()
for current in range(1, 10):
    appended = outbox.append(draft(b"record %d" % current))
    print("appended", appended.sequence, flush=True)
    outbox.acknowledge(receipts_for(appended)) if current % 2 == 0 else None
    outbox.retire(datetime.now(UTC) + timedelta(days=31))
"""


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_each_step_of_a_commit(tmp_path, step):
    """Killed at any statement, every append that returned is there, and the ledger is whole."""
    run = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path), step],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert run.returncode == -signal.SIGKILL, run.stderr
    confirmed = [int(line.split()[1]) for line in run.stdout.splitlines()]
    assert confirmed == list(range(1, len(confirmed) + 1))
    assert len(confirmed) in (5, 6)
    with opened_outbox(tmp_path) as outbox:
        kept = sorted(one.sequence for one in outbox.entries())
        assert kept[: len(confirmed)] == confirmed
        assert len(kept) - len(confirmed) in (0, 1)
        assert outbox.integrity() == []
        assert outbox.append(draft(b"next")).sequence == kept[-1] + 1


def test_killed_while_modalities_send(tmp_path):
    """kill -9 of a box at random moments: what heard 0x0000 is in its outbox, ledger gapless."""
    chance = random.Random(20)
    config = configuration(tmp_path, "[uplink]", "enabled = false")
    confirmed: list[str] = []
    for _ in range(3):
        box = BoxProcess(config)
        wanted = len(confirmed) + chance.randint(2, 25)
        reached = threading.Event()
        sender = threading.Thread(target=_send, args=(box.ports["ct"], confirmed, wanted, reached))
        sender.start()
        assert reached.wait(40)
        box.end(signal.SIGKILL)
        sender.join(40)
    import tests.support.box as support
    from dosebook_edge.identity.identity import Identity

    signer = Identity.load(tmp_path / "data" / "identity").signer
    outbox = support.Outbox(tmp_path / "data", support.BOX, signer)
    try:
        assert all(outbox.has_instance(uid) for uid in confirmed)
        assert outbox.integrity() == []
        assert len(confirmed) <= outbox.status().last_sequence <= len(confirmed) + 3
    finally:
        outbox.close()


def _send(port, confirmed, wanted, reached):
    """Send reports until the box is gone; tell when `wanted` were confirmed."""
    from tests.integration.test_box_dicom import report

    with association(port, RDSR_CLASS) as assoc:
        while assoc.is_established:
            sent = report()
            try:
                answer = assoc.send_c_store(sent)
            except RuntimeError:
                break
            if "Status" not in answer:
                break
            confirmed.append(str(sent.SOPInstanceUID))
            if len(confirmed) >= wanted:
                reached.set()
    reached.set()


def test_disk_full_loses_nothing_and_drains(tmp_path):
    """On a full disk appends are refused, receipts still work, and space brings appends back."""
    need_program("mount", "mount")
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system: run make test as root")
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("hardware: this kernel lets nobody mount a tmpfs here")
    try:
        _fill_and_drain(place)
    finally:
        subprocess.run(["umount", str(place)], check=True)


def _fill_and_drain(place):
    with opened_outbox(place) as outbox:
        kept = []
        with pytest.raises(OutboxFullError):
            kept.extend(
                outbox.append(draft(random.Random(i).randbytes(90_000))) for i in range(400)
            )
        kept = outbox.unacknowledged(0, 1000, 10**9)
        assert len(kept) > 5
        assert outbox.status().level == "full"
        ballast = place / "ballast"
        with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        assert outbox.acknowledge(receipts_for(*kept)) == len(kept)
        assert outbox.integrity() == []
        ballast.unlink()
        assert outbox.append(draft(b"after")).sequence == len(kept) + 1
