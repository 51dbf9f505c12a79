"""A whole site for benches: registry, broker and boxes as the installed commands, mutual TLS."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dosebook_central.fleet.credentials import Credentials
from tests.support.fleet import shipped_configuration
from tests.support.mosquitto import MosquittoBroker
from tests.support.postgres import PostgresServer
from tools.bench.receivers import AE_TITLE, SOURCE
from tools.site.box import Box
from tools.site.ports import free_port
from tools.site.registry import HOST, Registry
from tools.terminal import ROOT

Kind = Literal["sqlite", "postgresql"]
"""SQLite and the built-in broker in one process, or PostgreSQL, as durable as it comes, and
Mosquitto in the shipped configuration."""


@dataclass(frozen=True, slots=True)
class Site:
    """A running registry, and where boxes find its broker."""

    folder: Path
    registry: Registry
    broker_port: int

    def enrolled(self, box_id: str) -> Box:
        """Make and enrol a box under its default settings; it is not started."""
        box = Box(self.folder / box_id, box_id, ((SOURCE, AE_TITLE),))
        self.registry.enrol(box)
        # The shipped Mosquitto takes boxes on another port than the registry.
        bundle = json.loads(box.config.with_name("bundle.json").read_text())
        bundle |= {"broker_host": HOST, "broker_port": self.broker_port}
        told = box.config.with_name("bundle-here.json")
        told.write_text(json.dumps(bundle))
        box.cli("identity", "install", str(told))
        return box


@contextmanager
def running_site(folder: Path, kind: Kind) -> Iterator[Site]:
    """Start everything; it ends with the context."""
    with ExitStack() as cleanup:
        url = ""
        registry_port, box_port = free_port(), free_port()
        if kind == "postgresql":
            server = PostgresServer(durable=True)
            cleanup.callback(server.remove)
            server.start()
            url = server.database()
        registry = Registry(folder, database_url=url, broker=(HOST, registry_port) if url else None)
        registry.cli("init")
        if kind == "postgresql":
            exported = folder / "exported"
            Credentials(registry.data_dir).export(exported)
            text = shipped_configuration(ROOT, exported, (box_port, registry_port))
            broker = MosquittoBroker(exported, text, registry_port)
            cleanup.callback(broker.stop)
            broker.start()
        else:
            box_port = int(registry.settings["DOSEBOOK_BROKER_PORT"])
        cleanup.callback(registry.stop)
        registry.start()
        yield Site(folder, registry, box_port)
