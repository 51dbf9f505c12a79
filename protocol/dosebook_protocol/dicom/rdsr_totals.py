"""Totals that an X-ray dose report states: per plane, breast or phantom, never added (P12, P16)."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from dosebook_protocol import codes
from dosebook_protocol.codes import CONCEPTS, Key
from dosebook_protocol.dicom import sr_meaning
from dosebook_protocol.dicom.deviations import Deviations
from dosebook_protocol.dicom.rdsr_check import sum_of_events
from dosebook_protocol.dicom.sr_collect import Collected
from dosebook_protocol.dicom.sr_content import Item
from dosebook_protocol.dicom.sr_numbers import Stated, dose_values, has_number
from dosebook_protocol.reading import Code, CodedItem, IrradiationEvent, Plane, Total

_TOTALS: Final[frozenset[Key]] = frozenset(
    (value, "DCM")
    for value in (
        "113722 113725 113726 113728 113730 113727 113729 113855 113731 111637 "  # TID 10004-10007
        "113812 113813 113814 130745"  # TID 10012
    ).split()
)


def of_several_sources(containers: Sequence[Item]) -> list[bool]:
    """Say of each container whether it accumulates what several others state for one source each.

    TID 10041 has no acquisition plane: it names its X-ray source, and "A and B" is not a third one.
    """
    named = [_sources(container) for container in containers]
    return [sum(other < words for other in set(named) if other) > 1 for words in named]


def _sources(container: Item) -> frozenset[str]:
    said = (child.text() for child in container.children if child.concept == codes.X_RAY_SOURCE)
    return frozenset(word for text in said for word in re.findall(r"\w+", text.casefold()))


def totals(
    container: Item, notes: Deviations, *, of_several: bool = False
) -> tuple[list[Total], list[CodedItem]]:
    """Read one accumulated dose container: its totals, and all else in it as items."""
    plane_item = container.child(codes.ACQUISITION_PLANE)
    plane = sr_meaning.plane(plane_item.code() if plane_item is not None else None)
    if plane_item is None and of_several:
        plane = Plane.ALL
    breast = sr_meaning.side(_modifier(container, codes.LATERALITY))
    found: list[Total] = []
    rest = Collected(notes)
    for child in _members(container):
        if child.concept in _TOTALS and _is_number(child, notes):
            values, left_over = dose_values(child, CONCEPTS[child.concept].quantity, notes)
            side = sr_meaning.side(_modifier(child, codes.LATERALITY)) or breast
            phantom = sr_meaning.phantom(_modifier(child, codes.PHANTOM_TYPE))
            stated = [Total(value, plane, side, phantom) for value in values]
            left_over += _add_once(found, stated, notes)
            rest.as_text(child, left_over)
            rest.below(child)
        else:
            rest.item(child)
    return found, rest.all_items()


def _is_number(item: Item, notes: Deviations) -> bool:
    """Say whether the item is a NUM, or has the value of one and no value type."""
    if item.value_type or not has_number(item):
        return item.value_type == "NUM"
    notes.add("value-type", item.path, "no value type, and a measured value: read as NUM")
    return True


def _add_once(found: list[Total], stated: list[Total], notes: Deviations) -> list[Stated]:
    """Add the totals that the container has not stated before; return the others, as stated.

    One container states each total once; a repetition is not a second dose (TID 10004 and 10007
    both name some). Glandular doses without a side may be those of two breasts and stay apart.
    """
    repeated: list[Stated] = []
    for total in stated:
        value = total.value
        earlier = (
            None if _may_repeat(total) else next((t for t in found if _is_same(t, total)), None)
        )
        if earlier is None:
            found.append(total)
            continue
        repeated.append(Stated(value.original, value.original_unit))
        sent = f"{value.original} {value.original_unit}"
        used = f"{earlier.value.original} {earlier.value.original_unit}"
        notes.add("repeated-total", value.path, f"{sent} stated beside {used}, which is used")
    return repeated


def add_further(
    found: list[Total],
    stated: list[Total],
    events: Sequence[IrradiationEvent],
    notes: Deviations,
) -> list[CodedItem]:
    """Add the totals of a further container; those that repeat an earlier one become items.

    A container for fluoroscopy and one for the whole may state the same dose of the same plane; two
    parts of a report may be equal by chance. The events tell which it is, as far as they sum up. A
    different value at the same place is of another part of the report and stays beside it.
    """
    repeated: list[CodedItem] = []
    for total in stated:
        value = total.value
        if _may_repeat(total) or not _is_repetition(total, found, events):
            found.append(total)
            continue
        sent = f"{value.original} {value.original_unit}"
        repeated.append(CodedItem(f"{value.quantity}_as_sent", None, sent, value.path))
        notes.add("repeated-total", value.path, f"{sent} stated before for the same: counted once")
    return repeated


def _is_repetition(total: Total, found: list[Total], events: Sequence[IrradiationEvent]) -> bool:
    """Say whether an equal total was stated before, and the events do not sum to all of them."""
    value = total.value.value
    equal = sum(
        _is_same(one, total) and one.plane == total.plane and one.value.value == value
        for one in found
    )
    summed = sum_of_events(total, events) if equal else None
    return equal > 0 and (not value or summed is None or summed < value * equal + value / 2)


def _may_repeat(total: Total) -> bool:
    """Say whether it may be the dose of the other breast."""
    return total.value.quantity == "average_glandular_dose" and total.side is None


def _is_same(one: Total, other: Total) -> bool:
    return (one.value.quantity, one.side, one.phantom) == (
        other.value.quantity,
        other.side,
        other.phantom,
    )


def _members(container: Item) -> Iterator[Item]:
    """Yield the children, and in place of a container that groups totals its own (P39)."""
    for child in container.children:
        if child.value_type == "CONTAINER" and any(c.concept in _TOTALS for c in child.children):
            yield from _members(child)
        else:
            yield child


def _modifier(item: Item, concept: Key) -> Code | None:
    modifier = item.child(concept)
    return modifier.code() if modifier is not None else None
