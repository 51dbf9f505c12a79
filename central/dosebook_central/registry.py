"""One registry on disk: its configuration, database, evidence and keys, opened when needed.

What is not needed is not imported either: `dosebook-registry --help` should not take seconds.
"""

import os
import secrets
import socket
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dosebook_central import config
from dosebook_protocol.durable import write_durably

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from dosebook_central.derivation.engine import Observer
    from dosebook_central.derivation.worker import Worker
    from dosebook_central.fleet.credentials import Credentials
    from dosebook_central.imports.importer import Importer
    from dosebook_central.ingest.evidence import EvidenceFolder
    from dosebook_central.ingest.pipeline import Ingest
    from dosebook_central.store.writer import Writer

DISTRIBUTION: Final = "dosebook-central"
_SESSION_KEY: Final = "session.key"


class RegistryError(Exception):
    """The registry cannot be opened; the text says which command helps."""


class Registry:
    """Everything that the commands share. Nothing is opened before it is asked for."""

    def __init__(self, data_dir: Path, environment: Mapping[str, str] = os.environ) -> None:
        self.data_dir = data_dir
        self._environment = environment

    @cached_property
    def config(self) -> config.Config:
        """The configuration; raises `ConfigError`."""
        return config.load(self.data_dir, self._environment)

    @cached_property
    def engine(self) -> "Engine":
        """The database, at the present version; raises `RegistryError` where it is not."""
        from dosebook_central.store import migrate

        engine = self.engine_of_any_version
        found = migrate.current(engine)
        if found != migrate.head():
            what = "has no tables" if found is None else f"is at version {found}"
            raise RegistryError(
                f"the database {what}, this program needs {migrate.head()}: "
                f"run dosebook-registry --data {self.data_dir} db upgrade"
            )
        return engine

    @cached_property
    def engine_of_any_version(self) -> "Engine":
        """The database whatever its version, for `db upgrade`."""
        from dosebook_central.store.engine import open_engine

        self._need_data_dir()
        url = self.config.text("database.url")
        return open_engine(url or self.data_dir.resolve() / "registry.db")

    @cached_property
    def evidence(self) -> "EvidenceFolder":
        """The evidence store."""
        from dosebook_central.ingest.evidence import EvidenceFolder

        folder = self.config.text("evidence.folder")
        return EvidenceFolder(Path(folder) if folder else self.data_dir / "evidence")

    @cached_property
    def credentials(self) -> "Credentials":
        """The registry's keys and certificates; raises `FleetError`."""
        from dosebook_central.fleet.credentials import Credentials

        self._need_data_dir()
        return Credentials(self.data_dir)

    @cached_property
    def ingest(self) -> "Ingest":
        """The way in."""
        from dosebook_central.ingest.pipeline import Ingest

        return Ingest(
            self.engine, self.evidence, writer=self.writer, committed=self.derivation.wake
        )

    @cached_property
    def writer(self) -> "Writer":
        """Write transactions of this process."""
        from dosebook_central.store.writer import Writer

        return Writer(self.engine)

    @cached_property
    def derivation(self) -> "Worker":
        """Derives doses in the background once it is started."""
        from dosebook_central.derivation.rules import RulesInForce
        from dosebook_central.derivation.worker import Worker

        return Worker(self.writer, RulesInForce(), self.observers)

    @property
    def observers(self) -> "tuple[Observer, ...]":
        """Who is told of derived exams, in the transaction of their doses."""
        from dosebook_central.alerting.judging import Judging
        from dosebook_central.derivation.skin_peaks import shown_peaks
        from dosebook_central.procedures.look import NameKeeper
        from dosebook_central.same_exams.look import observe
        from dosebook_central.store.library_cache import LibraryCache

        # The peaks stand before the rules look at them.
        where = (self.config.text(f"registry.{name}") for name in ("country", "subdivision"))
        return (NameKeeper(LibraryCache().current), shown_peaks, Judging(*where), observe)

    @cached_property
    def importer(self) -> "Importer":
        """Imports files as box `registry`."""
        from dosebook_central.imports.importer import Importer

        return Importer(
            self.engine, self.ingest, self.credentials.signer, self.data_dir, self.version
        )

    @property
    def version(self) -> str:
        """The product's version."""
        return version(DISTRIBUTION)

    @property
    def broker_host(self) -> str:
        """Where boxes find the broker."""
        names = self.config.texts("broker.names")
        return names[0] if names else self.config.text("broker.host") or socket.gethostname()

    @property
    def broker_port(self) -> int:
        """On which port; of a running built-in broker the one that it listens on."""
        return self.config.number("broker.port")

    @property
    def session_secret(self) -> bytes:
        """The key that signs sessions; made once."""
        path = self.data_dir / "keys" / _SESSION_KEY
        if not path.exists():
            write_durably(path, secrets.token_bytes(32), 0o600)
        return path.read_bytes()

    def create(self) -> None:
        """Make a new registry: keys, certificates, configuration, database."""
        from dosebook_central.fleet.credentials import Credentials
        from dosebook_central.store import migrate

        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir.chmod(0o700)
        path = self.data_dir / config.FILE_NAME
        if not path.exists():
            write_durably(path, config.template().encode(), 0o640)
        hosts = (*self.config.texts("broker.names"), socket.gethostname())
        Credentials.create(self.data_dir, hosts)
        migrate.upgrade(self.engine_of_any_version)
        self.adopt_sets()

    def close_to_others(self) -> None:
        """Let only owner and group into the folder: database and evidence name patients."""
        mode = stat.S_IMODE(self.data_dir.stat().st_mode)
        if mode & 0o007:
            self.data_dir.chmod(mode & ~0o007)

    def adopt_sets(self) -> None:
        """Adopt the coefficient sets of this program that the registry does not have yet."""
        from dosebook_central.coefficients.adopt import adopt_shipped

        adopt_shipped(self.engine, self.credentials.signer, datetime.now(UTC))

    def _need_data_dir(self) -> None:
        if not self.data_dir.is_dir():
            raise RegistryError(
                f"{self.data_dir} is no registry: make one with "
                f"dosebook-registry --data {self.data_dir} init"
            )
