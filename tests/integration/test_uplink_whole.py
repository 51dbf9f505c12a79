"""The real outbox, uplink, built-in broker and ingest together, and what an intruder gets there."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dosebook_central.store.models import Exam, Quarantine, Record
from dosebook_central.store.queries.exams import get_source
from dosebook_central.web.provenance import prove
from dosebook_edge.outbox.model import Draft
from dosebook_edge.uplink.state import State
from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.reading import Outcome, Reading
from dosebook_protocol.record import SourceKind
from dosebook_protocol.topics import Channel, topic
from tests.support.delivery import record_message
from tests.support.fleet import tls
from tests.support.hospital import Hospital
from tests.support.mqtt import BareClient
from tests.support.waiting import eventually
from tools.bench.objects import ct_report


def draft(number):
    """A small record whose evidence no other has."""
    return Draft(
        source="test",
        source_kind=SourceKind.DICOM_STORE,
        captured_at=datetime.now(UTC),
        evidence=f"evidence {number}".encode(),
        media_type="application/octet-stream",
        transport={},
        reading=Reading(Outcome.NO_DOSE, "other", "test", sop_instance_uid=f"1.2.{number}"),
    )


@pytest.fixture
def hospital(tmp_path):
    hospital = Hospital(tmp_path)
    yield hospital
    hospital.close()


def test_the_ledger_of_box_and_registry_agree(hospital):
    """Every record of two real outboxes is committed once, and no box waits for anything."""
    outboxes = [hospital.box(box_id)[1] for box_id in ("ct-1", "ct-2")]
    for number in range(25):
        for outbox in outboxes:
            outbox.append(draft(number))
    eventually(lambda: all(one.status().waiting == 0 for one in outboxes), 30)
    assert hospital.count(Record) == 50


def test_an_intruder_with_a_good_certificate_gets_nothing_in(hospital):
    """Altered, foreign, replayed and senseless messages add no record, and disturb nobody."""
    honest, outbox, _ = hospital.box("ct-1")
    outbox.append(draft(1))
    eventually(lambda: outbox.status().waiting == 0)
    thief = hospital.fleet.enrol("ct-2")
    _, forged = record_message(thief.signer, "ct-1", 1)
    _, foreign = record_message(honest.signer, "ct-1", 9)
    _, own = record_message(thief.signer, "ct-2", 1)
    altered = bytearray(own)
    altered[len(own) // 3] ^= 1
    client = BareClient(hospital.port, "ct-2", tls(thief))
    try:
        client.connect()
        records = topic("ct-2", Channel.RECORDS)
        for message in (forged, foreign, bytes(altered), b"", b"\x82" * 500):
            client.publish(records, message)
        client.publish(records, own)
        client.publish(records, own)
        eventually(lambda: hospital.count(Quarantine) >= 4)
        outbox.append(draft(2))
        eventually(lambda: outbox.status().waiting == 0)
        eventually(lambda: hospital.count(Record) == 3)
    finally:
        client.close()


def test_a_revoked_box_delivers_nothing_more(hospital):
    """Revocation ends delivery; what the box captures later stays in its outbox."""
    _, outbox, uplink = hospital.box("ct-1")
    outbox.append(draft(1))
    eventually(lambda: outbox.status().waiting == 0)
    hospital.fleet.fleet.revoke("ct-1", "stolen")
    eventually(lambda: uplink.state is State.REFUSED)
    outbox.append(draft(2))
    _, other, _ = hospital.box("ct-2")
    other.append(draft(3))
    eventually(lambda: other.status().waiting == 0)
    assert outbox.status().waiting == 1
    assert hospital.count(Record) == 2


def test_a_box_that_comes_back_delivers_what_it_kept(hospital):
    """Revoked and enrolled again with a new key, a box loses nothing that it captured between.

    What it delivered before is proved by its key of then.
    """
    _, outbox, uplink = hospital.box("ct-1")
    report = read_object(ct_report())
    before = outbox.append(replace(draft(1), reading=report))
    eventually(lambda: outbox.status().waiting == 0)
    hospital.fleet.fleet.revoke("ct-1", "lent out")
    eventually(lambda: uplink.state is State.REFUSED)
    outbox.append(draft(2))
    hospital.fleet.enrol("ct-1", new_key=True)
    outbox.append(draft(3))
    eventually(lambda: outbox.status().waiting == 0, 30)
    assert hospital.count(Record) == 3
    assert hospital.count(Quarantine) == 0
    exam_id = hospital.one(Exam.id)
    with hospital.fleet.engine.connect() as connection:
        source = get_source(connection, exam_id, before.record_id)
    assert prove(source, report, hospital.evidence).signature.holds
