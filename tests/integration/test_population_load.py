"""The simulated hospital in a registry's tables, as the benchmarks load it."""

from itertools import islice

from sqlalchemy import func, select

from dosebook_central.store import migrate
from dosebook_central.store.engine import open_engine
from dosebook_central.store.models import Event, Exam, Patient
from dosebook_edge.simulate.population.hospital import plan
from tools.bench.population import load


def test_every_planned_exam_is_one_exam_with_its_events(tmp_path):
    """What was planned stands in the tables: exams, events, patients, and their numbers."""
    url = f"sqlite:///{tmp_path / 'registry.db'}"
    engine = open_engine(url)
    migrate.upgrade(engine)
    planned = list(plan(5, 30))
    assert load(url, 5, 30, processes=1) == len(planned)
    with engine.connect() as connection:
        counts = [
            connection.scalar(select(func.count()).select_from(model)) for model in (Exam, Event)
        ]
        people = connection.scalar(select(func.count()).select_from(Patient))
        rows = {row.study_uid: row for row in connection.execute(select(Exam.__table__))}
    engine.dispose()
    assert counts == [len(planned), sum(len(exam.events) for exam in planned)]
    assert people == len({exam.person.id for exam in planned})
    for exam in islice((one for one in planned if one.modality == "CT"), 5):
        stated = [n for event in exam.events for n in event.values if n.quantity == "dlp"]
        assert float(rows[exam.study_uid].dlp_mgy_cm) == round(
            sum(float(n.value) for n in stated), 4
        )
