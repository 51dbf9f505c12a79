"""Records travel from an outbox to a registry over both brokers, and come again until receipted."""

import errno
import os
import secrets
from datetime import UTC, datetime

import pytest

from dosebook_central.broker.embedded import BrokerSettings, EmbeddedBroker
from dosebook_central.ingest.receipts import sign_answer
from dosebook_central.ingest.subscriber import Subscriber, SubscriberSettings
from dosebook_edge.identity import identity as identities
from dosebook_edge.identity.identity import Identity
from dosebook_edge.uplink import session
from dosebook_edge.uplink.settings import UplinkSettings
from dosebook_edge.uplink.state import State
from dosebook_edge.uplink.uplink import Uplink
from dosebook_protocol.logs import JsonFormatter
from dosebook_protocol.record import (
    BoxConfig,
    Clock,
    Health,
    Receipt,
    Receipts,
    ReceiptStatus,
)
from dosebook_protocol.topics import Channel, topic
from dosebook_protocol.wire import encode_config
from tests.support.delivery import MemoryOutbox, RememberingRegistry
from tests.support.fleet import FleetUnderTest, shipped_configuration
from tests.support.mqtt import BareClient
from tests.support.waiting import eventually
from tools.site.ports import free_port


class World:
    """One broker, one registry, any number of boxes."""

    def __init__(self, fleet, start_broker, stop_broker, ports, folder, exported):
        self.fleet = fleet
        self.exported = exported
        self.start_broker = start_broker
        self.stop_broker = stop_broker
        self.box_port, self.registry_port = ports
        self.folder = folder
        self.registry = RememberingRegistry()
        self.running = []

    def subscriber(self, **options):
        """Start the registry's ear and wait until it listens."""
        credentials = self.fleet.credentials
        settings = SubscriberSettings(host="localhost", port=self.registry_port, **options)
        one = Subscriber(settings, credentials.client_context, credentials.signer, self.registry)
        one.start()
        self.running.append(one)
        assert one.wait_listening(15)
        return one

    def box(self, box_id, outbox, health=None, **options):
        """Start an uplink of an enrolled box."""
        folder = self.fleet.identity_dir(box_id)
        defaults = {"backoff_first_s": 0.05, "backoff_limit_s": 0.2, "receipt_timeout_s": 5.0}
        settings = UplinkSettings(
            desired_config=self.folder / f"{box_id}.config.json", **(defaults | options)
        )
        one = Uplink(lambda: Identity.load(folder), outbox, settings, health)
        one.start()
        self.running.append(one)
        return one

    def registry_client(self):
        """The registry as a bare client, to say what the product would not."""
        context = self.fleet.credentials.client_context()
        return BareClient(self.registry_port, "registry/bare", context)

    def take_revocations(self):
        """Do what docs/operate/brokers.md says after a revocation."""
        if self.exported is not None:
            self.fleet.credentials.export(self.exported)
            self.stop_broker()
            self.start_broker()

    def end(self):
        for one in self.running:
            one.stop()
        self.stop_broker()


@pytest.fixture(params=["embedded", "mosquitto"])
def world(request, tmp_path, repository):
    """A world on either broker."""
    fleet = FleetUnderTest.create(tmp_path / "registry")
    if request.param == "embedded":
        port = free_port()
        broker = EmbeddedBroker(BrokerSettings.of(fleet.credentials, "127.0.0.1", port))
        broker.start()
        ports, exported = (port, port), None
    else:
        ports, exported = (free_port(), free_port()), tmp_path / "exported"
        fleet.credentials.export(exported)
        text = shipped_configuration(repository, exported, ports)
        broker = request.getfixturevalue("mosquitto")(text, ports[1])
    fleet.broker_port = ports[0]
    world = World(fleet, broker.start, broker.stop, ports, tmp_path, exported)
    yield world
    world.end()


def test_every_record_is_delivered_once_and_acknowledged(world):
    """A hundred records of two boxes end in the registry, and both outboxes empty."""
    world.subscriber()
    outboxes = {}
    for box_id in ("ct-1", "ct-2"):
        identity = world.fleet.enrol(box_id)
        outboxes[box_id] = outbox = MemoryOutbox()
        for _ in range(40):
            outbox.append(identity.signer, box_id)
        world.box(box_id, outbox)
        for _ in range(10):
            outbox.append(identity.signer, box_id)
    eventually(lambda: not any(one.waiting for one in outboxes.values()))
    assert len(world.registry.stored) == 100
    assert set(world.registry.stored.values()) == {1}


