"""A real Mosquitto broker, with whatever configuration a test gives it."""

import os
import subprocess
from contextlib import closing
from pathlib import Path

from tests.support.network import accepts
from tests.support.programs import need_program
from tests.support.waiting import eventually
from tools.site.ports import free_port


class MosquittoBroker:
    """One broker process on a loopback port; `kill` and `start` again as often as a test wants."""

    def __init__(self, folder: Path, config: str | None = None, port: int | None = None) -> None:
        """Prepare a broker; without `config` it is plain TCP, open to all on loopback.

        Args:
            folder: where its configuration and log go.
            config: text of mosquitto.conf; it must listen on `port` at 127.0.0.1.
            port: port to wait for; a free one by default.
        """
        self._program = need_program("mosquitto", "mosquitto")
        self.port = free_port() if port is None else port
        self.log = folder / "mosquitto.log"
        self._file = folder / "mosquitto.conf"
        text = config or f"listener {self.port} 127.0.0.1\nallow_anonymous true\n"
        # Started as root by hand it would become its own user, who cannot read a test's folder.
        if os.geteuid() == 0 and not any(line.startswith("user ") for line in text.splitlines()):
            text += "\nuser root\n"
        self._file.write_text(text)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the broker and wait until it accepts connections."""
        with closing(self.log.open("ab")) as log:
            self._process = subprocess.Popen(
                [self._program, "-c", self._file], stdout=log, stderr=log, cwd=self._file.parent
            )
        eventually(self._listens, what="Mosquitto listens")

    def stop(self) -> None:
        """Stop the broker in an orderly way; nothing happens if it is not running."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def kill(self) -> None:
        """Kill the broker at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def reload(self) -> None:
        """Make it read its ACL and configuration anew (SIGHUP)."""
        assert self._process is not None, "the broker is not running"
        self._process.send_signal(1)

    def _listens(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise AssertionError(f"mosquitto ended at once: {self.log.read_text()}")
        return accepts(self.port)
