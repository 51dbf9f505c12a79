"""Programs of the site as real processes that start at once, and may die at a named point.

A program's imports are most of its start. Here they are done once, in a process that does nothing
else, and each start is a fork of it: what is killed is a whole process with files and sockets of
its own, as in the field, and a hundred kills take minutes in place of an hour.
"""

import contextlib
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

from tools.faults import crash
from tools.site.box import Box
from tools.site.program import Program
from tools.site.registry import Registry
from tools.terminal import ROOT

_COMMANDS: Final = {
    "box": (
        "dosebook_edge.cli.main",
        ("dosebook_edge.running", "dosebook_edge.capture.instruments"),
    ),
    "registry": ("dosebook_central.cli", ("dosebook_central.run",)),
}


class Child:
    """A forked program, seen as `subprocess.Popen` is."""

    def __init__(self, pid: int) -> None:
        """Hold on to a process that is not our own child."""
        self.pid = pid
        self._handle = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """Something once it has ended."""
        return 0 if select.select([self._handle], [], [], 0)[0] else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raises `subprocess.TimeoutExpired`."""
        if not select.select([self._handle], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        os.close(self._handle)
        return 0

    def send_signal(self, number: int) -> None:
        """Send a signal, if it still lives."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The process that forks programs; it and nothing of it outlives `close`."""

    def __init__(self) -> None:
        """Start it; the imports run while others work."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tools.faults.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fork(
        self,
        program: str,
        arguments: Sequence[str],
        log: Path,
        env: Mapping[str, str] | None,
        armed: tuple[str, int] | None,
    ) -> Child:
        """Start a program."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {
            "program": program,
            "arguments": list(arguments),
            "log": str(log),
            "env": dict(env or {}),
            "armed": armed,
        }
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        return Child(int(self._process.stdout.readline()))

    def close(self) -> None:
        """End it; the programs have been ended by whoever started them."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()


class Mortal(Program):
    """A program of the site that starts by a fork; `armed`, it dies at a point by itself."""

    program = ""
    nursery: Nursery
    armed: tuple[str, int] | None = None

    def spawn(self) -> None:
        """Start without waiting."""
        self.log.touch()
        self._log_begins_at = self.log.stat().st_size
        child: Any = self.nursery.fork(
            self.program, self.arguments[1:], self.log, self._env, self.armed
        )
        self._process = child


class MortalBox(Mortal, Box):
    """A box."""

    program = "box"


class MortalRegistry(Mortal, Registry):
    """A registry."""

    program = "registry"


def main() -> None:
    """Import, and then fork a program for each line."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children here
    for command, more in _COMMANDS.values():
        for name in (command, *more):
            importlib.import_module(name)
    for line in sys.stdin.buffer:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(order)
        print(pid, flush=True)


def _become(order: dict[str, Any]) -> None:
    """In the child: be the program, to its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.environ |= order["env"]
    sys.argv = [f"dosebook-{order['program']}", *order["arguments"]]
    status = 1
    try:
        if order["armed"]:
            point, call = order["armed"]
            crash.arm(crash.POINTS[point], call)
        importlib.import_module(_COMMANDS[order["program"]][0]).main()
    except SystemExit as end:
        status = int(end.code or 0)
    except BaseException:  # noqa: BLE001 - Python itself would print it, but here it does not end
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
