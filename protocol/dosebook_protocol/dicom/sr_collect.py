"""Collecting every content item below a container: known or not, nothing is dropped (P39)."""

from collections.abc import Sequence
from typing import Final

from dosebook_protocol import codes
from dosebook_protocol.codes import CONCEPTS, Key
from dosebook_protocol.dicom.deviations import Deviations
from dosebook_protocol.dicom.sr_content import Item
from dosebook_protocol.dicom.sr_numbers import Stated, dose_values, stated
from dosebook_protocol.reading import CodedItem, DoseValue

_REFERENCED_SOP: Final = 0x00081199
_REFERENCED_SOP_INSTANCE_UID: Final = 0x00081155

_TEXTUAL: Final = frozenset({"TEXT", "UIDREF", "DATETIME", "DATE", "TIME", "PNAME"})
OTHER: Final = "other"
"""Name of an item whose concept Dosebook does not know; its code is then that of the concept."""


class Collected:
    """What lies below one container: numbers with a quantity, all else as items, and images."""

    __slots__ = ("images", "items", "notes", "values")

    def __init__(self, notes: Deviations) -> None:
        """Start empty; departures go to `notes`."""
        self.notes = notes
        self.values: list[DoseValue] = []
        self.items: list[CodedItem] = []
        self.images: list[str] = []

    def below(self, parent: Item) -> None:
        """Collect all that lies below `parent`."""
        for child in parent.children:
            self.item(child)

    def item(self, item: Item) -> None:
        """Collect one content item and all below it."""
        value_type = item.value_type
        if value_type != item.sent_value_type:
            detail = f"value type {item.sent_value_type!r} read as {value_type}"
            self.notes.add("value-type", item.path, detail)
        known = CONCEPTS.get(item.concept)
        if known is None:
            self._note_unknown(item)
        if value_type == "NUM":
            self.number(item, known.quantity if known is not None else "")
        elif value_type == "CODE":
            self._code(item)
        elif value_type in _TEXTUAL:
            if known is not None and known.quantity:
                detail = f"a number in a {value_type} item: kept as text"
                self.notes.add("number-as-text", item.path, detail)
            self._text(item)
        elif value_type in ("IMAGE", "COMPOSITE", "WAVEFORM"):
            self._reference(item)
        elif value_type != "CONTAINER":
            self._odd(item)
        for child in item.children:
            self.item(child)

    def number(self, item: Item, quantity: str) -> None:
        """Collect a NUM as values of its quantity, or as text where it has none."""
        if quantity:
            values, left_over = dose_values(item, quantity, self.notes)
            self.values.extend(values)
        else:
            left_over = stated(item, self.notes)
        self.as_text(item, left_over)

    def all_items(self) -> list[CodedItem]:
        """Return everything as items, for a place where a reading holds no values."""
        numbers = (
            CodedItem(value.quantity, None, f"{value.original} {value.original_unit}", value.path)
            for value in self.values
        )
        images = (CodedItem("acquired_image", None, uid) for uid in self.images)
        return [*self.items, *numbers, *images]

    def as_text(self, item: Item, numbers: Sequence[Stated]) -> None:
        """Keep numbers as text with their unit."""
        for number in numbers:
            self._add(item, text=f"{number.text} {number.unit}".strip())

    def _code(self, item: Item) -> None:
        code = item.code()
        if code is None:
            text = item.text()
            detail = f"a CODE without a code; its text {text!r} is kept" if text else "no code"
            self.notes.add("empty-value", item.path, detail)
            if text:
                self._add(item, text=text)
            return
        if not code.value:
            detail = f"only a meaning: {code.meaning!r}"
            self.notes.add("code-without-value", item.path, detail)
        known = CONCEPTS.get(item.concept)
        if known is None:
            text = code.meaning or f"{code.value} {code.scheme}".strip()
            self.items.append(CodedItem(OTHER, item.name_code(), text, item.path))
        else:
            self.items.append(CodedItem(known.name, code, "", item.path))

    def _text(self, item: Item) -> None:
        text = item.text()
        if text:
            self._add(item, text=text)
        elif (code := item.code()) is not None:
            self.notes.add("value-type", item.path, f"a code in a {item.value_type} item")
            self._add(item, text=code.meaning or code.value)

    def _reference(self, item: Item) -> None:
        uids = [
            uid
            for reference in item.node.sequence(_REFERENCED_SOP)
            if (uid := reference.text(_REFERENCED_SOP_INSTANCE_UID))
        ]
        if item.concept == codes.ACQUIRED_IMAGE:
            self.images.extend(uids)
        else:
            for uid in uids:
                self._add(item, text=uid)

    def _odd(self, item: Item) -> None:
        """Keep what has no value type of a dose report, by its text or code or number if any."""
        text = item.text()
        code = item.code()
        detail = f"value type {item.sent_value_type!r} is not one of a dose report"
        self.notes.add("value-type", item.path, detail)
        if text:
            self._add(item, text=text)
        elif code is not None:
            self._code(item)
        elif not item.sent_value_type:
            known = CONCEPTS.get(item.concept)
            self.number(item, known.quantity if known is not None else "")

    def _add(self, item: Item, text: str) -> None:
        known = CONCEPTS.get(item.concept)
        if known is None:
            self.items.append(CodedItem(OTHER, item.name_code(), text, item.path))
        else:
            self.items.append(CodedItem(known.name, None, text, item.path))

    def _note_unknown(self, item: Item) -> None:
        if item.concept == ("", ""):
            self.notes.add("no-concept-name", item.path, "a content item without a concept name")
            return
        detail = f"{_spoken(item)} is no concept of a dose template: kept as sent"
        self.notes.add("unknown-concept", item.path, detail, per=_spoken_key(item.concept))


def _spoken(item: Item) -> str:
    code = item.name_code()
    meaning = f" “{code.meaning}”" if code is not None and code.meaning else ""
    return f"({_spoken_key(item.concept)}){meaning}"


def _spoken_key(concept: Key) -> str:
    return f"{concept[0]}, {concept[1]}"
