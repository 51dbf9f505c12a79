"""Wait for conditions, never for a length of time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(
    predicate: Callable[[], T], timeout: float = 15.0, *, what: str = "", every: float = 0.02
) -> T:
    """Return the first truthy result of `predicate`; fails once `timeout` seconds have passed."""
    end = time.monotonic() + timeout
    while True:
        result = predicate()
        if result:
            return result
        if time.monotonic() >= end:
            name = what or getattr(predicate, "__name__", "condition")
            raise AssertionError(f"after {timeout:g} s still not: {name} (last: {result!r})")
        time.sleep(every)
