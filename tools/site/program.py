"""One program of a site as a child process: started, waited for, killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

START_DEADLINE_S = 60.0
STOP_DEADLINE_S = 30.0


class SiteError(Exception):
    """A program of the site failed; the message carries the end of its log."""


def executable(name: str) -> str:
    """Path of an installed command, beside the running Python."""
    return str(Path(sys.executable).with_name(name))


def call(arguments: Sequence[str], *, env: Mapping[str, str] | None = None, text: str = "") -> str:
    """Run a command to its end and return its standard output; raises `SiteError`."""
    done = subprocess.run(
        arguments, input=text, capture_output=True, text=True, check=False, env=_environment(env)
    )
    if done.returncode != 0:
        raise SiteError(
            f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-4000:]}"
        )
    return done.stdout


def wait(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Poll until the condition gives something true, and return it; raises `SiteError`."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise SiteError(f"after {seconds:.0f} s still not: {what}")
        time.sleep(0.02)


class Program:
    """A long-running command that prints one JSON line `{"event": …}` once it is ready."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        log: Path,
        ready_event: str,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare the command; `start` runs it, as often as wanted."""
        self.arguments = list(arguments)
        self.log = log
        self.ready: dict[str, Any] = {}
        self._event = ready_event
        self._env = env
        self._process: subprocess.Popen[bytes] | None = None
        self._log_begins_at = 0

    @property
    def pid(self) -> int:
        """Process id of the running program."""
        if self._process is None:
            raise SiteError(f"{self.arguments[0]} is not running")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Start the program and wait until it says that it is ready."""
        self.spawn()
        self.wait_ready()
        return self

    def spawn(self) -> None:
        """Start the program without waiting for it."""
        with self.log.open("ab") as log:
            self._log_begins_at = log.tell()
            self._process = subprocess.Popen(
                self.arguments, stdout=log, stderr=log, env=_environment(self._env)
            )

    def wait_ready(self, seconds: float = START_DEADLINE_S) -> None:
        """Wait for the ready line; raises `SiteError` if the program ends instead."""
        self.ready = wait(self._ready_line, seconds, f"{self.arguments[0]} ready, see {self.log}")

    def _ready_line(self) -> dict[str, Any]:
        is_running = self.is_running  # asked before the log is read, so that no last line is missed
        with self.log.open("rb") as log:
            log.seek(self._log_begins_at)
            for line in log:
                if found := _event(line, self._event):
                    return found
        if not is_running:
            raise SiteError(f"{' '.join(self.arguments)} ended at once:\n{self.tail()}")
        return {}

    def tail(self, characters: int = 4000) -> str:
        """Return the end of the program's log."""
        return self.log.read_text(errors="replace")[-characters:] if self.log.exists() else ""

    def kill(self) -> None:
        """Kill the process at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask the process to end, and wait for it."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            self._process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise SiteError(f"{self.arguments[0]} did not stop in time:\n{self.tail()}") from None
        finally:
            self._process = None


def _event(line: bytes, name: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) and found.get("event") == name else {}


def _environment(extra: Mapping[str, str] | None) -> dict[str, str]:
    return {**os.environ, **(extra or {})}
