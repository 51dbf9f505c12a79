"""Invented patients, seeded, in the character sets that a world of hospitals uses (P22)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from dosebook_edge.simulate.truth import PatientTruth

ISSUER: Final = "RIVERSIDE"
OTHER_ISSUER: Final = "HILLTOP CLINIC"


@dataclass(frozen=True, slots=True)
class SimPatient:
    """An invented person; `charset` is the Specific Character Set (0008,0005) the name needs."""

    id: str
    issuer: str
    name: str
    sex: str
    birth_date: date
    charset: tuple[str, ...]
    size_m: str
    weight_kg: str

    def age_on(self, day: date) -> str:
        """Return Patient's Age (0010,1010) on a day, in the unit that DICOM wants for it."""
        days = (day - self.birth_date).days
        if days < 30:
            return f"{max(days, 0):03d}D"
        if days < 730:
            return f"{days // 30:03d}M"
        return f"{self.years_on(day):03d}Y"

    def years_on(self, day: date) -> int:
        """Return whole years of age on a day."""
        before = (day.month, day.day) < (self.birth_date.month, self.birth_date.day)
        return day.year - self.birth_date.year - before

    @property
    def truth(self) -> PatientTruth:
        """What the ground truth says of this person."""
        return PatientTruth(
            self.id, self.issuer, self.name, self.birth_date.strftime("%Y%m%d"), self.sex
        )


@dataclass(frozen=True, slots=True)
class Names:
    """Given and family names of one character set; `|` parts the components of a name."""

    charset: tuple[str, ...]
    family: Sequence[str]
    female: Sequence[str]
    male: Sequence[str]


# Three-component names: alphabetic, ideographic, phonetic (PS3.5 annex H).
_JAPANESE: Final = Names(
    ("", "ISO 2022 IR 87"),
    ("Mizushima|水島|みずしま", "Kirihara|桐原|きりはら", "Asakura|朝倉|あさくら"),
    ("Haruka|春香|はるか", "Chiyo|千代|ちよ"),
    ("Kenji|健二|けんじ", "Satoru|悟|さとる"),
)
LATIN_1: Final = Names(
    ("ISO_IR 100",),
    ("Brückner", "Sørlie", "Lefèvre", "Ibáñez", "Åkerblom"),
    ("Solène", "Märta", "Inés"),
    ("Jürgen", "Åke", "Aurèle"),
)
_POLISH: Final = Names(
    ("ISO_IR 192",), ("Kołodziej", "Gąsior", "Wróbel"), ("Żaneta", "Bożena"), ("Łukasz", "Wacław")
)
_GREEK: Final = Names(
    ("ISO_IR 192",), ("Τριανταφύλλου", "Παπαδήμα"), ("Ελένη", "Δάφνη"), ("Νίκος", "Πέτρος")
)
_CYRILLIC: Final = Names(
    ("ISO_IR 144",), ("Коваленко", "Черных"), ("Марина", "Злата"), ("Илья", "Родион")
)
ASCII: Final = Names(
    (),
    ("Fenwick", "Okonjo", "Marlowe", "Castellan", "Thorne", "Vasquez", "Hollis", "Penhale"),
    ("Beatrix", "Imogen", "Rosa", "Nadia", "Clara"),
    ("Ambrose", "Desmond", "Felix", "Hugo", "Rufus"),
)
_POOL: Final = (ASCII, ASCII, ASCII, LATIN_1, LATIN_1, _POLISH, _GREEK, _CYRILLIC, _JAPANESE)


def person_name(rng: Random, names: Names, sex: str) -> str:
    """Invent a name: family and given, in each of its component groups."""
    given = rng.choice(names.female if sex == "F" else names.male)
    family = rng.choice(names.family)
    groups = zip(family.split("|"), given.split("|"), strict=True)
    return "=".join(f"{part}^{first}" for part, first in groups)


def random_patient(
    rng: Random,
    *,
    number: int | None = None,
    day: date = date(2026, 11, 20),
    sex: str | None = None,
    names: Names | None = None,
) -> SimPatient:
    """Invent one patient; `number` fixes the identifier, `day` the day that ages refer to."""
    pool = names or rng.choice(_POOL)
    chosen = sex or rng.choice("FM")
    child = sex is None and rng.random() < 0.12
    years = rng.randint(1, 15) if child else min(rng.randint(19, 92), rng.randint(40, 92))
    height = 0.75 + 0.062 * years if child else rng.gauss(1.64 if chosen == "F" else 1.77, 0.07)
    index = rng.uniform(15, 19) if child else rng.gauss(26, 3.5)
    serial = number if number is not None else rng.randint(0, 999_999)
    return SimPatient(
        id=f"{serial:07d}",  # leading zeros: an identifier is text
        issuer=ISSUER,
        name=person_name(rng, pool, chosen),
        sex=chosen,
        birth_date=day - timedelta(days=years * 365 + rng.randint(1, 364)),
        charset=pool.charset,
        size_m=f"{height:.2f}",
        weight_kg=f"{max(index, 14) * height * height:.1f}",
    )


def population(rng: Random, count: int, day: date) -> list[SimPatient]:
    """Invent distinct patients; the last has the first's bare id, of another issuer (P21)."""
    start = rng.randint(1000, 800_000)
    people = [random_patient(rng, number=start + 7 * i, day=day) for i in range(count)]
    if count > 2:
        stranger = random_patient(rng, number=start, day=day)
        people[-1] = SimPatient(
            stranger.id, OTHER_ISSUER, stranger.name, stranger.sex, stranger.birth_date,
            stranger.charset, stranger.size_m, stranger.weight_kg,
        )  # fmt: skip
    return people
