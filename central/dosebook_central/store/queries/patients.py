"""Find patients by folded name, identifier or accession number."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, func, or_, select

from dosebook_central.domain.patient_identity import fold_name
from dosebook_central.store.models import Exam, Patient

SEARCH_LIMIT: Final = 25
_LAST_BEFORE_CJK: Final = 0x2FFF


@dataclass(frozen=True, slots=True)
class PatientHeader:
    """Who a page is about: always shown in the same place and order."""

    id: str
    issuer: str
    identifier: str
    name: str
    sex: str
    birth_date: str


@dataclass(frozen=True, slots=True)
class PatientHit:
    """One line of the search results."""

    header: PatientHeader
    exam_count: int
    last_exam: str
    modalities: tuple[str, ...]


def get_patient(connection: Connection, patient_id: str) -> PatientHeader | None:
    """Return one patient's header."""
    row = connection.execute(header_columns().where(Patient.id == patient_id)).one_or_none()
    return PatientHeader(*row) if row else None


def header_columns() -> Select[*tuple[Any, ...]]:
    """The columns of `PatientHeader`, in its order."""
    return select(
        Patient.id,
        Patient.issuer,
        Patient.identifier,
        Patient.name,
        Patient.sex,
        Patient.birth_date,
    )


def is_too_short(text: str) -> bool:
    """Whether a text would find everybody: one letter does, one ideograph does not."""
    letters = text.strip()
    return not letters or (len(letters) == 1 and ord(letters) <= _LAST_BEFORE_CJK)


def search(connection: Connection, text: str, limit: int = SEARCH_LIMIT) -> list[PatientHit]:
    """Patients whose name holds every word of `text`, or whose identifier or accession starts it.

    Names are compared folded: without case, diacritics and order, over all component groups, so
    that a Japanese name is found by its ideographs, its kana and its romanised form.
    """
    if is_too_short(text):
        return []
    words = fold_name(text).split()
    literal = text.strip()
    # Not correlated: looked up once by its index, and not for each patient of the archive.
    accessed = select(Exam.patient_id).where(Exam.accession_number == literal)
    by_number = or_(
        Patient.identifier.startswith(literal, autoescape=True), Patient.id.in_(accessed)
    )
    by_name = and_(*(Patient.name_search.contains(word, autoescape=True) for word in words))
    found = header_columns().where(or_(by_number, by_name) if words else by_number)
    rows = connection.execute(found.order_by(Patient.name_search, Patient.id).limit(limit)).all()
    headers = {row.id: PatientHeader(*row) for row in rows}
    last = func.max(Exam.started).label("last")
    about = select(Exam.patient_id, Exam.modality, func.count().label("n"), last).where(
        Exam.patient_id.in_(headers)
    )
    counts: dict[str, list[tuple[str, int, str]]] = {}
    for line in connection.execute(about.group_by(Exam.patient_id, Exam.modality)):
        counts.setdefault(line.patient_id, []).append((line.modality, line.n, line.last))
    return [_hit(header, counts.get(key, [])) for key, header in headers.items()]


def _hit(header: PatientHeader, counts: list[tuple[str, int, str]]) -> PatientHit:
    return PatientHit(
        header=header,
        exam_count=sum(n for _, n, _ in counts),
        last_exam=max((last for _, _, last in counts), default=""),
        modalities=tuple(sorted(modality for modality, _, _ in counts)),
    )
