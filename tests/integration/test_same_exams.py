"""Exams that may be one in a registry: found, decided, taken back, on both engines."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import insert

from dosebook_central.audit import log
from dosebook_central.domain.exam import Role, from_json
from dosebook_central.domain.same_exam import Rule
from dosebook_central.ingest.recompute import Recomputer
from dosebook_central.same_exams import decide
from dosebook_central.store import same_exams
from dosebook_central.store.dose_models import Alert, ExamDose
from dosebook_central.store.models import Exam
from dosebook_central.store.queries.alert_list import count_alerts, list_alerts
from dosebook_central.store.same_exam_models import SameExamDecision, SameExamHint
from dosebook_protocol.reading import Patient
from tests.support.readings import PATIENT, event, reading
from tests.support.registry import NOW, RegistryUnderTest, SigningBox
from tests.support.same_exams import SHOTS, screen, take_in, xray


@pytest.fixture
def box(registry):
    """The box of an angiography room."""
    return registry.add(SigningBox("angio-1"))


def perform(registry, verb, *arguments):
    """Decide something as the page does."""
    return log.perform(
        registry.engine,
        lambda connection: getattr(decide, verb)(connection, *arguments, "physicist", NOW),
        lambda done: log.Act("physicist", f"same-exam.{verb}", detail={"done": done}),
    )


def by_study(registry):
    """Exam ids by their first study."""
    return dict(registry.rows(Exam.study_uid, Exam.id))


def hints(registry):
    """The studies of each open hint."""
    studies = {exam_id: study for study, exam_id in by_study(registry).items()}
    rows = registry.rows(SameExamHint.first_exam_id, SameExamHint.second_exam_id)
    return {frozenset(studies[exam_id] for exam_id in row) for row in rows}


def doses(registry):
    """KAP of every exam that the present view of doses holds."""
    return sorted(str(row[0]) for row in registry.rows(ExamDose.dose_area_product_gy_cm2))


def join(registry, counted="1.9", other="1.8"):
    """Decide that the exams of two studies are one."""
    exams = by_study(registry)
    assert perform(registry, "one", exams[counted], exams[other], "screen of the same procedure")
    take_in(registry, None)


def last_decision(registry):
    """The id of the newest decision."""
    return max(registry.rows(SameExamDecision.id))[0]


def test_p07_a_screen_under_another_study_is_hinted_in_any_order(registry, box):
    """P7: report and screen of two studies are hinted, whichever came first."""
    take_in(registry, box, screen())
    assert hints(registry) == set()
    take_in(registry, box, xray())
    assert hints(registry) == {frozenset({"1.9", "1.8"})}


def test_p07_one_exam_counts_once_and_shows_the_other_evidence(registry, box):
    """P7: decided to be one, the report's dose counts alone; the screen stands beside it."""
    take_in(registry, box, xray(), screen())
    kept = by_study(registry)["1.9"]
    assert doses(registry) == ["4.236", "4.24"]
    join(registry)
    assert registry.rows(Exam.id) == [(kept,)]
    assert doses(registry) == ["4.236"]
    ((summary,),) = registry.rows(Exam.summary)
    uses = {use.kind: use for use in from_json(summary).evidences}
    assert uses["rdsr-projection"].role is Role.COUNTED
    assert uses["dose-sc-header"].role is Role.CORROBORATES
    assert "a person decided" in uses["dose-sc-header"].reason
    assert hints(registry) == set()


def test_the_weaker_evidence_counts_where_a_person_chose_it(registry, box):
    """The screen counts where the person said so, although a report is stronger by itself."""
    take_in(registry, box, xray(), screen())
    join(registry, counted="1.8", other="1.9")
    assert doses(registry) == ["4.24"]
    assert by_study(registry).keys() == {"1.8"}


def test_an_undo_gives_back_both_exams_byte_for_byte(registry, box):
    """Taken back, exams, events and patients are those of before, and the hint is open again."""
    take_in(registry, box, xray(), screen())
    before, seen = registry.everything(), hints(registry)
    join(registry)
    assert registry.everything() != before
    assert perform(registry, "take_back", last_decision(registry))
    assert registry.everything() == before
    assert hints(registry) == seen
    take_in(registry, None)
    assert doses(registry) == ["4.236", "4.24"]
    assert not perform(registry, "take_back", last_decision(registry) - 1)


def test_later_records_of_either_study_keep_the_decision(registry, box):
    """What comes for the report's study counts, what comes for the screen's only stands beside."""
    take_in(registry, box, xray(), screen())
    join(registry)
    more = xray(uid="1.9.2", shots=[*SHOTS, ("10:30:00", "1.000")], created="2026-03-02T10:40:00")
    take_in(registry, box, screen("1.8", "9.99", accession="A1"), more)
    assert doses(registry) == ["5.236"]
    assert len(registry.rows(Exam.id)) == 1
    take_in(registry, box, xray("1.8", uid="1.8.7", shots=[("10:02:12", "7.7")]))
    assert doses(registry) == ["5.236"]


