"""A registry with its broker in this process, and boxes that join it."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from dosebook_central.broker.embedded import BrokerSettings, EmbeddedBroker
from dosebook_central.ingest.evidence import EvidenceFolder
from dosebook_central.ingest.pipeline import Ingest
from dosebook_central.ingest.subscriber import Subscriber, SubscriberSettings
from dosebook_edge.identity.identity import Identity
from dosebook_edge.outbox.store import Outbox
from dosebook_edge.uplink.settings import UplinkSettings
from dosebook_edge.uplink.uplink import Uplink
from tests.support.fleet import FleetUnderTest


@dataclass
class SignerInForce:
    """Signs with what a folder holds now, as a running box does after each enrolment."""

    folder: Path

    def sign(self, payload):
        return Identity.load(self.folder).signer.sign(payload)


class Hospital:
    """A running registry with its broker; boxes join it."""

    def __init__(self, folder):
        self.folder = folder
        self.fleet = FleetUnderTest.create(folder / "registry")
        credentials = self.fleet.credentials
        broker = EmbeddedBroker(BrokerSettings.of(credentials, "127.0.0.1", 0))
        broker.start()
        self.fleet.broker_port = self.port = broker.port
        self.evidence = EvidenceFolder(folder / "evidence")
        self.ingest = Ingest(self.fleet.engine, self.evidence)
        settings = SubscriberSettings(host="localhost", port=broker.port)
        subscriber = Subscriber(
            settings, credentials.client_context, credentials.signer, self.ingest.answer
        )
        subscriber.start()
        self.ends = [self.fleet.engine.dispose, broker.stop, subscriber.stop]
        assert subscriber.wait_listening(15)

    def box(self, box_id):
        """A box with a real outbox and an uplink."""
        identity = self.fleet.enrol(box_id)
        folder = self.folder / box_id
        folder.mkdir()
        outbox = Outbox(folder, box_id, SignerInForce(self.fleet.identity_dir(box_id)))
        settings = UplinkSettings(
            desired_config=folder / "desired.json", backoff_first_s=0.05, backoff_limit_s=0.2
        )
        uplink = Uplink(lambda: Identity.load(self.fleet.identity_dir(box_id)), outbox, settings)
        uplink.start()
        self.ends += [outbox.close, uplink.stop]
        return identity, outbox, uplink

    def count(self, model):
        """How many rows a table has."""
        with self.fleet.engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(model))

    def one(self, column, *conditions):
        """The one value of a column, None where there is no such row."""
        with self.fleet.engine.connect() as connection:
            return connection.scalar(select(column).where(*conditions))

    def close(self):
        for end in reversed(self.ends):
            end()
