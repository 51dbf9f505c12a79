"""From signed messages to committed exams, on both engines."""

import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import TimeoutError as NoConnectionError

from dosebook_central.ingest.pipeline import Ingest
from dosebook_central.ingest.quarantine import StrangerLimit
from dosebook_central.ingest.recompute import Recomputer
from dosebook_central.ingest.replay import Quarantines
from dosebook_central.ingest.verify import Incoming
from dosebook_central.store.engine import writing
from dosebook_central.store.models import (
    Box,
    Event,
    Exam,
    LinkKey,
    Patient,
    Quarantine,
    Reading,
    Record,
)
from dosebook_central.store.queries.boxes import list_boxes
from dosebook_central.store.writer import LostRaceError
from dosebook_protocol.reading import EventKind, Outcome
from dosebook_protocol.record import Clock, Health
from dosebook_protocol.topics import Channel, topic
from dosebook_protocol.wire import encode_health
from tests.support.readings import PATIENT, event, reading, total
from tests.support.registry import NOW, RegistryUnderTest, SigningBox

XR = EventKind.PROJECTION


def ct(number: int = 1, uids: str = "ab", **fields):
    """A CT report of one study."""
    events = [event(f"{number}.{uid}", dlp=10, ctdi_vol=5, phantom="32cm") for uid in uids]
    return reading(
        uid=f"1.{number}.{len(uids)}",
        study=f"9.{number}",
        created=f"2026-03-02T10:0{len(uids)}:00",
        events=events,
        totals=[total("dlp", 10 * len(uids))],
        **fields,
    )


def rf(number: int = 1, count: int = 24):
    """A fluoroscopy report with many events."""
    events = [
        event(
            f"{number}.{index}", XR, f"2026-03-02T10:00:{index:02}", dose_area_product=1, dose_rp=2
        )
        for index in range(count)
    ]
    totals = [total("dose_area_product", count), total("dose_rp", 2 * count)]
    return reading(
        "rdsr-projection", uid=f"1.{number}", study=f"9.{number}", events=events, totals=totals
    )


def test_record_becomes_an_exam_with_its_receipt(registry, box):
    """A signed record is evidence, record, reading, patient, exam, events and a receipt."""
    message = box.message(b"report", ct())
    (receipt,) = registry.receipts(message)
    assert receipt.status == "stored"
    assert registry.rows(Exam.dlp_mgy_cm, Exam.event_count, Exam.modality) == [(20, 2, "CT")]
    assert registry.rows(Patient.identifier, Patient.issuer) == [("4711", "CHU")]
    assert len(registry.events()) == 2
    (digest,) = registry.rows(Record.evidence_sha256)[0]
    assert registry.evidence.get(digest) == b"report"
    ((seen,),) = registry.rows(Box.last_record_at)
    assert seen is not None


def test_same_record_again_changes_nothing_and_gets_a_receipt(registry, box):
    """A record that comes again, in one batch or later, is committed once."""
    message = box.message(b"report", ct())
    assert registry.statuses(message, message) == ["stored", "duplicate"]
    before = registry.everything()
    assert registry.statuses(message) == ["duplicate"]
    assert registry.everything() == before
    assert registry.rows(func.count(Record.id)) == [(1,)]


def test_p06_same_evidence_in_another_record_keeps_the_ledger_and_adds_no_dose(registry, box):
    """P6: re-sent objects get a record of their own, so that no sequence misses, and no dose."""
    other = registry.add(SigningBox("box-2"))
    first, again = box.message(b"report", ct()), box.message(b"report", ct())
    elsewhere = other.message(b"report", ct())
    assert registry.statuses(first) == ["stored"]
    assert registry.statuses(again) == ["duplicate"]
    assert registry.statuses(elsewhere) == ["duplicate"]
    assert registry.rows(func.count(Record.id)) == [(3,)]
    assert registry.rows(Exam.dlp_mgy_cm) == [(20,)]


def test_p04_cumulative_reports_replace_each_other_in_the_database(registry, box):
    """P4: one exam stands whatever part of the series arrived, and keeps its id."""
    registry.statuses(box.message(b"3", ct(uids="abc")))
    ((before,),) = registry.rows(Exam.id)
    for uids in ("a", "ab"):
        registry.statuses(box.message(uids.encode(), ct(uids=uids)))
        assert registry.rows(Exam.dlp_mgy_cm, Exam.id) == [(30, before)]
    assert len(registry.events()) == 3


