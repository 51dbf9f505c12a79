"""What pages ask of derived doses, on both engines."""

from datetime import date
from decimal import Decimal

from sqlalchemy import insert

from dosebook_central.dosimetry.stored_form import to_text
from dosebook_central.dosimetry.values import Derived, DerivedValue, Method
from dosebook_central.store.dose_models import Derivation, DerivationDue, ExamDose, RegionDose
from dosebook_central.store.engine import writing
from dosebook_central.store.queries.derived import (
    get_derived,
    get_version,
    patient_doses,
    patient_regions,
)
from tests.support.registry import NOW

METHOD = Method("stated", "as the object states it", "1", "the object")


def dlp(number):
    """A derivation with one value."""
    return Derived(values=(DerivedValue("dlp", Decimal(number), "mGy.cm", METHOD),))


def derivation(version, number, **fields):
    """A row of history."""
    return {
        "exam_id": "e1",
        "version": version,
        "computed_at": NOW,
        "software": "1",
        "sets_sha256": "s",
        "input_sha256": f"i{version}",
        "reason": "",
        "is_trial": False,
        "body": to_text(dlp(number)),
    } | fields


def region(exam_id="e1", started="2026-03-02T10:00:00", **fields):
    """A row of the present view by region."""
    return {
        "exam_id": exam_id,
        "region": "chest",
        "quantity": "dlp",
        "phantom": "32cm",
        "patient_id": "p1",
        "started": started,
        "modality": "CT",
        "is_therapeutic": False,
        "value": Decimal(5),
        "event_count": 1,
    } | fields


def write(registry, model, *rows):
    """Insert rows."""
    with writing(registry.engine) as connection:
        for row in rows:
            connection.execute(insert(model).values(**row))


def test_p56_exam_has_the_version_in_force_and_all_others_beside_it(registry):
    """P56: what was derived before stays readable beside what holds, a trial marked as one."""
    trial = derivation(3, 7, is_trial=True, reason="deak2010 1")
    write(registry, Derivation, derivation(1, 3), derivation(2, 4), trial)
    with registry.engine.connect() as connection:
        assert get_derived(connection, "e1") is None
    write(registry, ExamDose, {"exam_id": "e1", "version": 2, "patient_id": "p1"})
    with registry.engine.connect() as connection:
        found = get_derived(connection, "e1")
        assert found is not None
        assert found.derived == dlp(4)
        assert found.in_force.version == 2
        assert [(one.version, one.is_trial) for one in found.versions] == [
            (3, True),
            (2, False),
            (1, False),
        ]
        assert found.versions[0].computed_at == NOW
        assert not found.is_due
        assert get_version(connection, "e1", 1) == dlp(3)
        assert get_version(connection, "e1", 9) is None
        assert get_derived(connection, "e2") is None


def test_exam_says_that_a_newer_derivation_is_awaited(registry):
    """A page can tell that what it shows is about to be replaced."""
    write(registry, Derivation, derivation(1, 3))
    write(registry, ExamDose, {"exam_id": "e1", "version": 1, "patient_id": "p1"})
    write(registry, DerivationDue, {"exam_id": "e1", "priority": 0, "since": NOW})
    with registry.engine.connect() as connection:
        found = get_derived(connection, "e1")
    assert found is not None
    assert found.is_due


def test_p29_doses_of_a_patient_keep_what_is_missing_missing(registry):
    """P29: a dose that is not computable is None, a computed zero is 0; newest exam first."""
    write(
        registry,
        ExamDose,
        {"exam_id": "e1", "version": 1, "patient_id": "p1", "started": "2025"},
        {
            "exam_id": "e2",
            "version": 1,
            "patient_id": "p1",
            "started": "2026",
            "effective_dose_msv": Decimal(0),
        },
        {"exam_id": "e3", "version": 1, "patient_id": "p2"},
    )
    with registry.engine.connect() as connection:
        rows = patient_doses(connection, "p1")
    assert [(row.exam_id, row.effective_dose_msv) for row in rows] == [("e2", 0), ("e1", None)]


def test_r100_regions_of_a_patient_leave_therapy_out_unless_asked_for(registry):
    """R100: diagnostic and therapeutic exposures come apart."""
    write(registry, RegionDose, region(), region("e2", is_therapeutic=True))

    def exams(**asked):
        with registry.engine.connect() as connection:
            return [row.exam_id for row in patient_regions(connection, "p1", **asked)]

    assert exams() == ["e1"]
    assert exams(therapeutic=True) == ["e2"]
    assert exams(therapeutic=None) == ["e1", "e2"]


def test_regions_of_a_patient_by_period_and_modality(registry):
    """Both days of a period are included, whatever the time of day."""
    write(
        registry,
        RegionDose,
        region("e1", "2026-03-01T23:59:59"),
        region("e2", "2026-03-02T00:00:00"),
        region("e3", "2026-03-03T23:59:59", modality="PT"),
        region("e4", "2026-03-04"),
        region("e5", patient_id="p2"),
    )

    def exams(**asked):
        with registry.engine.connect() as connection:
            return [row.exam_id for row in patient_regions(connection, "p1", **asked)]

    period = {"since": date(2026, 3, 2), "until": date(2026, 3, 3)}
    assert exams(**period) == ["e2", "e3"]
    assert exams(**period, modality="CT") == ["e2"]
    assert exams() == ["e1", "e2", "e3", "e4"]
