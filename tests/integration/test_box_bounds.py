"""What a stranger on the modalities' network can make a DICOM source hold: a bounded amount."""

import contextlib
import socket
import struct
import threading

import pytest

from dosebook_edge.capture.dicom import bounds
from dosebook_edge.capture.dicom.associations import Refusals
from tests.support.box import DX_CLASS, association, image, listening
from tests.support.waiting import eventually

_VERIFICATION = "1.2.840.10008.1.1"
_MIB = 1024 * 1024


@pytest.fixture
def refusals():
    """The refusals of the source."""
    return Refusals()


def reasons(refusals):
    """What was refused, in words."""
    return [one.reason for one in refusals._new.values()]


def is_served(port):
    """Whether a modality can work with the source."""
    with association(port, _VERIFICATION) as assoc:
        return assoc.is_established and assoc.send_c_echo().Status == 0x0000


def test_a_pdu_of_any_length_is_not_read(outbox, refusals):
    """A stranger that announces 4 GB before any association is hung up on, and told in words."""
    with (
        listening(outbox, refusals) as source,
        socket.create_connection(("127.0.0.1", source.port), timeout=10) as stranger,
    ):
        stranger.sendall(struct.pack(">BBL", 1, 0, 0xFFFFFF00))
        with contextlib.suppress(OSError):  # a reset says it too
            assert stranger.recv(1) == b""
        assert eventually(lambda: reasons(refusals)) == [
            "a PDU of 4294967040 bytes, the limit is 4194304"
        ]
        assert is_served(source.port)


def test_a_message_without_end_is_not_gathered(outbox, refusals, monkeypatch):
    """An object beyond what the box's memory allows ends its association, and no other."""
    monkeypatch.setattr(bounds, "most_held", lambda: 2 * _MIB)
    with listening(outbox, refusals) as source, association(source.port, DX_CLASS) as assoc:
        with association(source.port, DX_CLASS) as other:
            assert other.send_c_store(image()).Status == 0x0000
            assert "Status" not in assoc.send_c_store(image(pixels=3 * _MIB))
            assert other.send_c_store(image(pixels=_MIB)).Status == 0x0000
            assert other.send_c_store(image(pixels=_MIB)).Status == 0x0000
        told = ["unfinished messages of more than 2 MiB: send smaller objects"]
        eventually(lambda: reasons(refusals) == told)
        assert is_served(source.port)


def test_connections_are_not_served_without_number(outbox, refusals):
    """Connections that say nothing cost threads: beyond a number they are closed at once."""
    before = threading.active_count()
    with (
        listening(outbox, refusals, max_associations=1) as source,
        contextlib.ExitStack() as strangers,
    ):
        for _ in range(40):
            strangers.enter_context(socket.create_connection(("127.0.0.1", source.port), 10))
        eventually(lambda: "too many connections at once" in reasons(refusals))
        eventually(lambda: refusals.count("ct") >= 36, what="all but four are closed")
        assert threading.active_count() - before < 40
        strangers.close()
        eventually(lambda: is_served(source.port))
