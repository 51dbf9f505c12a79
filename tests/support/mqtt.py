"""A bare MQTT client for tests: it does what it is told and remembers what it heard."""

import queue
import ssl
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from dosebook_protocol.paho_thread import end_thread


class BareClient:
    """Connects once; every answer of the broker lands in a queue."""

    def __init__(
        self,
        port: int,
        client_id: str,
        context: ssl.SSLContext | None,
        *,
        v5: bool = False,
        clean: bool = True,
    ) -> None:
        protocol = MQTTProtocolVersion.MQTTv5 if v5 else MQTTProtocolVersion.MQTTv311
        options: dict[str, Any] = {} if v5 else {"clean_session": clean}
        self.paho = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=protocol, **options
        )
        if context is not None:
            self.paho.tls_set_context(context)
        self.connected: queue.Queue[ReasonCode] = queue.Queue()
        self.gone: queue.Queue[ReasonCode] = queue.Queue()
        self.granted: queue.Queue[list[ReasonCode]] = queue.Queue()
        self.acknowledged: queue.Queue[tuple[int, ReasonCode]] = queue.Queue()
        self.received: queue.Queue[tuple[str, bytes | bytearray]] = queue.Queue()
        self.paho.on_connect = lambda _c, _u, _f, reason, _p: self.connected.put(reason)
        self.paho.on_disconnect = lambda _c, _u, _f, reason, _p: self.gone.put(reason)
        self.paho.on_subscribe = lambda _c, _u, _m, reasons, _p: self.granted.put(reasons)
        self.paho.on_publish = lambda _c, _u, mid, reason, _p: self.acknowledged.put((mid, reason))
        self.paho.on_message = lambda _c, _u, message: self.received.put(
            (message.topic, message.payload)
        )
        self._port = port

    def connect(self) -> ReasonCode:
        """Connect and return the broker's answer; raises where TLS or TCP fails at once."""
        self.paho.connect("localhost", self._port, keepalive=30)
        self.paho.loop_start()
        return self.connected.get(timeout=10)

    def is_turned_away(self) -> bool:
        """Whether the broker ends the connection without a CONNACK."""
        self.paho.connect("localhost", self._port, keepalive=30)
        self.paho.loop_start()
        self.gone.get(timeout=10)
        return self.connected.empty()

    def subscribe(self, topic: str) -> ReasonCode:
        """Subscribe with QoS 1 and return what was granted."""
        self.paho.subscribe(topic, qos=1)
        return self.granted.get(timeout=10)[0]

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish with QoS 1."""
        self.paho.publish(topic, payload, qos=1, retain=retain)

    def close(self) -> None:
        """Disconnect and end the thread."""
        self.paho.disconnect()
        end_thread(self.paho)
