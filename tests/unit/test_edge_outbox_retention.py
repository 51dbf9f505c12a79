"""What the outbox removes, and when: never what waits, and nothing because a clock was set."""

from datetime import UTC, datetime, timedelta

import pytest

from dosebook_edge.outbox import store
from tests.support.box import draft, opened_outbox, receipts_for


def test_retention_never_touches_what_waits(outbox):
    """Old payloads go after their receipt; a record that waits stays, however old."""
    old = outbox.append(draft(b"delivered"))
    outbox.append(draft(b"waiting"))
    outbox.acknowledge(receipts_for(old))
    future = datetime.now(UTC) + timedelta(days=100)
    assert outbox.retire(future) == 1
    assert outbox.content(1) is None
    assert outbox.content(2) is not None
    assert [one.sequence for one in outbox.entries()] == [2, 1]
    outbox.retire(future + timedelta(days=400))
    assert [one.sequence for one in outbox.entries()] == [2]
    assert outbox.append(draft(b"next")).sequence == 3
    assert outbox.integrity() == []


def test_a_clock_that_was_set_ends_no_procedure_step(outbox):
    """P53: a step that began while the clock stood in 1970 outlives the hour that sets it."""
    add = "INSERT INTO procedure_step VALUES (?, 'IN PROGRESS', ?, x'00')"
    for number in range(600):
        moment = "1970-01-01T00:00:00+00:00"
        outbox.run(lambda one, row=(f"{number:03}", moment): one.execute(add, row))
    outbox.run(lambda one: one.execute(add.replace("IN PROGRESS", "COMPLETED"), ("over", moment)))
    outbox.retire()
    kept = "SELECT min(uid_hash), max(uid_hash) FROM procedure_step"
    assert outbox.read(lambda one: one.execute(kept).fetchone()) == ("101", "599")


class JumpingClock(datetime):
    """The box's clock, ahead of the true one."""

    ahead = timedelta()

    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + cls.ahead


@pytest.mark.parametrize("ahead", [timedelta(days=365), timedelta(days=7000)])
def test_a_clock_that_jumps_ahead_removes_nothing_early(tmp_path, monkeypatch, ahead):
    """A delivered record keeps its content for its month, whatever the clock says of today."""
    with opened_outbox(tmp_path) as outbox:
        records = [outbox.append(draft(bytes([n]))) for n in range(5)]
        outbox.acknowledge(receipts_for(*records))
        monkeypatch.setattr(JumpingClock, "ahead", ahead)
        monkeypatch.setattr(store, "datetime", JumpingClock)
        assert outbox.retire() == 0
        assert outbox.replay(range(1, 6)) == [1, 2, 3, 4, 5]


def test_a_registry_clock_that_was_behind_removes_nothing_early(tmp_path):
    """Receipts dated last year do not make today's records old."""
    with opened_outbox(tmp_path) as outbox:
        records = [outbox.append(draft(bytes([n]))) for n in range(2)]
        last_year = datetime.now(UTC) - timedelta(days=400)
        receipts = receipts_for(records[0])
        outbox.acknowledge(receipts.model_copy(update={"committed_at": last_year}))
        outbox.acknowledge(receipts_for(records[1]))
        assert outbox.retire() == 0
        assert outbox.replay([1]) == [1]


def test_sequence_goes_on_when_every_row_was_retired(tmp_path):
    """The counter outlives its rows: no number is ever given twice."""
    with opened_outbox(tmp_path) as outbox:
        outbox.acknowledge(receipts_for(outbox.append(draft())))
        for _ in range(2):
            outbox.retire(datetime.now(UTC) + timedelta(days=1000))
        assert outbox.entries() == []
    with opened_outbox(tmp_path) as outbox:
        assert outbox.append(draft()).sequence == 2
