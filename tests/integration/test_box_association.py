"""The loops and answers of an association: quick, quiet while nothing comes, and never mixed."""

import contextlib
import gc
import threading
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import evt, transport
from pynetdicom.dimse_messages import C_STORE_RSP
from pynetdicom.dimse_primitives import C_STORE

from dosebook_edge.capture.dicom.sending import order_messages, stored
from tests.support.box import (
    RDSR_CLASS,
    association,
    image,
    listening,
    with_meta,
)
from tests.support.waiting import eventually

VERIFICATION = "1.2.840.10008.1.1"
COMMITMENT = "1.2.840.10008.1.20.1"
COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"


@pytest.fixture
def source(outbox):
    """A listening source."""
    with listening(outbox) as one:
        yield one


def report():
    """A dose report without content."""
    dataset = Dataset()
    dataset.SOPClassUID = RDSR_CLASS
    dataset.SOPInstanceUID = generate_uid()
    return with_meta(dataset)


@pytest.mark.parametrize("instance", ["1.2.3", "1.2.34", "2." + "9" * 62])
@pytest.mark.parametrize("message_id", [1, 65535])
def test_answer_is_the_one_that_pynetdicom_writes(instance, message_id):
    """The answer "stored" has the bytes of pynetdicom's, UIDs of odd and even length alike."""
    primitive = C_STORE()
    primitive.MessageID = primitive.MessageIDBeingRespondedTo = message_id
    primitive.AffectedSOPClassUID = RDSR_CLASS
    primitive.AffectedSOPInstanceUID = instance
    primitive.Status = 0x0000
    message = C_STORE_RSP()
    message.primitive_to_message(primitive)
    (data,) = message.encode_msg(1, 16384)
    ((_, fragment),) = data.presentation_data_value_list
    assert b"\x03" + stored(message_id, RDSR_CLASS, instance) == fragment


def test_answer_fits_a_peer_with_small_pdus(source):
    """A peer that takes 64 bytes at a time gets its answer in as many pieces as that needs."""
    with association(source.port, RDSR_CLASS, max_pdu=64) as assoc:
        answer = assoc.send_c_store(report())
    assert answer.Status == 0x0000


def test_association_asks_its_socket_when_there_is_something(source, monkeypatch):
    """A box looks at its socket a few times for each object, not a thousand times a second."""
    asked = []
    was_ready = transport.AssociationSocket.ready.fget

    def ready(self):
        if self.assoc.is_acceptor:
            asked.append(1)
        return was_ready(self)

    with association(source.port, RDSR_CLASS) as assoc:
        assoc.send_c_store(report())
        monkeypatch.setattr(transport.AssociationSocket, "ready", property(ready))
        for _ in range(20):
            assert assoc.send_c_store(image(RDSR_CLASS)).Status == 0x0000
        looked = len(asked)
    assert 20 <= looked < 400


def test_wakers_are_closed_with_their_associations(source):
    """Associations that have ended leave no descriptor behind: a box lives for years."""

    def wakers():
        count = 0
        for link in Path("/proc/self/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                count += "eventfd" in str(link.readlink())
        return count

    gc.collect()
    before = wakers()
    gc.disable()
    try:
        for _ in range(5):
            with association(source.port, VERIFICATION) as assoc:
                assert assoc.send_c_echo().Status == 0x0000
            for thread in threading.enumerate():
                if thread.name.startswith("AcceptorThread"):
                    thread.join(10)
        assert wakers() == before
    finally:
        gc.enable()


def test_stop_ends_an_association_that_waits(outbox):
    """A source that stops aborts a peer that says nothing, at once and not after its timeout."""
    aborted = threading.Event()
    handlers = [(evt.EVT_ABORTED, lambda _: aborted.set())]
    with (
        listening(outbox) as source,
        association(source.port, VERIFICATION, evt_handlers=handlers) as assoc,
    ):
        assert assoc.send_c_echo().Status == 0x0000
        source.stop()
        assert aborted.wait(5)


def test_report_on_the_same_association_never_mixes_with_its_answer(source):
    """Twenty commitment requests in a row: each answer comes first, each report whole after it."""
    arrived = threading.Semaphore(0)

    def take(_event):
        arrived.release()
        return 0x0000, None

    sent = report()
    handlers = [(evt.EVT_CONN_OPEN, order_messages), (evt.EVT_N_EVENT_REPORT, take)]
    with association(source.port, RDSR_CLASS, COMMITMENT, evt_handlers=handlers) as assoc:
        assert assoc.send_c_store(sent).Status == 0x0000
        for _ in range(20):
            assert ask_for_commitment(assoc, sent) == 0x0000
            assert arrived.acquire(timeout=10)


def test_next_object_may_cross_the_report_of_the_last(source, caplog):
    """A modality that sends on before it has answered the report loses neither of them."""
    may_answer = threading.Event()

    def take(_event):
        assert may_answer.wait(10)
        return 0x0000, None

    caplog.set_level("INFO", logger="dosebook_edge")
    sent = report()
    handlers = [(evt.EVT_CONN_OPEN, order_messages), (evt.EVT_N_EVENT_REPORT, take)]
    with association(source.port, RDSR_CLASS, COMMITMENT, evt_handlers=handlers) as assoc:
        assert assoc.send_c_store(sent).Status == 0x0000
        assert ask_for_commitment(assoc, sent) == 0x0000
        assert assoc.send_c_store(report()).Status == 0x0000
        may_answer.set()
        eventually(lambda: "commitment_reported" in caplog.messages)
        assert assoc.send_c_store(report()).Status == 0x0000


def ask_for_commitment(assoc, sent):
    """Ask whether an object is stored; returns the status of the answer."""
    item = Dataset()
    item.ReferencedSOPClassUID = RDSR_CLASS
    item.ReferencedSOPInstanceUID = sent.SOPInstanceUID
    request = Dataset()
    request.TransactionUID = generate_uid()
    request.ReferencedSOPSequence = [item]
    status, _ = assoc.send_n_action(request, 1, COMMITMENT, COMMITMENT_INSTANCE)
    return status.Status
