"""The years of a whole hospital, one person after another; a seed gives the same for ever."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from random import Random
from typing import Final

from dosebook_edge.simulate.population.courses import Visit, visits
from dosebook_edge.simulate.population.exposures import expose
from dosebook_edge.simulate.population.plan import Person, PlannedExam
from dosebook_edge.simulate.population.procedures import PROCEDURES
from dosebook_edge.simulate.random_patient import ASCII, person_name
from dosebook_edge.simulate.scene import DAY, uid

_STATIONS: Final = {"CT": 4, "DX": 6, "PX": 1, "MG": 2, "XA": 2, "RF": 1, "NM": 1, "PT": 1}
_SIZE_STATED: Final = 0.72  # the share of exams whose objects state height and weight


def plan(seed: int, patients: int, years: int = 20, *, first: int = 0) -> Iterator[PlannedExam]:
    """Yield the exams of `patients` people from number `first` on, each person's by time.

    A person's life depends on seed and number alone, so that ranges can be made side by side.
    """
    begin = datetime.combine(DAY, time()) - timedelta(days=years * 365.25)
    for number in range(first, first + patients):
        rng = Random(f"{seed}:person:{number}")
        person = _person(rng, number, begin, years)
        age = (begin.date() - person.birth_date).days / 365.25
        for visit in sorted(visits(rng, person, age, years), key=lambda one: one.day):
            yield _exam(rng, person, visit, begin)


def _person(rng: Random, number: int, begin: datetime, years: int) -> Person:
    sex = rng.choice("FM")
    age = rng.triangular(-years, 88, 45)  # some are born on the way
    size = rng.gauss(1.65 if sex == "F" else 1.78, 0.07)
    return Person(
        id=f"{number:08d}",
        name=person_name(rng, ASCII, sex),
        sex=sex,
        birth_date=(begin - timedelta(days=age * 365.25)).date(),
        size_m=max(1.4, min(size, 2.05)),
        body_mass_index=max(16.5, rng.lognormvariate(3.27, 0.17)),
    )


def _exam(rng: Random, person: Person, visit: Visit, begin: datetime) -> PlannedExam:
    procedure = PROCEDURES[visit.procedure]
    day = (begin + timedelta(days=visit.day)).date()
    clock = time(rng.randint(7, 18), rng.randrange(60), rng.randrange(60))
    started = datetime.combine(day, clock)
    height, weight = person.size_at(started)
    return PlannedExam(
        study_uid=uid(rng),
        person=person,
        started=started,
        modality=procedure.modality,
        procedure=procedure.key,
        description=rng.choice(procedure.names),
        station=f"{procedure.modality}{rng.randint(1, _STATIONS[procedure.modality])}",
        size_m=f"{height:.2f}",
        weight_kg=f"{weight:.1f}",
        is_size_stated=rng.random() < _SIZE_STATED,
        events=tuple(expose(rng, procedure, started, weight, person.years_at(started))),
    )
