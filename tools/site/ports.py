"""Loopback ports that stay free until somebody listens on them."""

import os
import random
import re
import socket
from collections.abc import Iterator
from itertools import cycle

# Below the range that the kernel gives to outgoing connections, so that none of those takes a port
# between asking for it and listening on it; a share of it for each parallel worker, and never the
# same port twice in a row.
_FIRST, _SHARE, _WORKERS = 12_000, 2_000, 10


def _candidates() -> Iterator[int]:
    worker = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0) % _WORKERS
    # Not the shared generator, which the tests seed: two runs side by side would meet.
    start = random.SystemRandom().randrange(_SHARE)
    first = _FIRST + worker * _SHARE
    return cycle([first + (start + step) % _SHARE for step in range(_SHARE)])


_ports = _candidates()


def free_port() -> int:
    """Return a loopback TCP port that nobody listens on at this moment."""
    while True:
        port = next(_ports)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
