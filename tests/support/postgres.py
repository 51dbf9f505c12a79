"""A real PostgreSQL server of the tests' own: one per worker, one database per test."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import psycopg2

from tests.support.programs import need_program
from tests.support.waiting import eventually
from tools.site.ports import free_port

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "50",
    "shared_buffers": "64MB",
}
_NOT_DURABLE = {
    # The server is thrown away with the session. What the product promises about PostgreSQL's
    # durability is PostgreSQL's own; tests kill clients, and the server only by SIGKILL, which
    # the page cache survives.
    "fsync": "off",
    "full_page_writes": "off",
}


class PostgresServer:
    """A server in a temporary folder; `database()` makes an empty database and gives its URL."""

    def __init__(self, *, durable: bool = False) -> None:
        """Prepare a server; a `durable` one syncs each commit to disk, as on a site."""
        self._settings = _SETTINGS if durable else _SETTINGS | _NOT_DURABLE
        self._initdb = need_program("initdb", "postgresql")
        self._postgres = need_program("postgres", "postgresql")
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="dosebook-pg-"))
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Make the cluster if there is none, start it and wait until it answers."""
        self._folder.chmod(0o755)
        data = self._folder / "data"
        if not data.exists():
            data.mkdir(mode=0o700)
            if os.geteuid() == 0:
                account = _unprivileged()
                for path in (self._folder, data):
                    os.chown(path, account.pw_uid, account.pw_gid)
            command = f"{self._initdb} -D {data} -U dosebook -A trust --no-sync -E UTF8"
            subprocess.run(
                [*command.split(), "--locale=C.UTF-8"],
                check=True,
                capture_output=True,
                cwd=self._folder,
                **_identity(),
            )
        options = [f"-c{key}={value}" for key, value in self._settings.items()]
        command = f"{self._postgres} -D {data} -p {self.port} -k {self._folder}"
        with closing((self._folder / "log").open("ab")) as log:
            self._process = subprocess.Popen(
                [*command.split(), *options],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                **_identity(),
            )
        eventually(self._answers, 30, what="PostgreSQL answers")

    def stop(self, *, hard: bool = False) -> None:
        """Stop the server: fast shutdown, or as a power cut would."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGQUIT if hard else signal.SIGINT)
        self._process.wait(20)
        self._process = None

    def remove(self) -> None:
        """Stop the server and delete its folder."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def database(self) -> str:
        """Return the SQLAlchemy URL of a new empty database."""
        name = f"test_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE template0")
        return f"postgresql+psycopg2://dosebook@127.0.0.1:{self.port}/{name}"

    def drop(self, url: str) -> None:
        """Delete a database that `database` made, whoever is connected to it."""
        self._execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with closing(self._connect()) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)

    def _connect(self) -> Any:
        return psycopg2.connect(
            host="127.0.0.1", port=self.port, user="dosebook", dbname="postgres"
        )

    def _answers(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise AssertionError((self._folder / "log").read_text(errors="replace"))
        try:
            self._connect().close()
        except psycopg2.OperationalError:
            return False
        return True


def _unprivileged() -> pwd.struct_passwd:
    """The account that PostgreSQL runs as where the tests are root: it refuses to be root."""
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _identity() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    account = _unprivileged()
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
