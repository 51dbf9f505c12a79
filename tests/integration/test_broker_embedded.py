"""The built-in broker lets in whom it should, to what it should, and nobody else."""

import asyncio
import contextlib
import itertools
import queue
import socket
import ssl
import threading

import pytest

from dosebook_central.broker import hardened
from dosebook_central.broker.embedded import BrokerError, BrokerSettings, EmbeddedBroker
from dosebook_protocol.topics import Channel, topic
from tests.support.fleet import FleetUnderTest, tls
from tests.support.mqtt import BareClient
from tests.support.waiting import eventually


@pytest.fixture
def registry(tmp_path):
    return FleetUnderTest.create(tmp_path / "registry")


@pytest.fixture
def broker(registry):
    broker = EmbeddedBroker(BrokerSettings.of(registry.credentials, "127.0.0.1", 0))
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def connect(broker):
    """Make connected bare clients: `connect(client_id, context)`; all end with the test."""
    clients = []

    def make(client_id, context, **options):
        client = BareClient(broker.port, client_id, context, **options)
        clients.append(client)
        assert client.connect() == 0
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def listener(registry, connect):
    """The registry, listening to all records."""
    client = connect("registry", registry.credentials.client_context())
    assert client.subscribe("dosebook/v1/+/+/records").value == 1
    return client


def test_a_record_reaches_the_registry_and_a_receipt_comes_back(registry, connect, listener):
    """A box publishes on its topic and hears what the registry answers on its own."""
    box = connect("ct-1", tls(registry.enrol("ct-1")))
    assert box.subscribe(topic("ct-1", Channel.RECEIPTS)).value == 1
    box.publish(topic("ct-1", Channel.RECORDS), b"dose")
    assert listener.received.get(timeout=10) == (topic("ct-1", Channel.RECORDS), b"dose")
    listener.publish(topic("ct-1", Channel.RECEIPTS), b"stored")
    assert box.received.get(timeout=10) == (topic("ct-1", Channel.RECEIPTS), b"stored")


def ends_at_once(port, context):
    """Whether the broker ends a TLS connection without a word of MQTT."""
    with socket.create_connection(("localhost", port), timeout=10) as plain:
        try:
            with context.wrap_socket(plain, server_hostname="localhost") as encrypted:
                return encrypted.recv(1) == b""
        except (ssl.SSLError, ConnectionResetError):
            return True


