"""Mosquitto with the shipped configuration keeps the same rules as the built-in broker."""

import queue
import socket
import ssl

import pytest

from dosebook_protocol.topics import Channel, topic
from tests.support.fleet import FleetUnderTest, shipped_configuration, tls
from tests.support.mqtt import BareClient
from tools.site.ports import free_port

NO_SUBSCRIBERS = 16
NOT_AUTHORISED = 135


@pytest.fixture
def registry(tmp_path):
    return FleetUnderTest.create(tmp_path / "registry")


@pytest.fixture
def broker(registry, mosquitto, repository, tmp_path):
    """Mosquitto as a site runs it; `.box_port` is for boxes, `.registry_port` for the registry."""
    exported = tmp_path / "exported"
    registry.credentials.export(exported)
    ports = (free_port(), free_port())
    text = shipped_configuration(repository, exported, ports)
    started = mosquitto(text, ports[1])  # its listeners open in order: wait for the second
    started.box_port, started.registry_port = ports
    started.exported = exported
    return started


@pytest.fixture
def connect(broker):
    """Make connected MQTT 5 clients; all end with the test."""
    clients = []

    def make(client_id, context, port=None, **options):
        client = BareClient(port or broker.box_port, client_id, context, v5=True, **options)
        clients.append(client)
        assert client.connect() == 0
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def listener(registry, broker, connect):
    """The registry, listening to all records."""
    client = connect("registry/1", registry.credentials.client_context(), broker.registry_port)
    assert client.subscribe("dosebook/v1/+/+/records").value == 1
    return client


def handshake_error(port, context):
    """What TLS says; fails where the broker lets the client in."""
    with socket.create_connection(("localhost", port), timeout=10) as plain:
        try:
            with context.wrap_socket(plain, server_hostname="localhost") as encrypted:
                encrypted.recv(1)
        except ssl.SSLError as error:
            return str(error)
    return "no error"


def test_a_record_reaches_the_registry_and_a_receipt_comes_back(registry, connect, listener):
    """A box publishes on its topic and hears what the registry answers on its own."""
    box = connect("ct-1", tls(registry.enrol("ct-1")))
    box.subscribe(topic("ct-1", Channel.RECEIPTS))
    box.publish(topic("ct-1", Channel.RECORDS), b"dose")
    assert listener.received.get(timeout=10) == (topic("ct-1", Channel.RECORDS), b"dose")
    listener.publish(topic("ct-1", Channel.RECEIPTS), b"stored")
    assert box.received.get(timeout=10) == (topic("ct-1", Channel.RECEIPTS), b"stored")


def test_a_client_without_certificate_is_refused(registry, broker):
    """TLS without a client certificate is refused."""
    authority = registry.credentials.authority.certificate_path
    context = ssl.create_default_context(cafile=authority)
    assert "CERTIFICATE_REQUIRED" in handshake_error(broker.box_port, context)


def test_tls_1_2_is_refused(registry, broker):
    """Only TLS 1.3 is spoken."""
    context = tls(registry.enrol("ct-1"))
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert "PROTOCOL_VERSION" in handshake_error(broker.box_port, context)


def test_a_revoked_certificate_is_refused_once_the_list_is_there(registry, broker):
    """After `broker export` and a restart a revoked box is refused by name of the reason."""
    context = tls(registry.enrol("ct-1"))
    registry.fleet.revoke("ct-1", "stolen")
    registry.credentials.export(broker.exported)
    broker.stop()
    broker.start()
    assert "REVOKED" in handshake_error(broker.box_port, context)


def test_a_box_that_writes_to_another_boxs_topic_is_told_135(registry, connect, listener):
    """MQTT 5 says not authorised, and nothing arrives."""
    intruder = connect("ct-1", tls(registry.enrol("ct-1")))
    intruder.publish(topic("ct-2", Channel.RECORDS), b"forged")
    assert intruder.acknowledged.get(timeout=10)[1].value == NOT_AUTHORISED
    with pytest.raises(queue.Empty):
        listener.received.get(timeout=0.3)


def test_nothing_is_retained(registry, broker, connect):
    """A retained record is refused: a box could else fill the broker, topic after topic."""
    box = connect("ct-1", tls(registry.enrol("ct-1")))
    box.publish("dosebook/v1/any-number/ct-1/records", b"kept", retain=True)
    box.gone.get(timeout=10)
    late = connect("registry/2", registry.credentials.client_context(), broker.registry_port)
    late.subscribe("dosebook/v1/+/+/records")
    late.publish(topic("registry", Channel.RECORDS), b"new")
    assert late.received.get(timeout=10)[1] == b"new"


def test_nobody_listening_is_told_16(registry, connect):
    """A success that stores nothing: the reason says that nobody subscribed."""
    box = connect("ct-1", tls(registry.enrol("ct-1")))
    box.publish(topic("ct-1", Channel.RECORDS), b"dose")
    assert box.acknowledged.get(timeout=10)[1].value == NO_SUBSCRIBERS


def test_a_box_hears_nothing_of_others(registry, connect, listener):
    """Whatever a box subscribes to, only its own receipts and configuration arrive."""
    box = connect("ct-1", tls(registry.enrol("ct-1")))
    for wanted in ("#", "dosebook/v1/+/+/receipts", topic("ct-2", Channel.RECEIPTS)):
        box.subscribe(wanted)
    listener.publish(topic("ct-2", Channel.RECEIPTS), b"not yours")
    listener.publish(topic("ct-1", Channel.RECEIPTS), b"yours")
    assert box.received.get(timeout=10)[1] == b"yours"


def test_a_box_cannot_take_another_boxs_client_id(registry, connect):
    """The client id is the certificate's name whatever the client says, so nobody is cut off."""
    victim = connect("ct-2", tls(registry.enrol("ct-2")))
    connect("ct-2", tls(registry.enrol("ct-1")))
    victim.subscribe(topic("ct-2", Channel.CONFIG))
    assert victim.gone.empty()
