"""The site under fault: registry, broker, database and box as real processes on loopback."""

from contextlib import ExitStack
from pathlib import Path
from typing import Final, Literal, Self

from sqlalchemy import Engine

from dosebook_central import registry as central
from dosebook_central.fleet.credentials import Credentials
from dosebook_central.fleet.enrol import Fleet
from dosebook_central.ingest.evidence import EvidenceFolder
from dosebook_central.store.engine import open_engine
from dosebook_edge.identity import identity as identities
from tests.support.fleet import shipped_configuration
from tests.support.mosquitto import MosquittoBroker
from tests.support.postgres import PostgresServer
from tools.faults.nursery import MortalBox, MortalRegistry, Nursery
from tools.site.box import Box
from tools.site.ports import free_port
from tools.site.program import wait
from tools.site.registry import HOST
from tools.terminal import ROOT

Kind = Literal["embedded", "servers"]
"""SQLite and the built-in broker in one process, or PostgreSQL and Mosquitto."""

BOX: Final = "faults-1"
SOURCE: Final = "ct"
AE_TITLE: Final = "CT_BOX"
# A hospital's patience in seconds for minutes: the same ways, in less time.
_QUICK: Final = """
[uplink]
resend_after = "3s"
keepalive = "3s"
longest_backoff = "2s"

[health]
interval = "2s"
"""


class Stack:
    """Registry and broker; boxes are added to it. `close` ends everything that it started."""

    def __init__(self, folder: Path, kind: Kind) -> None:
        """Make registry and broker in an empty folder, and start them."""
        self.folder = folder
        self.kind: Kind = kind
        self._cleanup = ExitStack()
        self.broker: MosquittoBroker | None = None
        self.exported = folder / "exported"
        self.nursery = self._cleanup.enter_context(Nursery())
        try:
            self.registry, url = self._servers() if kind == "servers" else self._alone()
            self.registry.nursery = self.nursery
            self._central().create()
            self.box_port = self._broker_for_boxes()
            self._cleanup.callback(self.registry.stop)
            self.registry.start()
        except BaseException:
            self._cleanup.close()
            raise
        self.engine: Engine = open_engine(url or self.registry.data_dir / "registry.db")
        self._cleanup.callback(self.engine.dispose)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def evidence(self) -> EvidenceFolder:
        """The registry's evidence store."""
        return EvidenceFolder(self.registry.data_dir / "evidence")

    @property
    def credentials(self) -> Credentials:
        """The registry's keys: what an insider would have, too."""
        return Credentials(self.registry.data_dir)

    def add_box(
        self,
        box_id: str = BOX,
        *,
        port: int | None = None,
        data_dir: Path | None = None,
        settings: str = "",
    ) -> MortalBox:
        """Make and enrol a box that finds its broker at `port`; it ends with the stack."""
        box = MortalBox(
            self.folder / box_id,
            box_id,
            ((SOURCE, AE_TITLE),),
            data_dir=data_dir,
            settings=_QUICK + settings,
        )
        box.nursery = self.nursery
        identity = box.data_dir / "identity"
        bundle = Fleet(self._central(), "faults").add(box_id, identities.request(identity, box_id))
        # A box may be told another way to the broker than the registry knows.
        there = {"broker_host": HOST, "broker_port": port or self.box_port}
        identities.install(identity, bundle.model_copy(update=there).model_dump_json().encode())
        self._cleanup.callback(box.stop)
        return box

    def revoke(self, box_id: str) -> None:
        """Revoke a box, and tell the broker as docs/operate/brokers.md says."""
        Fleet(self._central(), "faults").revoke(box_id, "stolen")
        if self.broker is not None:
            self.credentials.export(self.exported)
            self.broker.stop()
            self.broker.start()

    def close(self) -> None:
        """End everything."""
        self._cleanup.close()

    def _central(self) -> central.Registry:
        """The registry's own code on its folder, for what a person would do with its commands."""
        return central.Registry(self.registry.data_dir, self.registry.settings)

    def _alone(self) -> tuple[MortalRegistry, str]:
        return MortalRegistry(self.folder), ""

    def _servers(self) -> tuple[MortalRegistry, str]:
        server = PostgresServer()
        self._cleanup.callback(server.remove)
        server.start()
        url = server.database()
        return MortalRegistry(self.folder, database_url=url, broker=(HOST, free_port())), url

    def _broker_for_boxes(self) -> int:
        """Start Mosquitto, if that is the broker; its port for boxes."""
        registry_port = int(self.registry.settings["DOSEBOOK_BROKER_PORT"])
        if self.kind == "embedded":
            return registry_port
        box_port = free_port()
        self.credentials.export(self.exported)
        text = shipped_configuration(ROOT, self.exported, (box_port, registry_port))
        (self.folder / "mosquitto").mkdir()
        self.broker = MosquittoBroker(self.folder / "mosquitto", text, box_port)
        self.broker.start()
        self._cleanup.callback(self.broker.stop)
        return box_port


def drain(box: Box, seconds: float) -> None:
    """Wait until every record of a box has its receipt."""
    wait(lambda: box.waiting() == 0, seconds, f"{box.box_id} has all receipts\n{box.tail(2000)}")
