"""A whole site for system tests: Mosquitto as shipped, a registry on PostgreSQL, real boxes."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from dosebook_central.store.engine import open_engine
from dosebook_edge.outbox.schema import connect
from dosebook_edge.outbox.store import DATABASE
from tests.support.fleet import shipped_configuration
from tests.support.mosquitto import MosquittoBroker
from tests.support.waiting import eventually
from tools.site.box import Box
from tools.site.ports import free_port
from tools.site.registry import HOST, Registry

DELIVERY_DEADLINE_S = 60.0


@dataclass
class Site:
    """What runs; `engine` looks into the registry's database."""

    registry: Registry
    boxes: tuple[Box, ...]
    engine: Engine
    broker: MosquittoBroker | None = None

    @property
    def box(self) -> Box:
        """The first box."""
        return self.boxes[0]

    def wait_delivered(self) -> int:
        """Wait for a receipt for all that the boxes stored; returns how many records there are."""
        return sum(wait_delivered(box) for box in self.boxes)


def wait_delivered(box: Box, records: int = 1) -> int:
    """Wait until a box has at least that many records and a receipt for each; returns how many."""
    eventually(
        lambda: (ledger := in_outbox(box)).total() >= records and not ledger["waiting"],
        DELIVERY_DEADLINE_S,
        what=f"the outbox of {box.box_id} is empty",
    )
    return in_outbox(box).total()


def in_outbox(box: Box) -> Counter[str]:
    """How many records of each status are in the outbox, of a running box or a stopped one.

    From its database, at this moment: the status file of a box is a second old.
    """
    with closing(connect(box.data_dir / DATABASE, read_only=True)) as connection:
        return Counter(status for (status,) in connection.execute("SELECT status FROM record"))


@contextmanager
def embedded_site(folder: Path, boxes: Iterable[Box]) -> Iterator[Site]:
    """A site of the default kind: SQLite and the built-in broker."""
    registry = Registry(folder / "central")
    registry.cli("init")
    engine = open_engine(registry.data_dir / "registry.db")
    site = Site(registry, tuple(boxes), engine)
    for box in site.boxes:
        registry.enrol(box)
    with _running(site):
        yield site


@contextmanager
def hospital_site(
    folder: Path,
    boxes: Iterable[Box],
    database_url: str,
    repository: Path,
    log_level: str = "info",
) -> Iterator[Site]:
    """A site of the large kind: PostgreSQL, and Mosquitto with the shipped configuration."""
    ports = (free_port(), free_port())
    registry = Registry(folder / "central", database_url=database_url, broker=(HOST, ports[0]))
    registry.settings["DOSEBOOK_BROKER_REGISTRY_PORT"] = str(ports[1])
    registry.settings["DOSEBOOK_LOG_LEVEL"] = log_level
    registry.cli("init")
    exported = folder / "exported"
    registry.cli("broker", "export", str(exported), "--host", HOST)
    # Its listeners open in order: wait for the second.
    broker = MosquittoBroker(folder, shipped_configuration(repository, exported, ports), ports[1])
    site = Site(registry, tuple(boxes), open_engine(database_url), broker)
    for box in site.boxes:
        registry.enrol(box)
    broker.start()
    try:
        with _running(site):
            yield site
    finally:
        broker.stop()


@contextmanager
def _running(site: Site) -> Iterator[None]:
    with ExitStack() as stack:
        stack.callback(site.engine.dispose)
        for program in (site.registry, *site.boxes):
            stack.callback(program.stop)
        site.registry.start()
        for box in site.boxes:
            box.spawn()
        for box in site.boxes:
            box.wait_ready()
        yield
