"""Who and what a screen is to show, and how."""

from dataclasses import dataclass
from random import Random

from dosebook_edge.simulate.random_patient import ASCII, SimPatient, random_patient
from dosebook_edge.simulate.screens.faces import DEJAVU, Faces
from dosebook_edge.simulate.screens.rows import CtRow
from dosebook_edge.simulate.screens.words import WORDS


@dataclass(frozen=True, slots=True)
class Visit:
    """Who is on the table, as a screen shows it."""

    patient_id: str
    patient_name: str
    accession: str
    date: str

    @classmethod
    def of(cls, rng: Random, patient: SimPatient | None = None, accession: str = "") -> "Visit":
        """Show a patient, or an invented one; the alphabetic part of the name alone."""
        shown = patient or random_patient(rng, names=ASCII)
        number = accession or f"A2611{rng.randrange(100_000):05d}"
        name = shown.name.split("=")[0].replace("^", ", ").upper()
        return cls(shown.id, name, number, f"2026-11-{rng.randint(1, 28):02d}")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of a drawing: language, decimal mark, typefaces and the visit to show.

    `rows` are the irradiations of a CT; none: they are invented.
    """

    visit: Visit
    language: str = "en"
    mark: str = "."
    faces: Faces = DEJAVU
    rows: tuple[CtRow, ...] = ()

    @property
    def words(self) -> dict[str, str]:
        """The labels in the language."""
        return WORDS[self.language]