def test_p09_two_groups_merge_when_a_record_ties_them(registry, box):
    """P9: two studies become one exam when a report shows that they share an event."""
    registry.statuses(box.message(b"1", ct(1, "a")), box.message(b"2", ct(2, "a")))
    assert registry.rows(func.count(Exam.id)) == [(2,)]
    tie = reading(uid="1.5", study="9.1", events=[event("2.a", dlp=10), event("1.a", dlp=10)])
    registry.statements.clear()
    registry.statuses(box.message(b"3", tie))
    assert len(registry.statements) <= 17
    assert registry.rows(Exam.dlp_mgy_cm, Exam.event_count) == [(20, 2)]
    assert len(set(registry.rows(LinkKey.group_id))) == 1
    assert len(set(registry.rows(Record.group_id))) == 1


def test_patient_who_has_no_exam_any_more_is_gone(registry, box):
    """P20: an unidentified patient ends when a later evidence names who it was."""
    nobody = dataclasses.replace(ct(1, "a"), patient=dataclasses.replace(ct().patient, id=""))
    registry.statuses(box.message(b"1", nobody))
    assert registry.rows(Patient.issuer) == [("unidentified",)]
    registry.statuses(box.message(b"2", ct(1, "ab")))
    assert registry.rows(Patient.issuer) == [("CHU",)]
    assert registry.rows(Exam.dlp_mgy_cm) == [(20,)]


@pytest.mark.parametrize("made", [ct, rf], ids=["ct", "rf-24-events"])
def test_commit_takes_at_most_a_dozen_statements(registry, box, made):
    """One record or fifty, two events or twenty-four: twelve statements at most."""
    registry.statuses(box.message(b"first", made(99)))
    registry.statements.clear()
    registry.statuses(box.message(b"one", made(1)))
    assert len(registry.statements) <= 12
    registry.statements.clear()
    registry.statuses(*(box.message(b"%d" % number, made(number)) for number in range(2, 52)))
    assert len(registry.statements) <= 12
    assert registry.rows(func.count(Exam.id)) == [(52,)]


@pytest.mark.parametrize("count", [3, 300])
def test_rows_of_a_report_do_not_raise_the_statements(registry, box, count):
    """A report with 300 events takes as many statements as one with three."""
    registry.statuses(box.message(b"first", rf(99)))
    registry.statements.clear()
    registry.statuses(box.message(b"one", rf(1, count)))
    assert len(registry.statements) <= 10
    assert registry.rows(func.count(Event.uid)) == [(24 + count,)]


def test_unreadable_evidence_is_quarantined_with_its_record(registry, box):
    """What no reader understands keeps its place in the ledger, its bytes and a reason."""
    message = box.message(b"nonsense")
    (receipt,) = registry.receipts(message)
    assert receipt.status == "quarantined"
    assert receipt.reason
    ((code, record_id),) = registry.rows(Quarantine.code, Quarantine.record_id)
    assert (code, record_id) == ("unreadable", receipt.record_id)
    assert registry.statuses(message) == ["quarantined"]
    assert registry.rows(func.count(Quarantine.id)) == [(1,)]


def test_object_without_dose_is_stored_and_makes_no_exam(registry, box):
    """R54: an object without dose is kept as evidence only."""
    plain = dataclasses.replace(ct(), outcome=Outcome.NO_DOSE, events=(), totals=(), kind="other")
    assert registry.statuses(box.message(b"image", plain)) == ["stored"]
    assert registry.rows(func.count(Exam.id)) == [(0,)]
    assert registry.rows(Record.outcome) == [("no_dose",)]


def _altered(message: Incoming) -> Incoming:
    return Incoming(message.topic, message.payload[:-1] + bytes([message.payload[-1] ^ 1]))


