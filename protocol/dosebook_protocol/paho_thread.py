"""The end of an MQTT client's thread, which paho may look for just as it ends by itself."""

import contextlib
from typing import Protocol


class Looping(Protocol):
    """What is needed of `paho.mqtt.client.Client`."""

    def loop_stop(self) -> object:
        """Wait for the thread that `loop_start` began."""
        ...


def end_thread(client: Looping) -> None:
    """Wait until the thread of a client has ended, if it has not yet.

    `loop_stop` looks whether there is a thread, then joins it; a thread that ends in between has
    taken itself away (paho-mqtt 2.1), and there is nothing left to wait for.
    """
    with contextlib.suppress(AttributeError):
        client.loop_stop()
