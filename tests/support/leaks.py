"""Find what a test left behind: threads and child processes."""

import threading
from pathlib import Path

# Threads that belong to the test tools.
_TOOLS = ("execnet", "pytest_timeout", "pytest-timeout")


def threads() -> set[threading.Thread]:
    """Threads alive now, without those of the test tools."""
    return {one for one in threading.enumerate() if not one.name.startswith(_TOOLS)}


def children() -> set[int]:
    """Process ids of direct children of this process, ended ones not yet waited for included."""
    found: set[int] = set()
    for task in Path("/proc/self/task").glob("*/children"):
        try:
            found.update(map(int, task.read_text().split()))
        except OSError:
            continue
    return found
