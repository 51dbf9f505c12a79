"""Has a request computed in a process of its own, with progress, a time limit and an end."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from tempfile import TemporaryDirectory
from typing import Any, Final

from dosebook_central.dosimetry.skin_dose.model import REQUEST, Request
from dosebook_central.dosimetry.skin_dose.result import Computed

ENGINE: Final = "pyskindose"
TIME_LIMIT_S: Final = 1800.0
_COMMAND: Final = (sys.executable, "-P", "-m", "dosebook_central.dosimetry.skin_dose.compute")


class ComputationError(Exception):
    """A computation ended without a result; the text says why and what to do."""


class StoppedError(Exception):
    """A computation was ended from outside; it can be begun again."""


def engine_version() -> str:
    """Return the engine's name and version, "" where it is not installed."""
    try:
        return f"{ENGINE} {version(ENGINE)}"
    except PackageNotFoundError:
        return ""


class Runner:
    """Runs one child at a time; `stop` ends it from any thread."""

    def __init__(self, time_limit_s: float = TIME_LIMIT_S) -> None:
        self._time_limit_s = time_limit_s
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def run(self, request: Request, tell: Callable[[int], bool]) -> Computed:
        """Return what was computed; `tell` hears of events done and answers whether to go on.

        Raises:
            ComputationError: the engine failed or took too long.
            StoppedError: `stop` was called, or `tell` said no.
        """
        with (
            TemporaryDirectory(prefix="dosebook-skin-dose-") as folder,
            self._child_in(folder) as (
                child,
                overdue,
            ),
        ):
            last = _converse(child, request, tell)
        if "rows" in last:
            return Computed(last["rows"], last["hitting"])
        if self._stopped.is_set() or "stopped" in last:
            raise StoppedError
        if overdue.is_set():
            raise ComputationError(f"not done after {self._time_limit_s:g} s: it was ended")
        reason = last.get("error") or f"its process ended with {child.returncode}"
        raise ComputationError(f"{ENGINE} failed: {reason}")

    def stop(self) -> None:
        """End the child that runs, and every later one at once."""
        self._stopped.set()
        with self._lock:
            if self._child is not None:
                self._child.kill()

    @contextmanager
    def _child_in(self, folder: str) -> Iterator[tuple[subprocess.Popen[bytes], threading.Event]]:
        """Start a child that is gone afterwards; the event tells that it took too long."""
        overdue = threading.Event()
        with subprocess.Popen(  # noqa: S603 - our own module in our own interpreter
            (*_COMMAND, folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as child:

            def end() -> None:
                overdue.set()
                child.kill()

            timer = threading.Timer(self._time_limit_s, end)
            timer.start()
            with self._lock:
                self._child = child
            try:
                if self._stopped.is_set():
                    child.kill()
                yield child, overdue
            finally:
                timer.cancel()
                timer.join()
                child.kill()
                with self._lock:
                    self._child = None


def _converse(
    child: subprocess.Popen[bytes], request: Request, tell: Callable[[int], bool]
) -> dict[str, Any]:
    """Hand the request over and listen until the child is done; returns its last line."""
    assert child.stdin is not None  # noqa: S101 - pipes, see above
    assert child.stdout is not None  # noqa: S101 - as above
    last: dict[str, Any] = {}
    with suppress(BrokenPipeError), child.stdin as channel:
        channel.write(REQUEST.dump_json(request))
    for line in child.stdout:
        try:
            last = json.loads(line)
        except ValueError:
            return {}  # cut off in the middle: the child was ended
        if "done" in last and not tell(last["done"]):
            return {"stopped": True}
    child.wait()
    return last
