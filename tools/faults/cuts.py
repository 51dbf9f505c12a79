"""The network away for the whole run, half-open or flapping, and a disk without room."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Final

from tools.faults.ledger import Ledger, stored_records
from tools.faults.modality import Gate
from tools.faults.proxy import Mode, Proxy
from tools.faults.scenario import Morning, Size, exams_of, sending, settle
from tools.faults.stack import BOX, Stack, drain
from tools.site.program import wait

_FLAPS: Final = 12
_DISK: Final = 24 * 1024 * 1024
_ROOM_AN_OBJECT: Final = 2 * 1024  # less than a packed object takes
_LIMIT: Final = "1MB"  # the least that a box may be given
_FILL_THE_LIMIT: Final = 160
_BALLAST_CHUNK: Final = 4096


def network_cut(folder: Path, size: Size) -> Ledger:
    """Cut for a third of the run, silent for a third, and coming and going for the last."""
    ledger = Ledger()
    exams = exams_of(size)
    kind = size.stack or "embedded"
    ledger.say("stack", kind)
    with Stack(folder, kind) as stack, Proxy(stack.box_port) as proxy:
        box = stack.add_box(port=proxy.port)
        box.start()
        with sending(box, exams, Gate(0)) as morning:
            for part, mode in ((1, Mode.CUT), (2, Mode.SWALLOW)):
                _without_network(ledger, stack, morning, proxy, mode, size.objects * part // 3)
            _flapping(size.rng("network-cut"), morning, proxy)
            settle(ledger, stack, morning, size.patience_s)
        ledger.say("connections through the network", proxy.connections)
    return ledger


def _without_network(
    ledger: Ledger, stack: Stack, morning: Morning, proxy: Proxy, mode: Mode, until: int
) -> None:
    """Send while nothing comes through, then restore the network and wait for the receipts."""
    before = len(stored_records(stack.engine, BOX))
    proxy.set(mode)
    morning.gate.open_to(until)
    if not morning.sent.wait_for(lambda: morning.sent.with_box >= until, 60):
        ledger.problems.append(f"network {mode.value}: the box took less than {until} objects")
    waited = morning.box.waiting()
    passed = len(stored_records(stack.engine, BOX)) - before
    ledger.say(
        f"network: {mode.value}", f"box took up to object {until}, {waited} waited, {passed} passed"
    )
    if passed > 0:
        ledger.problems.append(f"{passed} records came through a network that was {mode.value}")
    proxy.set(Mode.PASS)
    began = time.monotonic()
    drain(morning.box, 90)
    ledger.say("  restored", f"all receipts after {time.monotonic() - began:.1f} s")


def _flapping(rng: Random, morning: Morning, proxy: Proxy) -> None:
    morning.gate.open_to(10**9)
    for _ in range(_FLAPS):
        time.sleep(rng.uniform(0.05, 0.4))
        proxy.set(rng.choice((Mode.CUT, Mode.SWALLOW)))
        time.sleep(rng.uniform(0.02, 0.3))
        proxy.set(Mode.PASS)


def disk_full(folder: Path, size: Size) -> Ledger:
    """Fill the box's disk twice: with another's file, and with records that nobody receives."""
    ledger = Ledger()
    if os.geteuid() != 0:
        size = replace(size, objects=max(size.objects, _FILL_THE_LIMIT))
    exams = exams_of(size)
    kind = size.stack or "embedded"
    ledger.say("stack", kind)
    with (
        _small_disk(folder / "disk") as (disk, settings),
        Stack(folder, kind) as stack,
        Proxy(stack.box_port) as proxy,
    ):
        box = stack.add_box(port=proxy.port, data_dir=disk / "data", settings=settings)
        box.start()
        ledger.say("disk", f"outbox.max_size {_LIMIT}" if settings else "tmpfs")
        with sending(box, exams, Gate(0)) as morning:
            proxy.set(Mode.CUT)
            if not settings:
                _full_of_something_else(ledger, morning, disk, size.objects // 6)
                _fill(disk / "ballast", size.objects * _ROOM_AN_OBJECT)
            _full_of_records(ledger, morning, proxy)
            settle(ledger, stack, morning, size.patience_s)
        refused = morning.sent.refused
        never = [
            f"{kind} {uid} never was" for kind, uid in refused if not morning.sent.has((kind, uid))
        ]
        ledger.check("refused objects were taken later", never, f"{len(refused)} of {len(refused)}")
        if not refused:
            ledger.problems.append("the disk never was full: nothing was refused")
    return ledger


def _full_of_something_else(ledger: Ledger, morning: Morning, disk: Path, part: int) -> None:
    """Another program fills the disk while no receipt comes, and gives the space back later."""
    ballast = disk / "ballast"
    first = morning.gate.open_for(part)
    morning.sent.wait_for(lambda: morning.sent.with_box >= first, 30)
    _fill(ballast)
    before = len(morning.sent.refused)
    second = morning.gate.open_for(part)
    wait(lambda: len(morning.sent.refused) > before, 30, "an object is refused on a full disk")
    with_box = morning.sent.with_box
    ballast.unlink()
    morning.sent.wait_for(lambda: morning.sent.with_box >= second, 60)
    ledger.say(
        "full of another's file",
        f"refused from object {with_box} on, {morning.sent.with_box} taken once there was space",
    )


def _full_of_records(ledger: Ledger, morning: Morning, proxy: Proxy) -> None:
    before = len(morning.sent.refused)
    morning.gate.open_to(10**9)
    wait(lambda: len(morning.sent.refused) > before, 120, "an object is refused by a full outbox")
    waited, with_box = morning.box.waiting(), morning.sent.with_box
    ledger.say("full of records", f"refused from object {with_box} on, {waited} waited")
    proxy.set(Mode.PASS)


def _fill(ballast: Path, room: int = 0) -> None:
    """Take the free blocks of the disk, all but that many bytes."""
    with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while _free(ballast.parent) > room:
            file.write(bytes(_BALLAST_CHUNK))


def _free(folder: Path) -> int:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


@contextmanager
def _small_disk(folder: Path) -> Iterator[tuple[Path, str]]:
    """A disk of a few megabytes, or, without root, a limit of the outbox itself."""
    folder.mkdir()
    if os.geteuid() != 0:
        yield folder, f'\n[outbox]\nmax_size = "{_LIMIT}"\n'
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs", folder], check=True)
    try:
        yield folder, ""
    finally:
        subprocess.run(["umount", folder], check=True)
