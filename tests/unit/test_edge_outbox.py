"""The outbox: one gapless sequence, durable, encrypted, emptied by receipts only."""

import hashlib
import itertools
import os
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from dosebook_edge.outbox import (
    Outbox,
    OutboxError,
    OutboxFullError,
    OutboxKeyError,
    TooLargeError,
    schema,
)
from dosebook_edge.outbox.capacity import disk_percent
from dosebook_edge.outbox.committer import Committer
from dosebook_edge.outbox.drafting import prepare
from dosebook_edge.outbox.packing import unpack
from dosebook_protocol.cbor import MAX_PAYLOAD
from dosebook_protocol.cose import Signer, payload_of, verify
from dosebook_protocol.reading import Outcome, Reading
from dosebook_protocol.wire import (
    MAX_EVIDENCE,
    decode_record,
    encode_record,
    split_record_message,
)
from tests.support.box import BOX, SIGNER, draft, opened_outbox, receipts_for


def test_message_holds_signed_record_and_evidence(outbox):
    """What goes to the uplink is the signed record with its number, and the evidence as given."""
    appended = outbox.append(draft(b"the very bytes"))
    (waiting,) = outbox.unacknowledged(0, 10, 10**6)
    envelope, evidence = split_record_message(waiting.message)
    record = decode_record(verify(envelope, SIGNER.public_key))
    assert evidence == b"the very bytes"
    assert (record.record_id, record.sequence, record.box_id) == (appended.record_id, 1, BOX)


@given(st.integers(min_value=1, max_value=2**40))
def test_numbered_payload_equals_the_encoded_record(sequence):
    """What is kept, encoded with its number when it is sent, is what the wire module gives."""
    prepared = prepare(draft(), BOX)
    record = prepared.record.model_copy(update={"sequence": sequence})
    assert unpack(prepared.packed, sequence) == (encode_record(record), draft().evidence)


def test_p41_concurrent_appends_share_one_gapless_sequence(outbox):
    """P41: appends from many threads get the numbers 1 to n, each exactly once."""
    numbers = []

    def work(name):
        numbers.extend(outbox.append(draft(b"%d-%d" % (name, i))).sequence for i in range(10))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 81))
    assert outbox.integrity() == []


def test_p06_same_evidence_of_a_source_is_one_record(outbox):
    """P6: an object sent again is the record that was there; of another source it is a new one."""
    first = outbox.append(draft(b"same", once=True))
    again = outbox.append(draft(b"same", once=True))
    other = outbox.append(draft(b"same", once=True, source="pacs"))
    pressed = outbox.append(draft(b"same"))
    assert (again.record_id, again.is_repeat) == (first.record_id, True)
    assert [other.sequence, pressed.sequence] == [2, 3]
    assert outbox.find_repeat("ct", b"same") == again


def test_only_a_matching_receipt_ends_the_wait(outbox):
    """Receipts for another box, id or number change nothing; a second receipt neither."""
    first, second = outbox.append(draft(b"1")), outbox.append(draft(b"2"))
    assert outbox.acknowledge(receipts_for(first, box_id="box-2")) == 0
    assert outbox.acknowledge(receipts_for(replace(first, sequence=2))) == 0
    assert outbox.acknowledge(receipts_for(replace(first, record_id="0" * 32))) == 0
    assert outbox.status().waiting == 2
    assert outbox.acknowledge(receipts_for(first, status="quarantined")) == 1
    assert outbox.acknowledge(receipts_for(first)) == 0
    assert [one.sequence for one in outbox.unacknowledged(0, 10, 10**6)] == [second.sequence]
    assert [one.status for one in outbox.entries()] == ["waiting", "quarantined"]
    assert outbox.status().acknowledged_sequence == 1


def test_batches_keep_their_limits_but_never_starve(outbox):
    """A batch ends at its size, at its number, and holds at least one record."""
    for size in (4000, 4000, 4000):
        outbox.append(draft(bytes(size)))
    assert len(outbox.unacknowledged(0, 2, 10**6)) == 2
    assert len(outbox.unacknowledged(0, 10, 9000)) == 2
    assert [one.sequence for one in outbox.unacknowledged(1, 10, 1)] == [2]
    assert outbox.unacknowledged(3, 10, 10**6) == []


def test_waiting_for_news_ends_with_the_append(outbox):
    """Whoever waits for a new record is woken by its commit."""
    heard = []
    waiter = threading.Thread(target=lambda: heard.append(outbox.wait_for_new(0, 20)))
    waiter.start()
    outbox.append(draft())
    waiter.join(20)
    assert heard == [True]
    assert outbox.wait_for_new(1, 0.01) is False


def test_replay_lets_delivered_records_wait_again(outbox):
    """A replay needs a delivered record whose payload is there; others are left out."""
    first = outbox.append(draft(b"1"))
    outbox.append(draft(b"2"))
    outbox.acknowledge(receipts_for(first))
    assert outbox.replay([1, 2, 77]) == [1]
    assert outbox.status().waiting == 2