def test_the_order_of_arrival_does_not_matter_to_a_decision(tmp_path):
    """Decided early or late, between any records, the exam is the same."""
    found = set()
    report, shown = xray(), screen()
    newer = xray(uid="1.9.2", shots=[*SHOTS, ("10:30:00", "1.000")])
    for order in ((report, shown, newer), (shown, report, newer), (newer, shown, report)):
        folder = tmp_path / str(len(found)) / order[0].sop_instance_uid
        folder.mkdir(parents=True)
        registry = RegistryUnderTest(folder)
        box = registry.add(SigningBox("angio-1"))
        has_joined = False
        for one in order:
            take_in(registry, box, one)
            if not has_joined and hints(registry):
                join(registry)
                has_joined = True
        assert has_joined
        found.add(repr(registry.everything()))
        registry.close()
    assert len(found) == 1


def test_two_exams_are_never_hinted_again_until_the_facts_change(registry, box):
    """A hint that was decided to be two exams stays away, until a total becomes another."""
    take_in(registry, box, xray(), screen())
    exams = by_study(registry)
    assert perform(registry, "two", exams["1.8"], exams["1.9"], "two patients in a row")
    assert hints(registry) == set()
    take_in(registry, box, replace(xray(), sop_instance_uid="1.9.1", series_number="7"))
    assert hints(registry) == set()
    assert perform(registry, "take_back", last_decision(registry))
    assert len(hints(registry)) == 1
    assert perform(registry, "two", exams["1.8"], exams["1.9"], "again")
    changed = xray(uid="1.9.2", shots=[*SHOTS, ("10:30:00", "0.001")])
    take_in(registry, box, changed)
    assert len(hints(registry)) == 1


def test_p20_a_screen_without_a_patient_joins_the_patient_of_the_machine(registry, box):
    """P20: the same machine, time and dose without a patient is hinted, and becomes theirs."""
    take_in(registry, box, xray(), screen(patient=Patient(), accession=""))
    assert len(hints(registry)) == 1
    join(registry)
    assert [name for _, _, _, name in registry.patients()] == [PATIENT.name]
    assert doses(registry) == ["4.236"]


def test_another_known_patient_is_never_hinted(registry, box):
    """Two patients who are both identified are two, however alike their exams look."""
    take_in(registry, box, xray(), screen(patient=replace(PATIENT, id="4712")))
    assert hints(registry) == set()


def test_three_that_are_one_come_apart_one_by_one(registry, box):
    """Two decisions tie three studies; taking one back leaves the other in force."""
    take_in(registry, box, xray(), screen(), screen("1.7", "4.24"))
    join(registry)
    first = last_decision(registry)
    join(registry, other="1.7")
    assert by_study(registry).keys() == {"1.9"}
    assert perform(registry, "take_back", first)
    assert by_study(registry).keys() == {"1.9", "1.8"}
    assert perform(registry, "take_back", first + 1)
    assert by_study(registry).keys() == {"1.9", "1.8", "1.7"}


@pytest.mark.parametrize("taken_back", [0, 1])
def test_of_three_the_part_that_keeps_the_name_comes_away_whole(registry, box, taken_back):
    """P7: whichever side the group is named after, what is taken back is two exams again."""
    take_in(registry, box, screen(), screen("1.7", "4.24"))
    join(registry, "1.8", "1.7")
    take_in(registry, box, xray())
    join(registry)
    assert doses(registry) == ["4.236"]
    assert perform(registry, "take_back", last_decision(registry) - 1 + taken_back)
    take_in(registry, None)
    assert (by_study(registry).keys(), doses(registry)) == [
        ({"1.9", "1.7"}, ["4.236", "4.24"]),
        ({"1.9", "1.8"}, ["4.236", "4.24"]),
    ][taken_back]
    report = xray(uid="1.9.2", shots=[*SHOTS, ("10:30:00", "1.000")], created="2026-03-02T10:40:00")
    take_in(registry, box, report)
    assert doses(registry) == ["4.24", "5.236"]


def test_a_decision_needs_an_open_hint(registry, box):
    """Exams that nothing makes suspicious cannot be joined by an address that somebody made up."""
    take_in(registry, box, xray(), screen(dose="7.31", accession="A2"))
    exams = by_study(registry)
    assert not perform(registry, "one", exams["1.9"], exams["1.8"], "no")
    assert not perform(registry, "two", exams["1.9"], exams["1.8"], "no")


def test_looking_takes_as_many_statements_for_many_exams_as_for_few(registry, box):
    """A batch of derived exams is compared in a handful of statements."""
    counts = []
    for size in (2, 12):
        studies = [f"1.{size}.{number}" for number in range(size)]
        for number, study in enumerate(studies):
            known = replace(PATIENT, id=f"{size}-{number}")
            take_in(registry, box, xray(study, patient=known), screen(f"{study}.8", patient=known))
        ids = [by_study(registry)[study] for study in studies]
        with registry.engine.begin() as connection:
            registry.statements.clear()
            decide.look(connection, ids)
            counts.append(len(registry.statements))
    assert counts[0] == counts[1] <= 8