def test_messages_that_cannot_be_trusted_get_no_receipt(registry, box):
    """Unknown, revoked, foreign, altered: listed with a reason, kept whole, no receipt, no dose."""
    stranger = SigningBox("stranger")
    revoked = registry.add(SigningBox("revoked"), "revoked")
    other = registry.add(SigningBox("box-2"))
    good = box.message(b"report", ct())
    impostor = SigningBox("box-1")
    wrong = {
        "box-unknown": stranger.message(b"1", ct()),
        "box-revoked": revoked.message(b"2", ct()),
        "signature": impostor.message(b"3", ct()),
        "message": _altered(box.message(b"4", ct())),
        "other-box": dataclasses.replace(
            box.message(b"5", ct(), box_id="box-2"), topic=topic("box-1", Channel.RECORDS)
        ),
        "topic": Incoming("dosebook/v1/00/box-1/records", b""),
    }
    swapped = Incoming(topic("box-2", Channel.RECORDS), good.payload)
    assert other.id == "box-2"
    assert registry.statuses(*wrong.values(), swapped, good) == ["stored"]
    found = dict(registry.rows(Quarantine.code, Quarantine.reason))
    assert set(found) == set(wrong)
    assert all(found.values())
    assert registry.rows(func.count(Record.id)) == [(1,)]
    for digest, size in registry.rows(Quarantine.message_sha256, Quarantine.message_size):
        assert len(registry.evidence.get(digest)) == size


def test_a_number_given_twice_counts_both_doses_and_is_seen(registry, box):
    """An outbox that was lost, restored or cloned gives numbers again: every dose counts once.

    The same record under that number stays one record, and the registry says how many there are.
    """
    first = box.message(b"1", ct(1))
    second, third = (box.message(data, ct(int(data)), sequence=1) for data in (b"2", b"3"))
    assert registry.statuses(first) == ["stored"]
    assert registry.statuses(second, third, second) == ["stored", "stored", "duplicate"]
    assert registry.statuses(first, third) == ["duplicate", "duplicate"]
    resent = box.message(b"1", ct(1), sequence=1)
    assert registry.statuses(resent) == ["duplicate"]
    assert registry.rows(func.count(Exam.id)) == [(3,)]
    assert sorted(registry.rows(Record.sequence, Record.reuse)) == [(1, n) for n in range(4)]
    with registry.engine.connect() as connection:
        (state,) = list_boxes(connection)
    assert (state.records, state.reused, state.last_sequence, state.gaps) == (1, 3, 1, ())


def test_a_used_record_id_is_quarantined_and_nothing_is_lost(registry, box):
    """Another record under an id that is taken is set aside whole."""
    registry.statuses(box.message(b"1", ct(1)))
    ((record_id,),) = registry.rows(Record.id)
    other = box.message(b"3", ct(3), record_id=record_id, sequence=7)
    assert registry.statuses(other) == ["quarantined"]
    assert registry.rows(func.count(Record.id)) == [(1,)]
    ((code, digest),) = registry.rows(Quarantine.code, Quarantine.message_sha256)
    assert code == "ledger"
    assert registry.evidence.get(digest) == other.payload


def test_one_impossible_record_does_not_take_its_batch_along(registry, box):
    """A signed record that cannot be reconciled is set aside; the others of its batch go on."""
    odd = ct(2)
    (one, *rest) = odd.events
    (value, *others) = one.values
    unknown = dataclasses.replace(value, quantity="from-the-future")
    broken = dataclasses.replace(
        odd, events=(dataclasses.replace(one, values=(unknown, *others)), *rest)
    )
    again = dataclasses.replace(broken, sop_instance_uid="1.77")
    statuses = registry.statuses(
        box.message(b"1", ct(1)),
        box.message(b"2", broken),
        box.message(b"3", dataclasses.replace(again, events=again.events[:1])),
        box.message(b"4", ct(4)),
    )
    assert statuses[0] == statuses[3] == "stored"
    assert registry.rows(func.count(Exam.id))[0][0] >= 2


@pytest.mark.parametrize("error", [MemoryError(), LostRaceError(), NoConnectionError("pool")])
def test_what_the_registry_lacks_for_a_moment_sets_no_record_aside(
    registry, box, monkeypatch, error
):
    """Memory, a connection, a turn: no receipt now, so that the box sends again and it counts."""
    commit, failures = registry.ingest.writer.run, [error, error]

    def run(work):
        if failures:
            raise failures.pop()
        return commit(work)

    monkeypatch.setattr(registry.ingest.writer, "run", run)
    message = box.message(b"dose", ct())
    for _ in range(2):
        with pytest.raises(type(error)):
            registry.receipts(message)
    assert registry.statuses(message) == ["stored"]
    assert registry.rows(Quarantine.id) == []
    assert len(registry.exams()) == 1


