"""What a restored registry lacks: noticed, named, asked for, and given again by the box."""

import json
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import delete

from dosebook_central.ingest.missing import MissingRecords
from dosebook_central.ingest.pipeline import Ingest
from dosebook_central.ingest.verify import Incoming
from dosebook_central.status import print_status
from dosebook_central.store.engine import writing
from dosebook_central.store.models import Reading, Record
from dosebook_central.store.queries.boxes import Gap, list_boxes
from dosebook_central.web.box_words import describe
from dosebook_edge.uplink.again import let_wait_again
from dosebook_protocol.cose import Signer
from dosebook_protocol.reading import Outcome
from dosebook_protocol.reading import Reading as Read
from dosebook_protocol.record import Clock, Health, Missing, Span
from dosebook_protocol.topics import Channel, topic
from dosebook_protocol.wire import encode_health
from tests.support.box import BOX, draft, opened_outbox, receipts_for
from tests.support.registry import NOW, SigningBox

NO_DOSE = Read(Outcome.NO_DOSE, "other", "test")


def health(box, last, waiting):
    """The word of a box that gave so many numbers."""
    return Health(
        box_id=box.id,
        at=NOW,
        box_version="1",
        reader_version="1",
        started_at=NOW,
        clock=Clock(),
        outbox_waiting=waiting,
        outbox_last_sequence=last,
        outbox_acknowledged_sequence=last - waiting,
        disk_used_percent=1,
        disk_free_bytes=1,
        certificate_days_left=1,
        uplink_state="ready",
    )


def asked(registry, box, last, waiting):
    """Which numbers the registry asks a box for that says it gave so many."""
    signed = Signer(box.key, box.id).sign(encode_health(health(box, last, waiting)))
    answers = registry.ingest.answer([Incoming(topic(box.id, Channel.HEALTH), signed)])
    return [(span.first, span.last) for answer in answers for span in answer.missing]


def deliver(registry, box, count):
    """Commit the first records of a box; returns its messages by number."""
    messages = {n: box.message(bytes([n]), NO_DOSE) for n in range(1, count + 1)}
    registry.receipts(*messages.values())
    return messages


def restore(registry, *lost):
    """Be the registry of a backup in which these numbers are not, just started."""
    with writing(registry.engine) as connection:
        connection.execute(delete(Reading))
        connection.execute(delete(Record).where(Record.sequence.in_(lost)))
    registry.ingest = Ingest(registry.engine, registry.evidence)


def state(registry):
    """The box as pages and `status` show it."""
    with registry.engine.connect() as connection:
        (found,) = list_boxes(connection)
    return found


def test_what_a_backup_lacks_is_named_and_asked_for_until_it_is_there(registry, box):
    """Numbers that a box has receipts for are missing, also beyond the last that is held."""
    messages = deliver(registry, box, 8)
    assert asked(registry, box, 8, 0) == []
    restore(registry, 3, 7, 8)
    assert asked(registry, box, 8, 0) == [(7, 8), (3, 3)]
    assert state(registry).gaps == (Gap(3, 3), Gap(7, 8))
    assert state(registry).last_sequence == 8
    registry.receipts(messages[7])
    assert asked(registry, box, 9, 3) == []  # 3 and 8 wait again, 9 is new: nothing to ask
    registry.receipts(messages[3], messages[8])
    assert asked(registry, box, 8, 0) == []
    assert state(registry).gaps == ()


def test_what_only_waits_is_not_asked_for(registry, box):
    """A box that was long without network is not asked for its own backlog."""
    deliver(registry, box, 2)
    assert asked(registry, box, 5000, 4998) == []
    assert asked(registry, box, 5000, 4997) == [(3, 5000)]


def test_a_box_with_an_old_outbox_is_asked_for_nothing(registry, box):
    """What is held beyond the last number that the box knows is no gap."""
    deliver(registry, box, 8)
    restore(registry, 4, 6)
    assert asked(registry, box, 4, 0) == [(4, 4)]
    assert asked(registry, box, 3, 0) == []


def test_a_database_that_goes_back_beneath_a_running_registry_is_noticed(registry, box):
    """Restored in place or failed over to a copy that is behind: what it lacks is asked for."""
    time = [0.0]
    missing = MissingRecords(registry.engine, lambda: NOW, lambda: time[0])
    deliver(registry, box, 5)
    assert missing.of(health(box, 5, 0)) is None
    restore(registry, 2, 5)
    time[0] += 900
    found = missing.of(health(box, 5, 0))
    assert [(span.first, span.last) for span in found.missing] == [(5, 5), (2, 2)]


def test_what_no_box_gives_any_more_is_asked_for_ever_more_seldom(registry, box):
    """Each question costs a look at the whole ledger of a box; progress is followed at once."""
    time = [0.0]
    missing = MissingRecords(registry.engine, lambda: NOW, lambda: time[0])
    messages = deliver(registry, box, 5)
    restore(registry, 2, 4)

    def minutes_of_questions(minutes):
        """In which of so many minutes the box is asked, each with one word of it."""
        found = []
        for minute in range(minutes):
            if missing.of(health(box, 5, 0)):
                found.append(minute)
            time[0] += 60
        return found

    assert minutes_of_questions(240) == [0, 1, 2, 4, 8, 16, 32, 64, 124, 184]
    registry.receipts(messages[4])
    assert minutes_of_questions(2) == [0, 1]
    registry.receipts(messages[2])
    assert minutes_of_questions(2) == []


