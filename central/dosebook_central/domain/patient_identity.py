"""Who an evidence speaks of, and how names are folded to be found."""

import unicodedata
from collections.abc import Sequence
from typing import Final

from dosebook_central.domain.evidence import Evidence
from dosebook_central.domain.exam import PatientIdentity

UNIDENTIFIED: Final = "unidentified"
"""Issuer of the identifiers that stand in for a patient whom no evidence identifies (P20)."""

_VOICED: Final = "\u3099\u309a"  # marks that make another letter of a kana, not an accent

# Letters that Unicode does not take apart into a base and a mark; ß folds to ss by itself.
_WHOLE_LETTERS: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
)

PatientKey = tuple[str, str]  # (identifier, issuer)
_NOBODY: Final[PatientKey] = ("", "")
_INSTRUMENT: Final = "instrument"


def split_by_patient(
    evidences: Sequence[Evidence],
) -> dict[PatientKey, tuple[Evidence, ...]]:
    """Share the evidences of one group among the patients whom they name.

    Identity is identifier and issuer (P21). Inside a group, which its UIDs tie together, an
    identifier without issuer is the one with the same text if there is only one such, and an
    evidence without identifier belongs to the group's only patient. So does what only repeats an
    identifier that no other evidence names: an instrument never knows its patient by itself.
    """
    named = {_key(evidence) for evidence in evidences if not _is_told(evidence)} - {_NOBODY}
    keys = named or {_key(evidence) for evidence in evidences} - {_NOBODY}
    stated = {key for key in keys if key[1]}
    merged = {key: _with_issuer(key, stated) for key in keys}
    patients = set(merged.values())
    nobody = next(iter(patients)) if len(patients) == 1 else _NOBODY
    split: dict[PatientKey, list[Evidence]] = {}
    for evidence in evidences:
        split.setdefault(merged.get(_key(evidence), nobody), []).append(evidence)
    return {key: tuple(split[key]) for key in sorted(split)}


def may_be_one_person(one: PatientKey, other: PatientKey) -> bool:
    """Whether two exams may be of one person: one patient, or one is nobody's for certain.

    That is one whom nobody identified, or an identifier without issuer beside the same with one.
    """
    if UNIDENTIFIED in (one[1], other[1]):
        return True
    return one[0] == other[0] and (one[1] == other[1] or not one[1] or not other[1])


def identity(key: PatientKey, evidences: Sequence[Evidence], stand_in: str) -> PatientIdentity:
    """Describe a patient from the evidences in canonical order.

    `stand_in` identifies a patient for whom no evidence gives an identifier; the name is kept.
    """
    patients = [evidence.reading.patient for evidence in evidences]
    identifier, issuer = key if key != _NOBODY else (stand_in, UNIDENTIFIED)
    return PatientIdentity(
        identifier=identifier,
        issuer=issuer,
        name=next((patient.name for patient in patients if patient.name), ""),
        sex=next((patient.sex for patient in patients if patient.sex), ""),
        birth_date=next((patient.birth_date for patient in patients if patient.birth_date), ""),
    )


def fold_name(name: str) -> str:
    """Fold a DICOM person name for searching: no case, accents, separators or width (P22)."""
    compatible = unicodedata.normalize("NFKD", name.casefold().translate(_WHOLE_LETTERS))
    letters = "".join(
        " " if letter in "^=,." else letter
        for letter in compatible
        if letter in _VOICED or not unicodedata.combining(letter)
    )
    return " ".join(unicodedata.normalize("NFKC", letters).split())


def _is_told(evidence: Evidence) -> bool:
    """Whether the patient was told to it, by a procedure step or by a person's decision."""
    return evidence.source_kind == _INSTRUMENT or _stated(evidence) == _NOBODY


def _key(evidence: Evidence) -> PatientKey:
    stated = _stated(evidence)
    if stated == _NOBODY and evidence.match is not None:
        return (evidence.match.identifier, evidence.match.issuer)
    return stated


def _stated(evidence: Evidence) -> PatientKey:
    patient = evidence.reading.patient
    identifier = patient.id.strip()
    return (identifier, patient.issuer.strip()) if identifier else _NOBODY


def _with_issuer(key: PatientKey, stated: set[PatientKey]) -> PatientKey:
    if key[1]:
        return key
    same = [other for other in stated if other[0] == key[0]]
    return same[0] if len(same) == 1 else key
