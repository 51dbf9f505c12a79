"""Objects taken per second over C-STORE by a running box, against DCMTK's storescp.

Same files, same sender (DCMTK storescu), in turns; the box answers after its commit, storescp after
closing a file that it never syncs. `cstore-N` is DCMTK as it comes. DCMTK as it comes leaves
Nagle's algorithm on, which costs it more time than all work, so `cstore-nodelay-N` gives sender and
storescp TCP_NODELAY=1: what storescp can do at best.
"""

import statistics
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools.bench.measure import scratch
from tools.bench.objects import ct_report, write_variants
from tools.bench.receivers import (
    NO_NAGLE,
    SOURCE,
    running_box,
    running_storescp,
    send,
)
from tools.bench.row import Row

AIM = ">= 3"
REPEATS = 3
EACH = 60


def bench_cstore() -> Iterator[Row]:
    """DCMTK as it comes."""
    yield from _rows("cstore", {}, "DCMTK storescp, sender storescu, both as they come", AIM)


def bench_cstore_nodelay() -> Iterator[Row]:
    """DCMTK with TCP_NODELAY=1 at both ends."""
    against = "DCMTK storescp, sender storescu, both with TCP_NODELAY=1; no aim: aim is above"
    yield from _rows("cstore-nodelay", NO_NAGLE, against, "")


def _rows(name: str, environment: Mapping[str, str], against: str, aim: str) -> Iterator[Row]:
    with (
        scratch() as folder,
        running_box(folder / "box") as box,
        running_storescp(folder / "storescp", environment) as reference,
    ):
        send(box.port(SOURCE), [_files(folder / "warm-up", 5)])
        for associations in (1, 4):
            ours: list[float] = []
            theirs: list[float] = []
            for turn in range(REPEATS):
                # The box knows what it has taken before, so each turn sends other objects.
                parts = [
                    _files(folder / f"{associations}-{turn}-{part}", EACH)
                    for part in range(associations)
                ]
                ours.append(send(box.port(SOURCE), parts, environment))
                theirs.append(send(reference, parts, environment))
            count = EACH * associations
            yield Row(
                f"{name}-{associations}",
                count / statistics.median(ours),
                "1/s",
                reference=count / statistics.median(theirs),
                against=against,
                aim=aim,
            )


def _files(folder: Path, count: int) -> Path:
    write_variants(folder, ct_report(), count, folder.name)
    return folder
