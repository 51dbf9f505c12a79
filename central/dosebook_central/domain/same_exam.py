"""Whether two exams of one patient may be one procedure that came under two studies.

Nothing here is proof: study and irradiation event UIDs are what ties evidence, and these two share
none. What is found is a hint with its reasons, and a person decides (docs/understand/same-exam.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from dosebook_central.domain.disagreement import differ, total_pairs
from dosebook_central.domain.exam import ExamSummary, Measure, Role
from dosebook_central.domain.patient_identity import PatientKey, may_be_one_person
from dosebook_central.domain.same_exposures import (
    MINUTE,
    SECOND,
    Exposure,
    are_the_same,
    is_one_number,
    is_timed,
    moment,
)
from dosebook_protocol.quantities import QUANTITIES

NEAR: Final = timedelta(minutes=15)
"""How far apart two objects of one procedure may say they are: clocks of a hospital are minutes
off (docs/understand/time.md), and a screen is sent at the end of what it shows."""

# Objects whose exposures are timed by the modality's own clock.
_BY_MODALITY: Final = frozenset(
    {"rdsr-ct", "rdsr-projection", "rdsr-mammography", "rdsr-enhanced", "rrdsr", "esr-dose-ct"}
    | {"image-header"}
)
# What a box or a person made of a display, a meter or a memory: it bears no UID of the modality.
_BESIDE: Final = frozenset({"dose-sc-header", "screen", "instrument", "manual"})
_MEASURED: Final = "instrument"
_HEADER: Final = "image-header"
_TELLING_DIGITS: Final = 3
_LONGEST: Final = timedelta(hours=12)  # an object made later says nothing of when the exam was
_TIME_ROUNDING_S: Final = 1


class Rule(StrEnum):
    """Which comparison made two exams suspicious."""

    EXPOSURES = "exposures"  # the same exposures at the same moments with the same doses
    TOTALS = "totals"  # the same totals near in time, from evidence of another kind
    ORDER = "order"  # a screen, a meter or an entry beside a report of the same order and machine


@dataclass(frozen=True, slots=True)
class ComparedExam:
    """One exam as the comparison sees it; texts are "" where nothing states them."""

    id: str
    identifier: str
    issuer: str
    started: str
    modality: str
    accession_number: str
    description: str
    protocol: str
    station: str
    manufacturer: str
    model: str
    evidence_kind: str
    summary: ExamSummary = field(repr=False)
    exposures: tuple[Exposure, ...] = ()

    @property
    def patient(self) -> PatientKey:
        """Whose it is, as far as known."""
        return (self.identifier, self.issuer)

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Its totals."""
        return tuple(one for part in self.summary.parts for one in part.values)

    @property
    def serials(self) -> frozenset[str]:
        """Serial numbers of its machines, as far as known."""
        devices = (part.device for part in self.summary.parts if part.device)
        return frozenset(_fold(one.serial_number) for one in devices if one.serial_number)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why two exams may be one: a sentence, and the numbers of both where it is about numbers."""

    code: str
    sentence: str
    quantity: str = ""
    values: tuple[Decimal, ...] = ()


@dataclass(frozen=True, slots=True)
class Doubled:
    """A dose that counts twice if the two are one: the smaller of both totals."""

    quantity: str
    value: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class Hint:
    """Two exams that may be one, in order of their ids."""

    first_id: str
    second_id: str
    rule: Rule
    reasons: tuple[Reason, ...]
    doubled: tuple[Doubled, ...]


def compare(one: ComparedExam, other: ComparedExam) -> Hint | None:
    """Return the hint that two exams may be one procedure, or None; the same in either order.

    Only exams of one patient, or where one does not say for certain whose it is: then the machine
    has to be the same. Missing is never equal (P29).
    """
    if one.id == other.id or not may_be_one_person(one.patient, other.patient):
        return None
    first, second = sorted((one, other), key=lambda exam: exam.id)
    return _Pair(first, second).hint()


class _Pair:
    """What two exams, in order of their ids, have in common."""

    def __init__(self, first: ComparedExam, second: ComparedExam) -> None:
        self.first = first
        self.second = second
        pairs = total_pairs(first.measures, second.measures)
        self._alike = [pair for pair in pairs if self._is_alike(*pair)]
        self._unlike = [pair for pair in pairs if pair not in self._alike]
        self._pairs = pairs

    def hint(self) -> Hint | None:
        """The first rule that holds."""
        doses = [pair for pair in self._pairs if QUANTITIES[pair[0].quantity].is_dose]
        is_placed = self._is_same_patient or self._is_same_machine
        if not doses or self._is_other_machine or not is_placed:
            return None
        rule = self._rule()
        if rule is None:
            return None
        return Hint(
            self.first.id,
            self.second.id,
            rule,
            tuple(self._reasons(rule)),
            tuple(
                Doubled(mine.quantity, min(mine.value, theirs.value), mine.unit)
                for mine, theirs in doses
                if mine.quantity != "ctdi_vol"  # never summed, so never doubled (P13)
            ),
        )

    def _rule(self) -> Rule | None:
        if self._has_same_exposures():
            return Rule.EXPOSURES
        if self._has_same_totals():
            return Rule.TOTALS
        return Rule.ORDER if self._is_of_one_order() else None

    def _has_same_exposures(self) -> bool:
        within = MINUTE if self._is_of_two_kinds else SECOND
        return self._are_timed and are_the_same(self.first.exposures, self.second.exposures, within)

    def _has_same_totals(self) -> bool:
        """Equal totals that are not typical ones, near in time, from evidence of other kinds."""
        doses = [pair for pair in self._alike if QUANTITIES[pair[0].quantity].is_dose]
        if self._are_timed or self._unlike or not doses:
            return False
        is_telling = len(self._alike) > 1 or any(_digits(pair) >= _TELLING_DIGITS for pair in doses)
        if not is_telling or (self._is_measured and not self._is_same_machine):
            return False
        if self._has_same_order:
            is_one_header = not self._is_of_two_kinds and _HEADER in self._kinds
            return (self._is_near or self._is_of_one_day) and not is_one_header
        is_placed = self._is_same_machine or self._has_same_words
        return self._is_near and is_placed and self._is_of_two_kinds

    def _is_of_one_order(self) -> bool:
        """A screen, a meter or an entry, and a report: one order, one machine, near in time."""
        is_beside = [exam.evidence_kind in _BESIDE for exam in (self.first, self.second)]
        return (
            is_beside[0] != is_beside[1]
            and self._has_same_order
            and self._is_same_machine
            and self._is_near
        )

    def _reasons(self, rule: Rule) -> list[Reason]:
        found: list[Reason] = []
        if rule is Rule.EXPOSURES:
            count = min(len(self.first.exposures), len(self.second.exposures))
            shots = (
                "One irradiation event has" if count == 1 else f"{count} irradiation events have"
            )
            sentence = f"{shots} the same moment and the same dose in both"
            found.append(Reason("exposures", sentence, "", (Decimal(count),)))
        found += [
            Reason("total-equal", "Both total the same", mine.quantity, (mine.value, theirs.value))
            for mine, theirs in self._alike
        ]
        found += [
            Reason("total-differs", "Their totals differ", mine.quantity, (mine.value, their.value))
            for mine, their in self._unlike
        ]
        told = (
            (self._is_same_machine, "machine", "Both name the same machine"),
            (self._is_near, "time", "Their times are within 15 minutes"),
            (self._has_same_order, "accession", "Both have the same accession number"),
            (self._has_same_words, "procedure", "Both name the same procedure or protocol"),
            (self._is_of_two_kinds, "kinds", "They were read from evidence of different kinds"),
        )
        found += [Reason(code, sentence) for holds, code, sentence in told if holds]
        if not self._is_same_patient:
            found.append(Reason("patient", "Only one of them says who the patient is for certain"))
        return found

    def _is_alike(self, mine: Measure, theirs: Measure) -> bool:
        """Whether two totals are one number; zero says nothing, most exams have some."""
        if not mine.value or not theirs.value:
            return False
        if mine.unit == "s":
            return abs(mine.value - theirs.value) <= _TIME_ROUNDING_S
        if self._is_measured and QUANTITIES[mine.quantity].is_dose:
            return not differ(mine.value, theirs.value)
        return is_one_number(mine.value, theirs.value)

    @property
    def _is_same_patient(self) -> bool:
        return self.first.patient == self.second.patient

    @property
    def _kinds(self) -> tuple[str, str]:
        return (self.first.evidence_kind, self.second.evidence_kind)

    @property
    def _is_measured(self) -> bool:
        """Whether exactly one was measured beside the machine, to the 5 % of its calibration."""
        return self._kinds.count(_MEASURED) == 1

    @property
    def _is_of_two_kinds(self) -> bool:
        return self._kinds[0] != self._kinds[1] and all(self._kinds)

    @property
    def _are_timed(self) -> bool:
        """Whether the modality's clock timed every exposure of both: they are then compared."""
        exams = (self.first, self.second)
        return all(one.evidence_kind in _BY_MODALITY and is_timed(one.exposures) for one in exams)

    @property
    def _is_near(self) -> bool:
        mine, theirs = _span(self.first), _span(self.second)
        if mine is None or theirs is None:
            return False
        return mine[0] - NEAR <= theirs[1] and theirs[0] - NEAR <= mine[1]

    @property
    def _is_of_one_day(self) -> bool:
        """Whether one exam of the patient states its day only, and it is the other's."""
        texts = (self.first.started, self.second.started)
        is_day_only = any(text and "T" not in text for text in texts)
        return self._is_same_patient and is_day_only and texts[0][:10] == texts[1][:10]

    @property
    def _has_same_order(self) -> bool:
        numbers = [
            {_fold(text) for text in (exam.accession_number, *exam.summary.accession_numbers)}
            for exam in (self.first, self.second)
        ]
        return bool((numbers[0] & numbers[1]) - {""})

    @property
    def _has_same_words(self) -> bool:
        words = [
            {_fold(exam.description), _fold(exam.protocol)} for exam in (self.first, self.second)
        ]
        return bool((words[0] & words[1]) - {""})

    @property
    def _is_same_machine(self) -> bool:
        if self.first.serials & self.second.serials:
            return True
        stations = {_fold(self.first.station), _fold(self.second.station)}
        return len(stations) == 1 and stations != {""}

    @property
    def _is_other_machine(self) -> bool:
        """Certainly two: serial numbers differ, or station and model do and no order ties them."""
        if self.first.serials and self.second.serials:
            return not self.first.serials & self.second.serials
        known = [
            (_fold(mine), _fold(theirs))
            for mine, theirs in (
                (self.first.station, self.second.station),
                (self.first.model, self.second.model),
            )
            if mine and theirs
        ]
        is_apart = len(known) > 1 and all(mine != theirs for mine, theirs in known)
        return is_apart and not self._has_same_order


def _span(exam: ComparedExam) -> tuple[datetime, datetime] | None:
    """From the first to the last moment of an exam; None where only a day is known."""
    start = moment(exam.started)
    if start is None:
        return None
    made = [moment(use.created) for use in exam.summary.evidences if use.role is Role.COUNTED]
    shots = [moment(one.started) for one in exam.exposures]
    known = [at for at in (start, *made, *shots) if at is not None and abs(at - start) <= _LONGEST]
    return min(known), max(known)


def _fold(text: str) -> str:
    return " ".join(text.casefold().split())


def _digits(pair: Sequence[Measure]) -> int:
    """How many digits the coarser of two values has."""
    return min(len(one.value.normalize().as_tuple().digits) for one in pair)
