"""The thread of an MQTT client, ended while it ends."""

import threading

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from dosebook_protocol.paho_thread import end_thread


class EndingClient(paho.Client):
    """A client whose thread is there when it is looked for, and gone when it is joined."""

    looks = 0

    @property
    def _thread(self):
        self.looks += 1
        return threading.Thread() if self.looks == 1 else None

    @_thread.setter
    def _thread(self, thread):
        pass


def test_a_thread_that_ends_by_itself_just_then_is_no_fault():
    """A connection that the broker ends while it is closed is closed, and nothing is raised."""
    client = EndingClient(CallbackAPIVersion.VERSION2)
    end_thread(client)
    assert client.looks == 3, "paho looks at its thread otherwise than this test thinks"