def until_full(outbox, size):
    """Append different records until one is refused."""
    for number in itertools.count():
        try:
            yield outbox.append(draft(Random(number).randbytes(size)))
        except OutboxFullError:
            return


def test_full_outbox_refuses_and_loses_nothing(tmp_path):
    """At its largest size the outbox refuses; receipts make room, without a restart."""
    with opened_outbox(tmp_path, max_bytes=1_000_000) as outbox:
        kept = list(until_full(outbox, 50_000))
        with pytest.raises(OutboxFullError, match="check uplink"):
            outbox.append(draft(Random("one more").randbytes(50_000)))
        assert 10 < len(kept) < 25
        assert outbox.status().level == "full"
        waiting = outbox.unacknowledged(0, 1000, 10**9)
        assert [one.record_id for one in waiting] == [one.record_id for one in kept]
        assert outbox.acknowledge(receipts_for(*kept[:5])) == 5
        assert outbox.append(draft(Random("one more").randbytes(50_000))).sequence == len(kept) + 1
        assert outbox.integrity() == []


def test_warning_comes_before_refusal(tmp_path):
    """From the configured part on the level is `warning`, while records are still taken."""
    with opened_outbox(tmp_path) as outbox:
        disk = outbox.status().disk_used_percent
    limits = {"max_bytes": 8_000_000, "warn_percent": min(97.0, disk + 10)}
    with opened_outbox(tmp_path, **limits) as outbox:
        levels = [outbox.status().level]
        levels += [outbox.status().level for _ in until_full(outbox, 20_000)]
    assert [one for i, one in enumerate(levels) if one not in levels[:i]] == [
        "ok",
        "warning",
        "full",
    ]


def test_blocks_that_root_keeps_back_are_neither_used_nor_free():
    """Of 100 blocks 40 are used and 20 may be: two thirds are used, as `df` says, not four fifths.

    A file system without a block for the box is full.
    """
    blocks, free, available = 100, 60, 20
    disk = os.statvfs_result((4096, 4096, blocks, free, available, 9, 9, 9, 0, 255))
    assert disk_percent(disk) == pytest.approx(200 / 3)
    assert disk_percent(os.statvfs_result((4096, 4096, 0, 0, 0, 0, 0, 0, 0, 255))) == 100


def test_nothing_readable_lies_on_the_disk(tmp_path):
    """Neither evidence nor identifiers stand in the files of the outbox (P-privacy at rest)."""
    with opened_outbox(tmp_path) as outbox:
        outbox.append(draft(b"PATIENT-IN-CLEAR" * 10, sop_instance_uid="1.2.3.999.4711"))
        assert outbox.has_instance("1.2.3.999.4711")
        assert not outbox.has_instance("1.2.3.999.4712")
        files = b"".join(one.read_bytes() for one in tmp_path.iterdir() if one.suffix != ".reserve")
    assert b"PATIENT-IN-CLEAR" not in files
    assert b"1.2.3.999.4711" not in files
    assert (tmp_path / "outbox.key").stat().st_mode & 0o777 == 0o600


def test_payload_is_bound_to_its_place(outbox):
    """A payload moved to another row does not open: rows cannot be swapped."""
    outbox.append(draft(b"one"))
    outbox.append(draft(b"two"))
    outbox.run(
        lambda connection: connection.execute(
            "UPDATE payload SET sealed = (SELECT sealed FROM payload WHERE sequence = 1) "
            "WHERE sequence = 2"
        )
    )
    with pytest.raises(OutboxKeyError, match="altered"):
        outbox.content(2)


def test_a_damaged_record_holds_up_no_other(outbox):
    """What a worn card gives back altered waits and is named; all else is delivered."""
    for text in (b"one", b"two", b"three", b"four"):
        outbox.append(draft(text))
    damage = "UPDATE payload SET sealed = zeroblob(length(sealed)) WHERE sequence IN (1, 2)"
    outbox.run(lambda one: one.execute(damage))
    assert [one.sequence for one in outbox.unacknowledged(0, 2, 10**6)] == [3, 4]
    assert [one.sequence for one in outbox.unacknowledged(0, 3, 10**6)] == [3]
    outbox.acknowledge(receipts_for(*outbox.unacknowledged(0, 10, 10**6)))
    assert outbox.unacknowledged(0, 10, 10**6) == []
    outbox.retire(datetime.now(UTC) + timedelta(days=1000))
    assert outbox.status().waiting == 2
    assert [one.partition(" waits")[0] for one in outbox.integrity()] == ["record 1", "record 2"]