def test_flood_of_strangers_cannot_fill_the_disk(registry):
    """Beyond its bound nothing of unsigned messages is kept, and signed ones go on."""
    registry.ingest = Ingest(registry.engine, registry.evidence, limit=StrangerLimit())
    box = registry.add(SigningBox("box-1"))
    junk = [Incoming(topic("nobody", Channel.RECORDS), b"%d" % number) for number in range(400)]
    assert registry.statuses(*junk, box.message(b"1", ct())) == ["stored"]
    assert registry.rows(func.count(Quarantine.id)) == [(200,)]


def test_replay_accepts_what_can_be_trusted_now(registry):
    """A message of a box that was unknown is stored when the box was added and it is replayed."""
    late = SigningBox("box-late")
    message = late.message(b"1", ct())
    assert registry.statuses(message) == []
    ((item,),) = registry.rows(Quarantine.id)
    quarantines = Quarantines(registry.engine, registry.evidence, registry.ingest)
    assert quarantines.replay(item)[0] is False
    registry.add(late)
    accepted, sentence = quarantines.replay(item)
    assert accepted, sentence
    assert registry.rows(Quarantine.state, Quarantine.attempts) == [("replayed", 2)]
    assert registry.rows(Exam.dlp_mgy_cm) == [(20,)]
    assert registry.statuses(message) == ["duplicate"]


def test_p56_recompute_adds_a_version_and_keeps_the_earlier_one(registry, box, corpus):
    """P56: re-reading the archive adds readings beside the old ones and corrects the exams."""
    data = (corpus / "ct" / "CT-RDSR-Siemens-Multi-3.dcm").read_bytes()
    registry.statuses(box.message(data))
    right = registry.everything()
    with writing(registry.engine) as connection:
        connection.execute(update(Record).values(reader_version="0", kind="other"))
        connection.execute(update(Reading).values(reader_version="0"))
        connection.execute(update(Exam).values(dlp_mgy_cm=1))
    result = Recomputer(registry.engine, registry.evidence).run()
    assert (result.total, result.done, result.lost) == (1, 1, ())
    assert registry.everything() == right
    assert len(registry.rows(Reading.reader_version)) == 2
    assert Recomputer(registry.engine, registry.evidence).run().total == 0


def test_reading_of_another_reader_version_is_read_anew_and_both_are_kept(registry, box, corpus):
    """P56: a box with another reader is not believed blindly: the evidence is read here too."""
    data = (corpus / "ct" / "CT-RDSR-Siemens-Multi-1.dcm").read_bytes()
    wrong = ct(uids="abcdef")
    registry.statuses(box.message(data, wrong, reader_version="0"))
    assert registry.rows(Exam.event_count) == [(1,)]
    assert len(registry.rows(Reading.reader_version)) == 2


def test_health_is_noted_and_only_from_the_box_itself(registry, box):
    """A signed health message updates the box; a foreign one does nothing."""
    from dosebook_protocol.cose import Signer

    health = Health(
        box_id=box.id, at=NOW, box_version="1", reader_version="1", started_at=NOW, clock=Clock(),
        outbox_waiting=3, outbox_last_sequence=9, outbox_acknowledged_sequence=6,
        disk_used_percent=10, disk_free_bytes=1, certificate_days_left=300, uplink_state="up",
    )  # fmt: skip
    where = topic(box.id, Channel.HEALTH)
    signed = Signer(box.key, box.id).sign(encode_health(health))
    foreign = Signer(SigningBox("x").key, box.id).sign(encode_health(health))
    assert registry.ingest.process([Incoming(where, foreign)]) == []
    assert registry.rows(Box.health) == [(None,)]
    assert registry.ingest.process([Incoming(where, signed)]) == []
    ((noted, seen),) = registry.rows(Box.health, Box.last_seen_at)
    assert noted["outbox_waiting"] == 3
    assert seen - NOW > timedelta(0)


