"""The registry's bounded intake."""

import threading

from dosebook_central.ingest.intake import Intake
from dosebook_central.ingest.verify import Incoming
from dosebook_protocol.topics import Channel, topic

RECORDS = topic("ct-1", Channel.RECORDS)
HEALTH = topic("ct-1", Channel.HEALTH)


def test_records_beyond_the_bounds_are_turned_away():
    """By number and by bytes; what is turned away gets no receipt and comes again."""
    intake = Intake(max_records=2, max_bytes=10)
    assert intake.put(Incoming(RECORDS, b"12345"))
    assert not intake.put(Incoming(RECORDS, b"123456"))
    assert intake.put(Incoming(RECORDS, b"12345"))
    assert not intake.put(Incoming(RECORDS, b""))
    assert intake.dropped == 2
    assert len(intake.batch(64, 0)) == 2
    assert intake.put(Incoming(RECORDS, b"1234567890"))


def test_health_is_taken_however_full_it_is():
    """A full intake still hears how boxes are, and hands that out first."""
    intake = Intake(max_records=1, max_bytes=10)
    intake.put(Incoming(RECORDS, b"1"))
    assert intake.put(Incoming(HEALTH, b"well"))
    assert [one.topic for one in intake.batch(64, 0)] == [HEALTH, RECORDS]


def test_a_batch_is_never_larger_than_asked():
    """Sixty-five records make two batches of sixty-four."""
    intake = Intake(max_records=100, max_bytes=1000)
    for _ in range(65):
        intake.put(Incoming(RECORDS, b"1"))
    assert len(intake.batch(64, 5)) == 64
    assert len(intake.batch(64, 0)) == 1


def test_closing_ends_the_waiting():
    """Whoever waits for a batch gets an empty one when the registry stops."""
    intake = Intake(1, 1)
    results = []
    waiting = threading.Thread(target=lambda: results.append(intake.batch(64, 1)))
    waiting.start()
    intake.close()
    waiting.join(5)
    assert results == [[]]