def test_missing_or_foreign_key_is_told(tmp_path):
    """An outbox without its key, or with another box's, is refused with what to restore."""
    with opened_outbox(tmp_path) as outbox:
        outbox.append(draft())
    key = (tmp_path / "outbox.key").read_bytes()
    (tmp_path / "outbox.key").unlink()
    with pytest.raises(OutboxKeyError, match="Restore"):
        Outbox(tmp_path, BOX, SIGNER)
    (tmp_path / "outbox.key").write_bytes(bytes(32))
    with pytest.raises(OutboxKeyError, match="not the key"):
        Outbox(tmp_path, BOX, SIGNER)
    (tmp_path / "outbox.key").write_bytes(key)
    with opened_outbox(tmp_path) as outbox:
        assert outbox.status().waiting == 1


def test_what_an_earlier_release_signed_is_delivered(tmp_path):
    """An outbox of version 1 kept signed messages: after an update they go out, signed anew."""
    with opened_outbox(tmp_path) as outbox:
        appended = outbox.append(draft(b"the very bytes"))
        (sent,) = outbox.unacknowledged(0, 10, 10**6)
        place = f"{appended.sequence}|{appended.record_id}"
        sealed = outbox.vault.seal(place, sent.message)
        outbox.run(lambda one: one.execute("UPDATE payload SET sealed = ?", (sealed,)))
        outbox.run(lambda one: one.execute("UPDATE meta SET value = '1' WHERE name = 'version'"))
    with closing(Outbox(tmp_path, BOX, Signer(Ed25519PrivateKey.generate(), BOX))) as outbox:
        (again,) = outbox.unacknowledged(0, 10, 10**6)
        assert outbox.read(schema.version) == "2"
    envelope, evidence = split_record_message(again.message)
    assert (evidence, payload_of(envelope)) == (
        b"the very bytes",
        payload_of(split_record_message(sent.message)[0]),
    )
    assert envelope != split_record_message(sent.message)[0]


def test_newer_schema_is_not_touched(tmp_path):
    """An outbox of a later release is refused, not overwritten."""
    with opened_outbox(tmp_path) as outbox:
        outbox.run(lambda one: one.execute("UPDATE meta SET value = '99' WHERE name = 'version'"))
    with pytest.raises(OutboxError, match="99"):
        Outbox(tmp_path, BOX, SIGNER)


def test_too_large_evidence_takes_no_number(outbox):
    """What no registry would accept is refused before a number is given: evidence, or a reading."""
    with pytest.raises(TooLargeError):
        outbox.append(draft(bytes(MAX_EVIDENCE + 1)))
    endless = Reading(Outcome.QUARANTINED, "other", "test", reason="x" * MAX_PAYLOAD)
    with pytest.raises(TooLargeError):
        outbox.append(replace(draft(), reading=endless))
    assert outbox.append(draft()).sequence == 1


def test_one_bad_write_of_a_group_spoils_no_other(tmp_path):
    """When one of several that share a commit fails, the others are committed all the same."""
    connection = sqlite3.connect(tmp_path / "x.db", isolation_level=None, check_same_thread=False)
    connection.execute("CREATE TABLE t (n INTEGER PRIMARY KEY)")
    committer = Committer(connection)
    first_runs, others_wait = threading.Event(), threading.Event()
    errors = []

    def hold(one):
        first_runs.set()
        others_wait.wait(20)
        one.execute("INSERT INTO t VALUES (1)")

    def insert(number):
        try:
            committer.run(lambda one: one.execute("INSERT INTO t VALUES (?)", (number,)))
        except sqlite3.IntegrityError as error:
            errors.append(error)

    leader = threading.Thread(target=committer.run, args=(hold,))
    leader.start()
    assert first_runs.wait(20)
    others = [threading.Thread(target=insert, args=(number,)) for number in (1, 2, 3)]
    for thread in others:
        thread.start()
    while len(committer._queue) < 3:
        pass
    others_wait.set()
    for thread in (leader, *others):
        thread.join(20)
    assert [row[0] for row in connection.execute("SELECT n FROM t ORDER BY n")] == [1, 2, 3]
    assert len(errors) == 1
    connection.close()


def test_also_and_record_are_one_transaction(outbox):
    """What is written with a record is there with it, or neither is."""

    def fail(connection):
        connection.execute("INSERT INTO procedure_step VALUES ('h', 'IN PROGRESS', '', x'00')")
        raise sqlite3.IntegrityError("no")

    with pytest.raises(OutboxError):
        outbox.append(draft(), also=fail)
    assert outbox.read(lambda c: c.execute("SELECT count(*) FROM procedure_step").fetchone()) == (
        0,
    )
    assert outbox.append(draft()).sequence == 1


def test_p49_an_identifier_at_rest_is_a_keyed_hash(tmp_path):
    """Who has a box's disk cannot find an object by hashing its UID: the key is needed (P49)."""
    uid = "1.2.840.113619.2.55.3.1"
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with opened_outbox(tmp_path / "a") as one, opened_outbox(tmp_path / "b") as other:
        hashed = one.vault.identifier_hash(uid)
        assert hashed == one.vault.identifier_hash(uid)
        assert hashed != other.vault.identifier_hash(uid), "every box has a key of its own"
    assert hashed != hashlib.sha256(uid.encode()).hexdigest()
    assert uid not in hashed