def test_records_wait_for_a_registry_that_listens_later(world):
    """With nobody subscribed nothing counts as delivered; all of it arrives once somebody is."""
    identity = world.fleet.enrol("ct-1")
    outbox = MemoryOutbox()
    for _ in range(5):
        outbox.append(identity.signer, "ct-1")
    uplink = world.box("ct-1", outbox, receipt_timeout_s=0.5)
    # The built-in broker hangs up on a box that nobody listens to, Mosquitto says so.
    eventually(lambda: uplink.state is State.READY or uplink.status().last_failure)
    assert len(outbox.waiting) == 5
    world.subscriber()
    eventually(lambda: not outbox.waiting)


def test_a_full_disk_at_the_registry_gives_no_receipt_and_says_why(world, caplog):
    """What cannot be written is not receipted: it waits at the box, and the log names the cause."""
    remembering, full = world.registry, True

    def registry(batch):
        if full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return remembering(batch)

    world.registry = registry
    world.subscriber()
    outbox = MemoryOutbox()
    outbox.append(world.fleet.enrol("ct-1").signer, "ct-1")
    world.box("ct-1", outbox, receipt_timeout_s=0.5)
    said = "evidence cannot be written: No space left on device"
    eventually(lambda: any(said in JsonFormatter().format(one) for one in caplog.records))
    assert outbox.waiting
    full = False
    eventually(lambda: not outbox.waiting)
    assert set(remembering.stored.values()) == {1}


def test_records_survive_the_broker_going_away(world):
    """A broker that ends and comes back costs only time; both sides reconnect by themselves."""
    subscriber = world.subscriber()
    identity = world.fleet.enrol("ct-1")
    outbox = MemoryOutbox()
    uplink = world.box("ct-1", outbox)
    outbox.append(identity.signer, "ct-1")
    eventually(lambda: not outbox.waiting)
    world.stop_broker()
    eventually(lambda: uplink.state is not State.READY and not subscriber.is_listening)
    outbox.append(identity.signer, "ct-1")
    world.start_broker()
    eventually(lambda: not outbox.waiting, 30)


def test_a_record_without_receipt_does_not_hold_up_the_others(world):
    """A poison record is sent again and again, and everything behind it is delivered meanwhile."""
    world.subscriber()
    identity = world.fleet.enrol("ct-1")
    outbox = MemoryOutbox()
    poison = outbox.append(identity.signer, "ct-1")
    world.registry.poison.add(poison.record_id)
    for _ in range(30):
        outbox.append(identity.signer, "ct-1")
    uplink = world.box("ct-1", outbox, window_records=4, receipt_timeout_s=0.2)
    eventually(lambda: list(outbox.waiting) == [poison.sequence])
    eventually(lambda: uplink.status().aside == 1)
    world.registry.poison.clear()
    eventually(lambda: not outbox.waiting)


def test_what_waits_again_is_sent_although_another_record_gets_no_receipt(world, monkeypatch):
    """One record that the registry cannot take does not keep back what it asks for again."""
    monkeypatch.setattr(session, "_LONGEST_WAIT_S", 0.3)
    world.subscriber()
    identity = world.fleet.enrol("ct-1")
    outbox = MemoryOutbox()
    records = [outbox.append(identity.signer, "ct-1") for _ in range(5)]
    world.registry.poison.add(records[0].record_id)
    world.box("ct-1", outbox, receipt_timeout_s=0.2, longest_timeout_s=60)
    eventually(lambda: list(outbox.waiting) == [1])
    with outbox.changed:
        outbox.waiting[3] = records[2]  # as a replay does
    eventually(lambda: world.registry.stored[records[2].record_id] == 2)