def test_records_that_arrive_while_somebody_decides_find_their_place(registry, box):
    """Joined and taken back beside writers of both studies: the exams follow from what is known."""
    take_in(registry, box, xray(), screen())
    exams = by_study(registry)
    later = [
        xray(uid="1.9.2", shots=[*SHOTS, ("10:30:00", "1.000")]),
        screen("1.8", "9.99", accession="A1"),
        screen("1.8", "9.98", accession="A1"),
        screen("1.9", "5.24", accession="A1"),
    ]
    messages = [box.message(repr(one).encode(), one) for one in later]

    def arrive():
        return [status for one in messages for status in registry.statuses(one)]

    with ThreadPoolExecutor(2) as pool:
        arriving = pool.submit(arrive)
        for _ in range(3):
            made = perform(registry, "one", exams["1.9"], exams["1.8"], "screen")
            if made is None:  # the hint changed with what arrived
                break
            assert perform(registry, "take_back", made)
        assert arriving.result() == ["stored"] * len(later)
    take_in(registry, None)
    assert by_study(registry).keys() == {"1.9", "1.8"}
    before = registry.everything()
    assert perform(registry, "one", exams["1.9"], exams["1.8"], "screen")
    assert len(registry.rows(Exam.id)) == 1
    assert perform(registry, "take_back", last_decision(registry))
    assert registry.everything() == before


def raise_alert(registry, exam_id):
    """As derivation does, where a rule fires for an exam."""
    alert = {
        "exam_id": exam_id,
        "rule_id": "kap",
        "rule_version": 1,
        "patient_id": "p",
        "level": "alert",
        "sentence": "KAP",
        "raised_at": NOW,
        "derivation_version": 1,
    }
    with registry.engine.begin() as connection:
        connection.execute(insert(Alert).values(**alert))


def test_an_alert_of_the_exam_that_is_no_more_is_withdrawn(registry, box):
    """An alert on the double stands no more once both are one; it keeps its line."""
    take_in(registry, box, xray(), screen())
    raise_alert(registry, by_study(registry)["1.8"])
    join(registry)
    with registry.engine.connect() as connection:
        assert count_alerts(connection) == 0
    assert registry.rows(Alert.withdrawn_at) == [(NOW,)]


def test_p09_an_alert_is_withdrawn_also_where_a_record_made_two_exams_one(registry, box):
    """P9: what stands is counted and listed alike, also after two studies turned out to be one."""
    one, other = (reading(uid=f"1.{n}", study=f"9.{n}", events=[event(f"{n}.a")]) for n in (1, 2))
    for number, record in enumerate((one, other)):
        registry.statuses(box.message(f"{number}".encode(), record))
    for exam_id in by_study(registry).values():
        raise_alert(registry, exam_id)
    tie = reading(uid="1.5", study="9.1", events=[event("2.a"), event("1.a")])
    registry.statuses(box.message(b"tie", tie))
    (exam_id,) = by_study(registry).values()
    with registry.engine.connect() as connection:
        assert [one.exam_id for one in list_alerts(connection)] == [exam_id]
        assert count_alerts(connection) == 1


def test_joined_into_names_the_exam_that_an_old_address_meant(registry, box):
    """The address of the exam that is no more leads to the one that counts."""
    take_in(registry, box, xray(), screen())
    exams = by_study(registry)
    join(registry)
    with registry.engine.connect() as connection:
        assert same_exams.joined_into(connection, exams["1.8"]) == exams["1.9"]
        assert same_exams.joined_into(connection, exams["1.9"]) is None


def test_p09_one_procedure_anonymised_twice_is_hinted_and_joined(registry, box, corpus):
    """P9: two anonymised copies of one procedure share no UID; joined, the dose counts once."""
    files = [corpus / f"rf/{name}.dcm" for name in ("siemens_axiom_example_procedure", "kalag-S1")]
    if not all(path.is_file() for path in files):
        pytest.skip("corpus: this part does not hold the two anonymised copies")
    for path in files:
        assert registry.statuses(box.message(path.read_bytes())) == ["stored"]
    take_in(registry, box)
    ((body,),) = registry.rows(SameExamHint.body)
    hint = same_exams.hint_from_json(body)
    assert hint.rule is Rule.EXPOSURES
    assert {(one.quantity, str(one.value)) for one in hint.doubled} == {
        ("dose_area_product", "2.7902"),
        ("dose_rp", "14.06"),
    }
    assert doses(registry) == ["2.7902", "2.7902"]
    studies = sorted(by_study(registry))
    join(registry, *studies)
    assert doses(registry) == ["2.7902"]
    ((summary,),) = registry.rows(Exam.summary)
    assert from_json(summary).conflicts == ()
    Recomputer(registry.engine, registry.evidence).run(everything=True)
    take_in(registry, box)
    assert doses(registry) == ["2.7902"]
    assert perform(registry, "take_back", last_decision(registry))
    assert sorted(by_study(registry)) == studies
