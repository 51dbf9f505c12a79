"""Raw names of procedures in a registry: found, decided, taken back, learned from."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from sqlalchemy import func, insert, select

from dosebook_central.derivation.engine import derive_batch
from dosebook_central.derivation.rules import RulesInForce
from dosebook_central.domain.procedures.names import name_id
from dosebook_central.dosimetry.packages import shipped
from dosebook_central.ingest.evidence import EvidenceFolder
from dosebook_central.ingest.pipeline import Ingest
from dosebook_central.procedures.decide import Verdict, decide, undo_range
from dosebook_central.procedures.look import NameKeeper, look
from dosebook_central.procedures.review import learn
from dosebook_central.store.dose_models import (
    DerivationDue,
    ExamDose,
    ProcedureDecision,
    ProcedureRules,
)
from dosebook_central.store.engine import writing
from dosebook_central.store.models import Exam, Patient
from dosebook_central.store.queries import procedures as names
from dosebook_central.store.queries.procedures import Filter
from dosebook_edge.simulate.hospital import morning
from tests.support.seed import Hospital, messages

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LIBRARY = shipped()


@pytest.fixture
def engine(engine):
    """A migrated database on each engine with one patient."""
    with writing(engine) as connection:
        connection.execute(
            insert(Patient).values(
                id="p", issuer="", identifier="1", name="", name_search="", updated_at=NOW
            )
        )
    return engine


def _exams(connection, *named, start=1):
    """Add exams without a name, as a bulk load does: (modality, description, protocol)."""
    rows = [
        {
            "id": f"e{number:03d}",
            "group_id": f"g{number}",
            "patient_id": "p",
            "study_uid": f"2.25.{number}",
            "started": f"2026-02-{number % 28 + 1:02d}T10:00:00",
            "modality": modality,
            "description": description,
            "protocol": protocol,
            "facts": facts,
            "event_count": 1,
            "origin": "captured",
            "summary": {},
            "updated_at": NOW,
        }
        for number, (modality, description, protocol, facts) in enumerate(named, start)
    ]
    connection.execute(insert(Exam), rows)


def _named(modality, description, protocol="", **facts):
    facts = {"descriptions": [description], "protocols": [protocol]} | facts
    return modality, description, protocol, facts


def _listed(connection, state=""):
    return {one.raw: one for one in names.list_names(connection, Filter(state))}


def test_p35_each_distinct_name_is_listed_once_with_its_exams(engine):
    """P35: case and separators do not make another name; counts and days are those of its exams."""
    with writing(engine) as connection:
        _exams(
            connection,
            _named("CT", "CT^THORAX_NATIF"),
            _named("CT", "ct thorax natif"),
            _named("CT", "Tx 4711"),
            _named("CT", "", "6.1 Abdomen"),
            _named("DX", "Thorax"),
        )
        assert look(connection, LIBRARY) == 4
        assert look(connection, LIBRARY) == 0
        listed = _listed(connection)
        chest = listed["CT^THORAX_NATIF"]
        assert (chest.exam_count, chest.first_seen[:10]) == (2, "2026-02-02")
        assert (chest.procedure_id, chest.source) == ("ct_chest", "words")
        assert listed["6.1 Abdomen"].procedure_id == "ct_abdomen"
        assert listed["Thorax"].procedure_id == ""
        unnamed = select(func.count()).select_from(Exam).where(Exam.name_id == "")
        assert connection.scalar(unnamed) == 0


def test_p35_the_unmapped_share_counts_names_and_exams_but_not_what_was_set_aside(engine):
    """P35: names without a procedure weigh by their exams; a test object is no missing mapping."""
    with writing(engine) as connection:
        _exams(
            connection,
            *[_named("CT", "CT thorax natif")] * 3,
            *[_named("CT", "Tx 4711")] * 2,
            _named("CT", "DAILY QA"),
        )
        assert names.unmapped_share(connection).percent is None
        look(connection, LIBRARY)
        share = names.unmapped_share(connection)
        assert (share.names, share.exams, share.unmapped_names) == (3, 6, 2)
        assert (share.unmapped_exams, str(share.percent)) == (3, "50.0")
        decide(connection, LIBRARY, [Verdict(name_id("ct", "daily qa"), "ignore")], "m", NOW)
        share = names.unmapped_share(connection)
        assert (share.exams, share.unmapped_exams, str(share.percent)) == (5, 2, "40.0")


def test_a_decision_stands_until_it_is_taken_back_and_every_one_stays_on_record(engine):
    """Confirm, correct, undo twice: the name is as before, and four decisions are kept in order."""
    key = name_id("ct", "CT thorax natif")
    with writing(engine) as connection:
        _exams(connection, *[_named("CT", "CT thorax natif")] * 2)
        look(connection, LIBRARY)
        done = decide(connection, LIBRARY, [Verdict(key, "confirm", "ct_chest_hr")], "ann", NOW)
        assert (done.names, done.exams) == (1, 2)
        decide(connection, LIBRARY, [Verdict(key, "confirm", "ct_chest_contrast")], "bob", NOW)
        one = names.get_name(connection, key)
        assert (one.state, one.procedure_id, one.decided_by) == (
            "confirmed",
            "ct_chest_contrast",
            "bob",
        )
        decide(connection, LIBRARY, [Verdict(key, "undo")], "ann", NOW)
        assert names.get_name(connection, key).procedure_id == "ct_chest_hr"
        decide(connection, LIBRARY, [Verdict(key, "undo")], "ann", NOW)
        one = names.get_name(connection, key)
        assert (one.state, one.procedure_id, one.source) == ("open", "ct_chest", "words")
        acts = [(entry.act, entry.by) for entry in names.history(connection, key)]
        assert acts == [("confirm", "ann"), ("confirm", "bob"), ("undo", "ann"), ("undo", "ann")]


def test_a_decision_makes_the_exams_of_its_name_due_and_no_others(engine):
    """What a person decides reaches the derived doses of the exams that bear the name."""
    with writing(engine) as connection:
        _exams(connection, *[_named("CT", "CT thorax natif")] * 2, _named("CT", "Kopf nativ"))
        look(connection, LIBRARY)
        assert not connection.scalars(select(DerivationDue.exam_id)).all()
        key = name_id("ct", "CT thorax natif")
        decide(connection, LIBRARY, [Verdict(key, "confirm", "ct_chest")], "ann", NOW)
        due = connection.scalars(select(DerivationDue.exam_id).order_by(DerivationDue.exam_id))
        assert due.all() == ["e001", "e002"]


def test_a_confirmed_suggestion_derives_nothing_again(engine):
    """Exams that are derived as their name says keep their doses and learn who said so."""
    key = name_id("ct", "CT thorax natif")
    with writing(engine) as connection:
        _exams(connection, *[_named("CT", "CT thorax natif")] * 2)
        look(connection, LIBRARY)
        for exam_id, procedure_id, source in (
            ("e001", "ct_chest", "words"),
            ("e002", "ct_chest_contrast", "code"),
        ):
            connection.execute(
                insert(ExamDose).values(
                    exam_id=exam_id,
                    version=1,
                    patient_id="p",
                    procedure_id=procedure_id,
                    procedure_source=source,
                )
            )
        done = decide(connection, LIBRARY, [Verdict(key, "confirm", "ct_chest")], "ann", NOW)
        assert done.exams == 1
        assert connection.scalars(select(DerivationDue.exam_id)).all() == ["e002"]
        source = select(ExamDose.procedure_source).where(ExamDose.exam_id == "e001")
        assert connection.scalar(source) == "decision"
        decide(connection, LIBRARY, [Verdict(key, "undo")], "ann", NOW)
        due = connection.scalars(select(DerivationDue.exam_id).order_by(DerivationDue.exam_id))
        assert due.all() == ["e001", "e002"]


def test_a_batch_is_taken_back_by_whoever_decided_it_save_what_was_decided_since(engine):
    """Undo of many accepts leaves alone what another person decided meanwhile."""
    texts = ["CT thorax natif", "CT Kopf nativ", "CT Becken"]
    keys = [name_id("ct", text) for text in texts]
    with writing(engine) as connection:
        _exams(connection, *[_named("CT", text) for text in texts])
        look(connection, LIBRARY)
        batch = [Verdict(key, "confirm", "ct_head") for key in keys]
        done = decide(connection, LIBRARY, batch, "ann", NOW)
        assert (done.names, done.exams) == (3, 3)
        decide(connection, LIBRARY, [Verdict(keys[1], "confirm", "ct_head_contrast")], "bob", NOW)
        span = (done.first_decision, done.last_decision)
        assert undo_range(connection, LIBRARY, span, "bob", NOW).names == 0
        assert undo_range(connection, LIBRARY, span, "ann", NOW).names == 2
        assert [names.get_name(connection, key).state for key in keys] == [
            "open",
            "confirmed",
            "open",
        ]


def test_learning_gives_a_version_only_when_something_was_learned(engine):
    """Rules are versioned and re-runnable; open names follow, with who taught them."""
    with writing(engine) as connection:
        _exams(
            connection,
            *[_named("CT", f"PANEX {number} mg") for number in ("eins", "zwei", "drei", "vier")],
            *[_named("CT", f"PANEX {number}") for number in ("funf", "sechs", "sieben")],
        )
        look(connection, LIBRARY)
        verdicts = [
            Verdict(one.id, "confirm", "ct_polytrauma")
            for one in names.list_names(connection, Filter(text="mg"))
        ]
        decide(connection, LIBRARY, verdicts, "ann", NOW)
        learn(connection, LIBRARY, "ann", NOW)
        learn(connection, LIBRARY, "ann", NOW)
        assert connection.scalars(select(ProcedureRules.version)).all() == [1]
        one = _listed(connection)["PANEX sechs"]
        assert (one.suggestion_id, one.source, one.rule_version) == ("ct_polytrauma", "rules", 1)
        assert "PANEX" in one.why
        assert one.procedure_id == ""
        assert names.latest_run(connection).example_count == 4


class Watch:
    """A clock that goes on by `step` seconds with each look at it."""

    def __init__(self):
        self.now, self.step = 0.0, 0.0

    def __call__(self):
        """The time, in seconds."""
        self.now += self.step
        return self.now


def test_new_names_are_listed_with_the_batch_that_brings_them(engine):
    """An exam that is derived brings its name; counts that take long rest five minutes at most."""
    watch = Watch()
    keeper = NameKeeper(lambda _: LIBRARY, watch)
    with writing(engine) as connection:
        _exams(connection, _named("CT", "CT thorax natif"))
        watch.step = 60.0
        keeper(connection, [])
        watch.step = 0.0
        assert list(_listed(connection)) == ["CT thorax natif"]
        _exams(connection, _named("CT", "CT thorax natif"), _named("CT", "Kopf nativ"), start=2)
        connection.execute(
            Exam.__table__.update()
            .where(Exam.id == "e003")
            .values(name_id=name_id("ct", "Kopf nativ"))
        )
        keeper(
            connection,
            [SimpleNamespace(exam=SimpleNamespace(exam_id=one)) for one in ("e002", "e003")],
        )
        assert _listed(connection)["Kopf nativ"].procedure_id == "ct_head"
        assert _listed(connection)["CT thorax natif"].exam_count == 1
        watch.now += 300.0
        keeper(connection, [])
        assert _listed(connection)["CT thorax natif"].exam_count == 2


def test_counts_of_a_small_archive_follow_with_each_batch(engine):
    """The last exams of a day are counted although none comes after them to bring the count on."""
    watch = Watch()
    keeper = NameKeeper(lambda _: LIBRARY, watch)
    with writing(engine) as connection:
        for batch in (1, 2, 3):
            watch.step = 0.001
            _exams(connection, _named("CT", "CT thorax natif"), start=batch)
            keeper(connection, [])
            assert _listed(connection)["CT thorax natif"].exam_count == batch
            watch.now += 0.5


def test_the_resolver_follows_every_decision(engine):
    """What derivation asks has a revision that changes with each decision and learning run."""
    with writing(engine) as connection:
        _exams(connection, _named("CT", "Tx 4711"))
        look(connection, LIBRARY)
        exam = SimpleNamespace(
            modality="CT",
            descriptions=("TX  4711",),
            procedures=(),
            protocols=(),
            procedure_codes=(),
            events=(),
        )
        revision = names.resolver_revision(connection)
        assert names.load_resolver(connection, LIBRARY)(exam) == ("", "")
        key = name_id("ct", "tx 4711")
        decide(connection, LIBRARY, [Verdict(key, "confirm", "ct_chest")], "ann", NOW)
        assert names.resolver_revision(connection) != revision
        assert names.load_resolver(connection, LIBRARY)(exam) == ("ct_chest", "decision")
        assert connection.scalar(select(func.count()).select_from(ProcedureDecision)) == 1


def test_a_decision_reaches_the_derived_doses_of_captured_exams(engine, tmp_path):
    """From a captured report to the statistics' procedure: by words at once, then as decided."""
    evidence = EvidenceFolder(tmp_path / "evidence")
    hospital = Hospital(engine, evidence, Ingest(engine, evidence))
    for box_id in ("ct-1", "angio-1", "xray-2", "mammo-1", "petct-1"):
        hospital.add_box(box_id, box_id, NOW)
    hospital.send(
        message for exam in morning(7, 3, day=NOW.date()) for message in messages(hospital, exam)
    )
    rules, keeper = RulesInForce(), NameKeeper(lambda _: LIBRARY)
    with writing(engine) as connection:
        derive_batch(connection, rules(connection), 500, [keeper])
        listed = names.list_names(connection, Filter())
        shown = dict(
            connection.execute(
                select(Exam.name_id, ExamDose.procedure_id).join(
                    ExamDose, ExamDose.exam_id == Exam.id
                )
            ).all()
        )
        assert listed
        assert {one.id: one.procedure_id for one in listed} == shown
        assert sum(one.exam_count for one in listed) == connection.scalar(
            select(func.count()).select_from(Exam)
        )
        other = next(one for one in listed if one.procedure_id != "ct_kub")
        done = decide(connection, LIBRARY, [Verdict(other.id, "confirm", "ct_kub")], "ann", NOW)
        assert done.exams == other.exam_count
        derive_batch(connection, rules(connection), 500, [keeper])
        procedures = connection.execute(
            select(ExamDose.procedure_id, ExamDose.procedure_source)
            .join(Exam, Exam.id == ExamDose.exam_id)
            .where(Exam.name_id == other.id)
        )
        assert {tuple(row) for row in procedures} == {("ct_kub", "decision")}
