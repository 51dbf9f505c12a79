"""`derive`: the derived doses of files as a table an exam, for people."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from dosebook_central.dosimetry.values import DerivedValue, NotComputable
from dosebook_central.offline.document import label_of
from dosebook_central.offline.exams import NO_EXAM, FileUse, Found, OfflineExam
from dosebook_central.web.derived_text import interval_text, place_words
from dosebook_protocol.printed import unit_text
from dosebook_protocol.reading import Outcome

_HEAD = ("quantity", "value", "interval", "method", "place")


def lines(found: Found) -> Iterator[str]:
    """Yield the table of each exam, then every file that is in none, with its reason."""
    for exam in found.exams:
        yield from _exam(exam, [one for one in found.files if one.exam == exam.number])
        yield ""
    left = [one for one in found.files if one.exam == NO_EXAM]
    if left:
        yield "In no exam:"
    yield from (f"  {one.outcome.value:<12} {one.path}: {one.reason}" for one in left)
    counts = {outcome: sum(one.outcome is outcome for one in found.files) for outcome in Outcome}
    said = ", ".join(f"{count} {outcome.value}" for outcome, count in counts.items() if count)
    yield f"{len(found.exams)} exams from {len(found.files)} objects: {said or 'nothing found'}"


def _exam(found: OfflineExam, files: Sequence[FileUse]) -> Iterator[str]:
    exam, derived = found.exam, found.derived
    head = (exam.modality, exam.started, exam.description or exam.protocol)
    machine = f"{exam.manufacturer} {exam.model}".strip()
    yield f"Exam {found.number}: " + ", ".join(filter(None, (*head, machine)))
    for file in files:
        yield f"  file: {file.path} ({file.role}{f': {file.reason}' if file.reason else ''})"
    if derived.procedure_id:
        yield f"  procedure: {derived.procedure_id}, by {derived.procedure_source}"
    if derived.is_therapeutic:
        yield "  therapeutic: never added to diagnostic doses"
    yield from (f"  look at: {flag.sentence}" for flag in derived.flags)
    yield from (f"  evidences disagree: {one.sentence}" for one in exam.summary.conflicts)
    if derived.values:
        yield from _columns([_HEAD, *map(row, derived.values)])
    yield from (f"  {_absence(*group)}" for group in _alike(derived.absences))


def row(value: DerivedValue) -> tuple[str, ...]:
    """One value as the table has it: quantity, value, interval, method with version, place."""
    interval = ""
    if value.interval:
        interval = interval_text(value.interval.low, value.interval.high, value.quantity)
    method = value.method
    used = f"{method.coefficient_set} {method.set_version}".strip()
    place = place_words(value.place, value.quantity)
    return (
        label_of(value.quantity),
        f"{value.value} {unit_text(value.unit)}",
        interval or "none stated",
        f"{method.id} {method.version}{f' ({used})' if used else ''}",
        f"{place}{f'; {value.label}' if value.label else ''}",
    )


def _columns(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()


def _alike(
    absences: Iterable[NotComputable],
) -> Iterator[tuple[NotComputable, list[NotComputable]]]:
    """Group what is not computable for the same reason: it is said once, with its places."""
    grouped = groupby(
        sorted(absences, key=lambda one: (one.quantity, one.label, one.reason)),
        key=lambda one: (one.quantity, one.label, one.reason),
    )
    for _, members in grouped:
        listed = list(members)
        yield listed[0], listed


def _absence(first: NotComputable, alike: Sequence[NotComputable]) -> str:
    places = dict.fromkeys(place_words(one.place, "") for one in alike)
    label = f" {first.label}" if first.label else ""
    where = "" if list(places) == ["exam"] else f" [{'; '.join(places)}]"
    return f"{label_of(first.quantity)}{label} not computable: {first.reason}{where}"
