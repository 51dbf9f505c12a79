"""A registry's credentials and enrolled boxes, as the product itself makes them."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, create_engine

from dosebook_central.fleet.credentials import Credentials
from dosebook_central.fleet.enrol import Fleet
from dosebook_central.store.models import Base
from dosebook_edge.identity import identity as identities
from dosebook_edge.identity.identity import Identity


@dataclass
class FleetUnderTest:
    """A registry in a folder; `enrol` makes boxes that trust it."""

    data_dir: Path
    engine: Engine
    broker_host: str = "localhost"
    broker_port: int = 8883

    @classmethod
    def create(cls, folder: Path) -> "FleetUnderTest":
        """Make the authority, the signing key and an empty database."""
        Credentials.create(folder)
        engine = create_engine(f"sqlite:///{folder / 'registry.db'}")
        Base.metadata.create_all(engine)
        return cls(folder, engine)

    @property
    def fleet(self) -> Fleet:
        """The commands about boxes."""
        return Fleet(self, "test")

    @property
    def credentials(self) -> Credentials:
        """The registry's keys and certificates."""
        return Credentials(self.data_dir)

    def enrol(self, box_id: str, *, new_key: bool = False) -> Identity:
        """Make a box with a key and have it enrolled; with a new key when it was revoked."""
        folder = self.identity_dir(box_id)
        bundle = self.fleet.add(box_id, identities.request(folder, box_id, new_key=new_key))
        return identities.install(folder, bundle.model_dump_json().encode())

    def identity_dir(self, box_id: str) -> Path:
        """Where that box keeps its identity."""
        return self.data_dir / "boxes" / box_id


def tls(identity: Identity) -> ssl.SSLContext:
    """A fresh TLS context of an enrolled box."""
    assert identity.enrolled is not None
    return identity.enrolled.ssl_context()


def shipped_configuration(repository: Path, exported: Path, ports: tuple[int, int]) -> str:
    """The shipped Mosquitto configuration, with a test's ports and folders for the site's."""
    folder = repository / "firmware-config" / "mosquitto"
    text = (folder / "dosebook.conf").read_text()
    for shipped_port, port in zip((8883, 8884), ports, strict=True):
        assert f"listener {shipped_port}\n" in text
        text = text.replace(f"listener {shipped_port}\n", f"listener {port} 127.0.0.1\n")
    text = text.replace("/etc/mosquitto/dosebook.acl", str(folder / "acl"))
    return text.replace("/etc/mosquitto/dosebook/", f"{exported}/")