def test_p41_hundred_threads_with_one_study_make_one_exam(registry, box):
    """P41: a hundred images of one study that arrive at once give one exam with each event once.

    Two ingests stand for two workers; the messages are spread over a hundred threads.
    """
    workers = [registry.ingest, Ingest(registry.engine, registry.evidence)]
    messages = [
        box.message(
            b"image %d" % number,
            reading(
                "image-header",
                uid=f"1.{number}",
                events=[event(f"e{number}", XR, dose_area_product=1)],
                modality="DX",
            ),
        )
        for number in range(100)
    ]
    gate = threading.Barrier(100)

    def send(number: int) -> str:
        gate.wait(30)
        (answer,) = workers[number % 2].process([messages[number]])
        return answer.receipts[0].status.value

    with ThreadPoolExecutor(100) as pool:
        statuses = list(pool.map(send, range(100)))
    assert statuses == ["stored"] * 100
    assert registry.rows(Exam.event_count, Exam.dose_area_product_gy_cm2) == [(100, 100)]
    assert registry.rows(func.count(Event.uid)) == [(100,)]


def test_two_workers_with_the_same_records_store_each_once(registry, box):
    """Redelivery to two workers at once: every record is committed exactly once."""
    workers = [registry.ingest, Ingest(registry.engine, registry.evidence)]
    messages = [box.message(b"%d" % number, ct(number % 7, "abc")) for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        jobs = [
            pool.submit(worker.process, messages[at : at + 10])
            for at in range(0, 40, 10)
            for worker in workers
        ]
        answers = [answer for job in jobs for answer in job.result()]
    stored = [one for answer in answers for one in answer.receipts if one.status == "stored"]
    assert len({one.record_id for one in stored}) == len(stored) == 40
    assert registry.rows(func.count(Record.id)) == [(40,)]
    assert registry.rows(func.count(Exam.id)) == [(7,)]


def test_p09_every_order_of_arrival_commits_the_same_exams(tmp_path, registry, box):
    """P4–P9: one by one, in reverse and in one batch, the database holds the same exams."""
    made = [
        *(ct(1, uids) for uids in ("a", "ab", "abc")),
        ct(2, "xy"),
        reading(uid="1.55", study="9.3", events=[event("2.x", dlp=10), event("3.z", dlp=4)]),
        rf(4, 3),
    ]
    data = [(b"%d" % number, one) for number, one in enumerate(made)]
    registry.statuses(*(box.message(*one) for one in data))
    for name, order in (("forward", data), ("backward", data[::-1]), ("twice", data + data[::-1])):
        (tmp_path / name).mkdir()
        other = RegistryUnderTest(tmp_path / name)
        sender = other.add(SigningBox("box-1"))
        for one in order:
            other.statuses(sender.message(*one))
        assert other.everything() == registry.everything()
        other.close()


def test_nul_in_a_text_is_stored_by_both_engines(registry, box):
    """A NUL in a text, which PostgreSQL cannot hold, does not lose the record."""
    odd = dataclasses.replace(ct(), protocol="Thorax\0 \\u0000")
    assert registry.statuses(box.message(b"1", odd)) == ["stored"]
    (protocol,) = registry.rows(Exam.protocol)[0]
    assert protocol.replace("\0", "") == "Thorax \\u0000"


@pytest.mark.parametrize("place", ["patient", "accession"])
def test_a_text_too_long_for_an_index_keeps_nobody_else_out(registry, box, place):
    """Such a record is stored, or set aside with its reason: the others of its batch are stored."""
    text = "".join(sha256(b"%d" % number).hexdigest() for number in range(200))
    fields = (
        {"patient": dataclasses.replace(PATIENT, id=text)}
        if place == "patient"
        else {"accession": text}
    )
    odd = reading(uid="1.77", study="9.7", events=[event("7.x", dlp=10)], **fields)
    heard = registry.statuses(box.message(b"1", odd), box.message(b"2", ct()))
    assert heard in (["stored", "stored"], ["quarantined", "stored"])
    assert len(registry.rows(Quarantine.id)) == heard.count("quarantined")


def test_select_of_nothing_is_no_error(registry):
    """An empty batch is an empty answer."""
    assert registry.ingest.process([]) == []
    with registry.engine.connect() as connection:
        assert connection.scalar(select(func.count(Record.id))) == 0
