"""What a sum over exams may hold twice, because two of its exams may be one."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from dosebook_central.domain.links import join_groups
from dosebook_central.store.queries.cumulative import ExamLine
from dosebook_central.web.cumulative_sums import Cumulative
from dosebook_central.web.cumulative_words import Remark
from dosebook_central.web.derived_text import derived_number
from dosebook_protocol.printed import unit_text


def doubtful(found: Cumulative, pairs: Iterable[tuple[str, str]]) -> Iterator[Remark]:
    """Name the exams of a sum that may be one, and the most that it may hold too much.

    Of exams that may all be one, all but the largest would be too much.
    """
    values = _values(found)
    chosen = {exam.id: exam for exam in found.exams if exam.id in values}
    clusters = [
        [chosen[exam_id] for exam_id in cluster]
        for cluster in _clusters([pair for pair in pairs if set(pair) <= chosen.keys()])
    ]
    if not clusters:
        return
    surplus = sum((_surplus(cluster, values) for cluster in clusters), Decimal(0))
    exams = tuple(exam for cluster in clusters for exam in cluster)
    unit = unit_text(found.choice.unit)
    number = derived_number(surplus, found.choice.quantity)
    amount = (
        f"up to {surplus} of them {'is' if surplus == 1 else 'are'} too many"
        if found.choice.is_count
        else f"this sum may be up to {number}{f' {unit}' if unit else ''} too high"
    )
    yield Remark(f"{len(exams)} exams may be the same procedure twice: {amount}.", exams)


def _values(found: Cumulative) -> dict[str, Decimal]:
    """What each exam adds to the whole."""
    values: defaultdict[str, Decimal] = defaultdict(Decimal)
    for one in found.contributions:
        values[one.exam.id] = (
            one.value if found.choice.is_count else values[one.exam.id] + one.value
        )
    return dict(values)


def _clusters(pairs: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Exams that may be one, directly or through others."""
    groups, _ = join_groups({exam_id: frozenset(_pairs_of(exam_id, pairs)) for pair in pairs
                             for exam_id in pair}, {})  # fmt: skip
    clusters: defaultdict[str, list[str]] = defaultdict(list)
    for exam_id, group in sorted(groups.items()):
        clusters[group].append(exam_id)
    return list(clusters.values())


def _pairs_of(exam_id: str, pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    return ("+".join(pair) for pair in pairs if exam_id in pair)


def _surplus(cluster: Sequence[ExamLine], values: dict[str, Decimal]) -> Decimal:
    adds = [values[exam.id] for exam in cluster]
    return sum(adds, Decimal(0)) - max(adds)