@contextlib.contextmanager
def encrypted_to(port, context):
    """A TLS connection to the broker on which nothing was said yet."""
    with (
        socket.create_connection(("localhost", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as encrypted,
    ):
        yield encrypted


def has_ended(encrypted):
    """Whether the broker has ended a connection by now."""
    encrypted.setblocking(False)
    try:
        return encrypted.recv(1) == b""
    except ssl.SSLWantReadError:
        return False
    except OSError:
        return True


def test_a_client_without_certificate_is_refused(registry, broker):
    """TLS without a client certificate ends before any MQTT packet is answered."""
    authority = registry.credentials.authority.certificate_path
    assert ends_at_once(broker.port, ssl.create_default_context(cafile=authority))


def test_tls_1_2_is_refused(registry, broker):
    """Only TLS 1.3 is spoken."""
    context = tls(registry.enrol("ct-1"))
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert ends_at_once(broker.port, context)


def test_a_certificate_of_another_authority_is_refused(tmp_path, registry, broker):
    """A box of another registry cannot even open an MQTT session."""
    context = tls(FleetUnderTest.create(tmp_path / "other").enrol("ct-1"))
    context.load_verify_locations(registry.credentials.authority.certificate_path)
    assert ends_at_once(broker.port, context)


def test_a_box_revoked_before_it_connects_is_refused(registry, broker):
    """CONNACK says not authorised to a revoked certificate."""
    context = tls(registry.enrol("ct-1"))
    registry.fleet.revoke("ct-1", "stolen")
    client = BareClient(broker.port, "ct-1", context)
    try:
        assert client.connect().is_failure
    finally:
        client.close()


def test_a_connected_box_is_cut_off_when_it_is_revoked(registry, connect):
    """Revocation ends a session that is open, well within a minute."""
    box = connect("ct-1", tls(registry.enrol("ct-1")))
    registry.fleet.revoke("ct-1", "stolen")
    assert box.gone.get(timeout=10).is_failure


def test_a_box_that_writes_to_another_boxs_topic_is_cut_off(registry, connect, listener):
    """Nothing arrives from box A on box B's topic, and A loses its connection."""
    registry.enrol("ct-2")
    intruder = connect("ct-1", tls(registry.enrol("ct-1")))
    intruder.publish(topic("ct-2", Channel.RECORDS), b"forged")
    assert intruder.gone.get(timeout=10).is_failure
    with pytest.raises(queue.Empty):
        listener.received.get(timeout=0.3)


@pytest.mark.parametrize(
    "wanted",
    ["#", "dosebook/v1/+/+/records", "dosebook/v1/+/+/receipts", topic("ct-2", Channel.RECEIPTS)],
)
def test_a_box_cannot_listen_to_others(registry, connect, wanted):
    """A subscription outside a box's own receipts and configuration is refused."""
    box = connect("ct-1", tls(registry.enrol("ct-1")))
    assert box.subscribe(wanted).is_failure


def test_a_box_cannot_take_another_boxs_session(registry, broker, connect):
    """A client id that is not the certificate's name is refused, and its owner stays connected."""
    victim = connect("ct-2", tls(registry.enrol("ct-2")), clean=False)
    thief = BareClient(broker.port, "ct-2", tls(registry.enrol("ct-1")), clean=False)
    try:
        assert thief.is_turned_away()
    finally:
        thief.close()
    assert victim.subscribe(topic("ct-2", Channel.CONFIG)).value == 1


def test_a_will_is_refused(registry, broker):
    """A will would be published past the topic rights, so nobody may leave one."""
    client = BareClient(broker.port, "ct-1", tls(registry.enrol("ct-1")))
    client.paho.will_set(topic("ct-2", Channel.RECORDS), b"forged", qos=1)
    try:
        assert client.is_turned_away()
    finally:
        client.close()


def test_nothing_is_retained(registry, connect):
    """A retained record does not wait for later subscribers: the outbox is the only queue."""
    box = connect("ct-1", tls(registry.enrol("ct-1")))
    box.publish(topic("ct-1", Channel.RECORDS), b"old", retain=True)
    assert box.acknowledged.get(timeout=10)
    late = connect("registry/2", registry.credentials.client_context())
    late.subscribe("dosebook/v1/+/+/records")
    box.publish(topic("ct-1", Channel.RECORDS), b"new")
    assert late.received.get(timeout=10)[1] == b"new"


def test_a_packet_over_the_limit_ends_the_connection(registry, broker, listener):
    """A length beyond the largest record message is not read, and others are not disturbed."""
    with encrypted_to(broker.port, tls(registry.enrol("ct-1"))) as encrypted:
        connect = b"\x00\x04MQTT\x04\x02\x00\x3c\x00\x04ct-1"
        encrypted.sendall(b"\x10" + bytes((len(connect),)) + connect)
        assert encrypted.recv(4) == b"\x20\x02\x00\x00"
        encrypted.sendall(b"\x32\xff\xff\xff\x7f\x00\x01a\x00\x01" + bytes(100))
        assert encrypted.recv(1) == b""
    assert listener.subscribe("dosebook/v1/+/+/health").value == 1


def test_a_box_that_acknowledges_nothing_holds_up_nobody(registry, connect, listener):
    """A box may let any number of receipts lie; what the others send arrives all the same."""
    deaf = connect("ct-1", tls(registry.enrol("ct-1")))
    deaf.paho.manual_ack_set(True)
    deaf.subscribe(topic("ct-1", Channel.RECEIPTS))
    for _ in range(300):
        listener.publish(topic("ct-1", Channel.RECEIPTS), b"stored")
    for _ in range(300):
        listener.acknowledged.get(timeout=10)
    other = connect("ct-2", tls(registry.enrol("ct-2")))
    other.publish(topic("ct-2", Channel.RECORDS), b"dose")
    assert listener.received.get(timeout=10)[1] == b"dose"


def held_at(monkeypatch, method, first):
    """Hold the broker in a method at its n-th call: events of being there and of going on."""
    there, go_on, gone = threading.Event(), threading.Event(), threading.Event()
    original = getattr(hardened.HardenedBroker, method)
    calls = itertools.count(1)

    async def held(*arguments):
        if next(calls) != first:
            return await original(*arguments)
        there.set()
        await asyncio.to_thread(go_on.wait, 10)
        result = await original(*arguments)
        gone.set()
        return result

    monkeypatch.setattr(hardened.HardenedBroker, method, held)
    return there, go_on, gone


def hears(box, listener):
    """Whether what the registry says reaches a box."""
    listener.publish(topic("ct-1", Channel.RECEIPTS), b"stored")
    return box.received.get(timeout=10)[1] == b"stored"


def test_a_box_hears_though_its_former_connection_is_still_being_forgotten(
    registry, connect, listener, monkeypatch
):
    """What the broker forgets of an ended connection is not what the next one asked for."""
    context = tls(registry.enrol("ct-1"))
    # A connection's handler is stopped as it ends, and again as the connection is forgotten.
    there, go_on, gone = held_at(monkeypatch, "_stop_handler", 2)
    former = connect("ct-1", context)
    former.subscribe(topic("ct-1", Channel.RECEIPTS))
    former.close()
    assert there.wait(10)
    box = connect("ct-1", context)
    assert box.subscribe(topic("ct-1", Channel.RECEIPTS)).value == 1
    go_on.set()
    assert gone.wait(10)
    assert hears(box, listener)


def test_a_box_hears_though_its_former_connection_subscribes_late(
    registry, connect, listener, monkeypatch
):
    """A subscription that the broker comes to only after its connection ended is no one's."""
    context = tls(registry.enrol("ct-1"))
    there, go_on, gone = held_at(monkeypatch, "_handle_subscription", 1)
    former = connect("ct-1", context)
    former.paho.subscribe(topic("ct-1", Channel.RECEIPTS), qos=1)
    assert there.wait(10)
    former.close()
    box = connect("ct-1", context)
    go_on.set()
    assert gone.wait(10)
    assert box.subscribe(topic("ct-1", Channel.RECEIPTS)).value == 1
    assert hears(box, listener)


def test_a_box_takes_no_more_places_than_it_needs(registry, broker, connect):
    """One box can neither be many clients, nor hold connections on which it says nothing."""
    context = tls(registry.enrol("ct-1"))
    many = BareClient(broker.port, "ct-1/2", context)
    try:
        assert many.is_turned_away()
    finally:
        many.close()
    with contextlib.ExitStack() as silent:
        kept = [silent.enter_context(encrypted_to(broker.port, context)) for _ in range(5)]
        eventually(lambda: any(map(has_ended, kept)), timeout=5)  # each may be silent for 10 s


def test_a_silent_client_without_keep_alive_is_dropped(registry, broker, monkeypatch):
    """Keep-alive 0, for ever in MQTT, is as long here as the longest that is taken."""
    monkeypatch.setattr(hardened, "_MAX_KEEP_ALIVE_S", 1)
    with encrypted_to(broker.port, tls(registry.enrol("ct-1"))) as encrypted:
        connect = b"\x00\x04MQTT\x04\x02\x00\x00\x00\x04ct-1"
        encrypted.sendall(b"\x10" + bytes((len(connect),)) + connect)
        assert encrypted.recv(4) == b"\x20\x02\x00\x00"
        assert encrypted.recv(1) == b""


def test_a_port_in_use_is_told(registry, broker):
    """A broker that cannot listen says where and why, and leaves no thread behind."""
    second = EmbeddedBroker(BrokerSettings.of(registry.credentials, "127.0.0.1", broker.port))
    before = threading.active_count()
    with pytest.raises(BrokerError, match=f"cannot listen on 127.0.0.1:{broker.port}"):
        second.start()
    eventually(lambda: threading.active_count() == before)
