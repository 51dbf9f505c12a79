"""Files to exams with derived doses, as a registry would make them; every file is answered for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from dosebook_central.derivation.engine import Rules, derive_safely
from dosebook_central.domain.evidence import Evidence
from dosebook_central.domain.exam import ReconciledExam
from dosebook_central.domain.links import join_groups, link_keys
from dosebook_central.domain.reconcile import reconcile
from dosebook_central.dosimetry.inputs import exam_inputs
from dosebook_central.dosimetry.values import Derived, NotComputable
from dosebook_central.imports.show import readings
from dosebook_protocol.reading import Outcome, Reading

NO_EXAM: Final = 0
_SOURCE: Final = "import"
_NOTHING: Final = NotComputable(
    "", "no-events", "no evidence states an irradiation event or a total dose of this exam"
)


@dataclass(frozen=True, slots=True)
class FileUse:
    """What became of one object of one file; `exam` is its number, or `NO_EXAM` with a reason."""

    path: str
    outcome: Outcome
    kind: str
    exam: int = NO_EXAM
    role: str = ""  # domain.exam.Role, where it belongs to an exam
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OfflineExam:
    """One exam of the files; `derived` says that it failed where `is_sound` is false."""

    number: int
    exam: ReconciledExam
    readings: Mapping[str, Reading]  # by record id, which is the path of the object here
    derived: Derived
    is_sound: bool


@dataclass(frozen=True, slots=True)
class Found:
    """All exams of some files, by their time, and what became of each file, as they were read."""

    exams: tuple[OfflineExam, ...]
    files: tuple[FileUse, ...]


@dataclass(frozen=True, slots=True)
class _Object:
    path: str
    sha256: str
    reading: Reading

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.path, self.sha256, _SOURCE, self.reading)


def find_exams(paths: Sequence[Path], rules: Rules, tell: Callable[[str, int], None]) -> Found:
    """Read files and derive the doses of their exams; `tell` hears what is done and how many.

    Raises:
        EntryError: there are more files than one run takes.
    """
    objects: dict[str, _Object] = {}
    for path, digest, reading in readings(paths):
        objects.setdefault(path, _Object(path, digest, reading))
        tell("objects read", len(objects))
    exams = sorted(
        (exam for group in _groups(objects.values()) for exam in reconcile(group)),
        key=lambda exam: (exam.started, exam.id),
    )
    derived: list[OfflineExam] = []
    for number, exam in enumerate(exams, 1):
        derived.append(_derive(number, exam, rules, objects))
        tell("exams derived", number)
    return Found(tuple(derived), tuple(_uses(objects, derived)))


def _groups(objects: Iterable[_Object]) -> list[list[Evidence]]:
    """Group what was read by the UIDs that tie it together; what has none stands alone."""
    read = {one.path: one for one in objects if one.reading.outcome is Outcome.READ}
    keys = {path: link_keys(one.reading) for path, one in read.items()}
    placed, _ = join_groups({path: own for path, own in keys.items() if own}, {})
    groups: dict[str, list[Evidence]] = {}
    for path, one in read.items():
        groups.setdefault(placed.get(path, path), []).append(one.evidence)
    return list(groups.values())


def _derive(
    number: int, exam: ReconciledExam, rules: Rules, objects: Mapping[str, _Object]
) -> OfflineExam:
    events = [asdict(event) | {"ordinal": n} for n, event in enumerate(exam.events, 1)]
    derived, is_sound = derive_safely(exam_inputs(asdict(exam), events), rules)
    if not exam.events and not derived.values and not derived.absences:
        derived = replace(derived, absences=(_NOTHING,))
    used = {one.record_id: objects[one.record_id].reading for one in exam.summary.evidences}
    return OfflineExam(number, exam, used, derived, is_sound)


def _uses(objects: Mapping[str, _Object], exams: Sequence[OfflineExam]) -> Iterable[FileUse]:
    used = {
        use.record_id: (exam.number, use.role, use.reason)
        for exam in exams
        for use in exam.exam.summary.evidences
    }
    first = {objects[path].sha256: path for path in used}
    for one in objects.values():
        reading = one.reading
        said = (one.path, reading.outcome, reading.kind)
        if one.path in used:
            yield FileUse(*said, *used[one.path])
        elif one.sha256 in first:
            path = first[one.sha256]
            yield FileUse(*said, used[path][0], "duplicate", f"the same bytes as {path}")
        else:
            unused = "states no dose, and no study that it belongs to"
            yield FileUse(*said, reason=reading.reason or unused)
