"""A small hospital: a seeded morning's work, and the years before it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Final

from dosebook_edge.simulate import exam as scenarios
from dosebook_edge.simulate.exam import Exam, Scenario
from dosebook_edge.simulate.random_patient import LATIN_1, SimPatient, population, random_patient
from dosebook_edge.simulate.scene import DAY

__all__ = ["Exam", "morning", "people", "priors"]

_POPULATION: Final = 24
_OPENING: Final = time(7, 30)
_MORNING_S: Final = 5 * 3600


@dataclass(frozen=True, slots=True)
class _Kind:
    """A scenario, and who it can befall."""

    scenario: Scenario
    who: str = "anyone"  # anyone, adult, woman, showcase, stranger


# The first rounds of a morning show every way in which a modality sends a dose.
_ROUND: Final = (
    _Kind(scenarios.ct_exam, "showcase"),
    _Kind(scenarios.carm_exam, "adult"),
    _Kind(scenarios.dx_exam),
    _Kind(scenarios.mammo_exam, "woman"),
    _Kind(scenarios.petct_exam, "adult"),
    _Kind(scenarios.biplane_exam, "adult"),
    _Kind(scenarios.ct_cumulative_exam, "adult"),
    _Kind(scenarios.ct_resent_exam),
    _Kind(scenarios.dx_images_exam),
    _Kind(scenarios.ct_continued_exam, "stranger"),
    _Kind(scenarios.carm_cumulative_exam, "adult"),
    _Kind(scenarios.discontinued_exam, "adult"),
    _Kind(scenarios.ct_enhanced_sr_exam),
    _Kind(scenarios.ct_with_images_exam),
    _Kind(scenarios.mpps_only_exam, "adult"),
    _Kind(scenarios.dx_exam, "showcase"),
)
# What a long history is made of, weighted.
_HISTORY: Final[tuple[tuple[Scenario, int], ...]] = (
    (scenarios.ct_exam, 8),
    (scenarios.dx_exam, 7),
    (scenarios.mammo_exam, 3),
    (scenarios.petct_exam, 2),
    (scenarios.carm_exam, 2),
    (scenarios.biplane_exam, 1),
)


def people(seed: int, day: date = DAY) -> list[SimPatient]:
    """Return the patients; the first is the showcase, the last a stranger with her bare id."""
    rng = Random(f"{seed}:people")
    residents = population(rng, _POPULATION, day)
    showcase = random_patient(rng, number=int(residents[0].id), day=day, sex="F", names=LATIN_1)
    return [showcase, *residents[1:]]


def _choose(rng: Random, who: str, patients: list[SimPatient], day: date) -> SimPatient:
    if who == "showcase":
        return patients[0]
    if who == "stranger":
        return patients[-1]
    fitting = [
        patient
        for patient in patients
        if who == "anyone"
        or (patient.years_on(day) >= 18 and (who == "adult" or patient.sex == "F"))
    ]
    return rng.choice(fitting)


def morning(seed: int, exams: int, day: date = DAY) -> Iterator[Exam]:
    """Yield a morning's exams in order; the same seed and count give the same bytes."""
    patients = people(seed, day)
    begin = datetime.combine(day, _OPENING)
    for index in range(exams):
        rng = Random(f"{seed}:exam:{index}")
        kind = _ROUND[index % len(_ROUND)]
        patient = _choose(rng, kind.who, patients, day)
        at = begin + timedelta(seconds=index * _MORNING_S // max(exams, 1) + rng.randrange(120))
        yield kind.scenario(rng, patient, at)


def priors(seed: int, patients: int = 3, years: int = 10, day: date = DAY) -> Iterator[Exam]:
    """Yield earlier exams of the first patients, oldest first: a long history for the showcase."""
    rng = Random(f"{seed}:priors")
    chosen = people(seed, day)[:patients]
    visits: list[tuple[datetime, SimPatient]] = []
    for index, patient in enumerate(chosen):
        count = rng.randint(18, 32) if index == 0 else rng.randint(3, 8)
        since = max((day - patient.birth_date).days - 30, 30)
        reach = min(years * 365, since)
        for _ in range(count):
            on = day - timedelta(days=rng.randint(2, max(reach, 3)))
            clock = time(rng.randint(8, 17), rng.randrange(60), rng.randrange(60))
            visits.append((datetime.combine(on, clock), patient))
    for number, (at, patient) in enumerate(sorted(visits, key=lambda visit: visit[0])):
        inner = Random(f"{seed}:prior:{number}")
        yield _prior(inner, patient, at)


def _prior(rng: Random, patient: SimPatient, at: datetime) -> Exam:
    scenario = rng.choices([row for row, _ in _HISTORY], [weight for _, weight in _HISTORY])[0]
    grown = patient.years_on(at.date()) >= 18
    if scenario is scenarios.mammo_exam and not (patient.sex == "F" and grown):
        scenario = scenarios.dx_exam
    if not grown and scenario in {scenarios.biplane_exam, scenarios.carm_exam}:
        scenario = scenarios.ct_exam
    return scenario(rng, patient, at)