def test_a_box_that_was_enrolled_since_the_backup_is_named_and_then_asked(registry, box, caplog):
    """It may have nothing to send for days: its word on itself tells that it is not known here."""
    known, late = box, SigningBox("late-1")
    with caplog.at_level("WARNING"):
        assert asked(registry, late, 3, 0) == []
    assert any("no box late-1 was added" in str(vars(one)) for one in caplog.records)
    assert asked(registry, registry.add(late), 3, 0) == [(1, 3)]
    assert asked(registry, known, 0, 0) == []


def test_a_number_without_end_is_harmless(registry, box):
    """A box that says nonsense about itself is answered, and its ledger still shown."""
    deliver(registry, box, 1)
    assert asked(registry, box, 2**62, 0) == [(2, 2**31 - 1)]
    assert state(registry).gaps == (Gap(2, 2**62),)


def test_many_gaps_are_asked_for_newest_first(registry, box):
    """One question names 256 stretches at most, those of which a box still has the content."""
    registry.receipts(
        *(
            message
            for n in range(1, 601)
            if (message := box.message(str(n).encode(), NO_DOSE)) and n % 2
        )
    )
    spans = asked(registry, box, 600, 0)
    assert (len(spans), spans[0]) == (256, (600, 600))
    assert spans == sorted(spans, reverse=True)


def test_records_without_evidence_are_named_and_a_replay_brings_it_back(registry, box, capsys):
    """An evidence store older than its database: `status --evidence` names the numbers."""
    registry.version = "1"
    messages = deliver(registry, box, 3)

    def without_evidence():
        print_status(registry, as_json=True, with_evidence=True)
        (told,) = json.loads(capsys.readouterr().out)["boxes"]
        return told["without_evidence"]

    assert without_evidence() == []
    digests = dict(registry.rows(Record.sequence, Record.evidence_sha256))
    for number in (1, 3):
        (path,) = (registry.folder / "evidence").rglob(digests[number])
        path.unlink()
    assert without_evidence() == [1, 3]
    print_status(registry, as_json=False, with_evidence=True)
    assert "without evidence: 1 3" in capsys.readouterr().out
    assert registry.statuses(messages[1], messages[3]) == ["duplicate", "duplicate"]
    assert without_evidence() == []


def test_the_boxes_page_says_what_is_missing_and_what_was_numbered_twice(registry, box):
    """Both name the row and give advice; numbers given twice are told for a week."""
    deliver(registry, box, 3)
    registry.receipts(box.message(b"other", NO_DOSE, sequence=1))
    restore(registry, 2)
    now = datetime.now(UTC)
    words = describe(state(registry), now)
    assert words.level == "warn"
    assert [advice.split(";")[0].split(":")[0] for advice in words.advice] == [
        "1 record is missing from its sequence",
        "1 record came under numbers that it had given before",
    ]
    later = describe(state(registry), now + timedelta(days=8))
    assert not any("given before" in advice for advice in later.advice)


def missing(*spans):
    """The registry's question."""
    return Missing(
        box_id=BOX, at=NOW, missing=tuple(Span(first=first, last=last) for first, last in spans)
    )


def waiting(outbox):
    """Which numbers wait."""
    return sorted(one.sequence for one in outbox.entries(status="waiting", limit=10_000))


def test_a_box_lets_wait_what_it_is_asked_for_and_still_has(tmp_path):
    """Delivered records wait again; those that wait, were never given or are gone stay as is."""
    with opened_outbox(tmp_path, keep_delivered=timedelta(days=1)) as outbox:
        records = [outbox.append(draft(bytes([n]))) for n in range(10)]
        outbox.acknowledge(receipts_for(*records[:3]))
        assert outbox.retire(NOW.replace(year=2100)) == 3
        outbox.acknowledge(receipts_for(*records[3:9]))
        assert let_wait_again(outbox, missing((11, 2**63), (4, 5), (1, 3), (10, 10))) == 2
        assert waiting(outbox) == [4, 5, 10]
        assert let_wait_again(outbox, missing((1, 2**62)), most=1) == 1
        assert waiting(outbox) == [4, 5, 9, 10]
        assert let_wait_again(outbox, missing((1, 2**62))) == 3
        assert [one.sequence for one in outbox.unacknowledged(0, 99, 9999)] == [*range(4, 11)]


def test_a_box_gives_what_was_receipted_late_behind_many_whose_content_is_gone(tmp_path):
    """Content goes by the day of its receipt: an early record may have it longest."""
    with opened_outbox(tmp_path, keep_delivered=timedelta(days=1)) as outbox:
        records = [outbox.append(draft(n.to_bytes(2, "big"))) for n in range(300)]
        outbox.acknowledge(receipts_for(*records[1:]))
        assert outbox.retire(NOW.replace(year=2100)) == 299
        outbox.acknowledge(receipts_for(records[0]))
        assert let_wait_again(outbox, missing((1, 300))) == 1
        assert waiting(outbox) == [1]


@pytest.mark.parametrize("seed", range(3))
def test_no_question_makes_a_box_lose_a_record(tmp_path, seed):
    """Whatever a registry asks for, waiting records keep waiting and no content goes."""
    chance = Random(seed)
    with opened_outbox(tmp_path) as outbox:
        records = [outbox.append(draft(bytes([n]))) for n in range(60)]
        outbox.acknowledge(receipts_for(*chance.sample(records, 40)))
        before = set(waiting(outbox))
        for _ in range(50):
            first = chance.choice([1, chance.randrange(1, 99), 2 ** chance.randrange(63)])
            let_wait_again(outbox, missing((first, first + chance.choice([0, 7, 2**62]))))
            now = set(waiting(outbox))
            assert before <= now
            before = now
        assert all(one.has_payload for one in outbox.entries(limit=100))
        assert outbox.integrity() == []