def test_a_receipt_that_the_registry_did_not_sign_empties_nothing(world):
    """Receipts by another key, for another box or as another signer are ignored."""
    identity = world.fleet.enrol("ct-1")
    other = world.fleet.enrol("ct-2")
    outbox = MemoryOutbox()
    waiting = outbox.append(identity.signer, "ct-1")
    world.registry.poison.add(waiting.record_id)
    world.subscriber()
    uplink = world.box("ct-1", outbox)
    eventually(lambda: uplink.state is State.READY)
    receipt = Receipt(record_id=waiting.record_id, sequence=1, status=ReceiptStatus.STORED)

    def receipts(box_id):
        return Receipts(box_id=box_id, committed_at=datetime.now(UTC), receipts=(receipt,))

    real = world.fleet.credentials.signer
    own_topic = topic("ct-1", Channel.RECEIPTS)
    client = world.registry_client()
    try:
        client.connect()
        client.publish(own_topic, sign_answer(other.signer, receipts("ct-1")).payload)
        client.publish(own_topic, sign_answer(real, receipts("ct-2")).payload)
        forged = bytearray(sign_answer(real, receipts("ct-1")).payload)
        forged[-1] ^= 1
        client.publish(own_topic, bytes(forged))
        client.publish(own_topic, secrets.token_bytes(200))
        assert not outbox.acknowledged
        client.publish(own_topic, sign_answer(real, receipts("ct-1")).payload)
        eventually(lambda: not outbox.waiting)
    finally:
        client.close()
    assert len(outbox.acknowledged) == 1


def test_a_signed_configuration_becomes_the_desired_state(world):
    """A box keeps what its registry signed, and a replayed older revision changes nothing."""
    world.fleet.enrol("ct-1")
    uplink = world.box("ct-1", MemoryOutbox())
    eventually(lambda: uplink.state is State.READY)
    signer = world.fleet.credentials.signer
    kept = world.folder / "ct-1.config.json"

    def send(client, revision):
        config = BoxConfig(
            box_id="ct-1",
            revision=revision,
            issued_at=datetime.now(UTC),
            settings={"a.b": revision},
        )
        client.publish(topic("ct-1", Channel.CONFIG), signer.sign(encode_config(config)))

    def revision():
        return BoxConfig.model_validate_json(kept.read_bytes()).revision if kept.exists() else 0

    client = world.registry_client()
    try:
        client.connect()
        send(client, 2)
        eventually(lambda: revision() == 2)
        send(client, 1)
        send(client, 3)
        eventually(lambda: revision() == 3)
    finally:
        client.close()


def a_health():
    """A box's word on itself."""
    now = datetime.now(UTC)
    return Health(
        box_id="ct-1",
        at=now,
        box_version="0",
        reader_version="1",
        started_at=now,
        clock=Clock(),
        outbox_waiting=0,
        outbox_last_sequence=0,
        outbox_acknowledged_sequence=0,
        disk_used_percent=1.5,
        disk_free_bytes=1,
        certificate_days_left=700,
        uplink_state="ready",
    )


def test_health_reaches_the_registry(world):
    """A box tells how it is as soon as it is connected."""
    world.subscriber()
    world.fleet.enrol("ct-1")
    world.box("ct-1", MemoryOutbox(), a_health)
    eventually(lambda: world.registry.health)


def test_health_that_nobody_heard_is_said_again_once_somebody_listens(world, caplog):
    """A registry back from a backup hears at once of what it lacks, not a minute later."""
    world.fleet.enrol("ct-1")
    uplink = world.box("ct-1", MemoryOutbox(), a_health)
    # The built-in broker hangs up on a box that nobody listens to, Mosquitto says so.
    eventually(lambda: "registry_not_listening" in caplog.text or uplink.status().last_failure)
    world.subscriber()
    eventually(lambda: world.registry.health)


def test_a_revoked_box_is_refused_and_keeps_its_records(world):
    """Revocation shows as refused, apart from network trouble, and the outbox stays as it is."""
    identity = world.fleet.enrol("ct-1")
    outbox = MemoryOutbox()
    uplink = world.box("ct-1", outbox)
    eventually(lambda: uplink.state is State.READY)
    world.fleet.fleet.revoke("ct-1", "stolen")
    world.take_revocations()
    eventually(lambda: uplink.state is State.REFUSED)
    outbox.append(identity.signer, "ct-1")
    assert len(outbox.waiting) == 1


def test_an_enrolment_takes_effect_without_a_restart(world):
    """A box that captures before it is enrolled delivers as soon as its bundle is installed."""
    world.subscriber()
    folder = world.fleet.identity_dir("ct-1")
    identity = Identity.load_or_create(folder, "ct-1")
    outbox = MemoryOutbox()
    outbox.append(identity.signer, "ct-1")
    uplink = world.box("ct-1", outbox, unenrolled_every_s=0.05)
    eventually(lambda: "not enrolled" in uplink.status().detail)
    assert uplink.state is State.IDLE
    bundle = world.fleet.fleet.add("ct-1", identities.request(folder, "ct-1"))
    identities.install(folder, bundle.model_dump_json().encode())
    eventually(lambda: not outbox.waiting)
