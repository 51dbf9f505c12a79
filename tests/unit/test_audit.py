"""The activity log: complete, chained, and telling when it was touched."""

import threading

import pytest
from sqlalchemy import delete, select, update

from dosebook_central.audit import log
from dosebook_central.store.engine import open_engine
from dosebook_central.store.models import AuditEvent, Base


@pytest.fixture
def engine(tmp_path):
    """A registry with five lines of activity."""
    engine = open_engine(tmp_path / "r.db")
    Base.metadata.create_all(engine)
    for number in range(5):
        log.record(engine, log.Act("curie", "exam.read", "exam", f"e{number}", {"n": number}))
    yield engine
    engine.dispose()


def _check(engine, anchor=None):
    with engine.connect() as connection:
        return log.verify(connection, anchor)


def test_untouched_chain_is_intact(engine):
    """Lines that nobody touched verify, and the head names the last one."""
    check = _check(engine)
    assert check.is_intact
    assert (check.lines, check.last_id) == (5, 5)


@pytest.mark.parametrize("number", [1, 3, 4])
def test_r84_deletion_of_one_line_is_detected(engine, number):
    """R84: a line that was deleted leaves a break."""
    with engine.begin() as connection:
        connection.execute(delete(AuditEvent).where(AuditEvent.id == number))
    assert _check(engine).broken_at == number


@pytest.mark.parametrize(
    "change",
    [{"actor": "x"}, {"action": "x"}, {"object_id": "x"}, {"detail": {}}, {"hash": "0" * 64}],
)
def test_r84_change_of_any_field_is_detected(engine, change):
    """R84: no field of a line can be altered unseen."""
    with engine.begin() as connection:
        connection.execute(update(AuditEvent).where(AuditEvent.id == 3).values(**change))
    assert _check(engine).broken_at in {3, 4}


def test_cut_end_is_detected_against_a_noted_line(engine):
    """Lines cut off the end show when the last one was noted elsewhere."""
    head = _check(engine)
    with engine.begin() as connection:
        connection.execute(delete(AuditEvent).where(AuditEvent.id >= 4))
    assert _check(engine).is_intact
    assert not _check(engine, (head.last_id, head.head)).is_intact


def test_rewritten_chain_is_detected_against_a_noted_line(engine):
    """A chain that was computed anew does not lead through a line noted before."""
    head = _check(engine)
    with engine.begin() as connection:
        connection.execute(delete(AuditEvent))
    for number in range(6):
        log.record(engine, log.Act("mallory", "exam.read", "exam", f"e{number}"))
    assert _check(engine).is_intact
    assert not _check(engine, (head.last_id, head.head)).is_intact


def test_writers_at_once_leave_one_chain(engine):
    """Many threads writing at once give one gapless chain."""
    acts = [log.Act(f"user{number}", "login") for number in range(8)]

    def write(act):
        for _ in range(5):
            log.record(engine, act)

    threads = [threading.Thread(target=write, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check = _check(engine)
    assert check.is_intact
    assert check.lines == 45


def test_act_and_its_line_stand_or_fall_together(engine):
    """When the work fails, its line is not written either."""

    def fail(_connection):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        log.perform(engine, fail, lambda _: log.Act("curie", "never"))
    with engine.connect() as connection:
        actions = connection.execute(select(AuditEvent.action).distinct()).scalars().all()
    assert actions == ["exam.read"]
