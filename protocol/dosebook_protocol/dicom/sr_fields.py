"""The attributes of a container that become fields of a reading, parted from all the rest."""

from collections.abc import Container

from dosebook_protocol.codes import Key
from dosebook_protocol.dicom.deviations import Deviations
from dosebook_protocol.dicom.moments import moment
from dosebook_protocol.dicom.sr_collect import Collected
from dosebook_protocol.dicom.sr_content import Item
from dosebook_protocol.reading import Code, Moment


class Fields:
    """The first child of each wanted concept; every other child is collected as value or item."""

    __slots__ = ("_found", "_notes", "collected", "left")

    def __init__(
        self,
        container: Item,
        wanted: Container[Key],
        notes: Deviations,
        without: Container[Key] = (),
    ) -> None:
        """Part the children of `container`; those of `without` are `left` to the caller."""
        self._found: dict[Key, Item] = {}
        self.left: list[Item] = []
        self._notes = notes
        self.collected = Collected(notes)
        for child in container.children:
            concept = child.concept
            if concept in without:
                self.left.append(child)
                continue
            if concept not in wanted or concept in self._found:
                self.collected.item(child)
                continue
            self._found[concept] = child
            if child.value_type != child.sent_value_type:
                detail = f"value type {child.sent_value_type!r} read as {child.value_type}"
                notes.add("value-type", child.path, detail)
            for modifier in child.children:
                self.collected.item(modifier)

    def item(self, concept: Key) -> Item | None:
        """Return the content item itself."""
        return self._found.get(concept)

    def text(self, concept: Key) -> str:
        """Return its text, "" where it is absent or, which is noted, empty."""
        item = self._found.get(concept)
        if item is None:
            return ""
        text = item.text()
        if not text:
            self._notes.add("empty-value", item.path, f"an empty {item.value_type or 'item'}")
        return text

    def code(self, concept: Key) -> Code | None:
        """Return its code; where it has none its text is kept, and that is noted."""
        item = self._found.get(concept)
        if item is None:
            return None
        code = item.code()
        if code is None:
            self._notes.add("empty-value", item.path, "no code where one is due")
            if item.text():
                self.collected.item(item)
        elif not code.value:
            self._notes.add("code-without-value", item.path, f"only a meaning: {code.meaning!r}")
        return code

    def moment(self, concept: Key, offset: str) -> Moment | None:
        """Return its date and time; what cannot be read as such is kept as text, and noted."""
        text = self.text(concept)
        if not text:
            return None
        read = moment(text, offset)
        if read is None:
            item = self._found[concept]
            self._notes.add("not-a-moment", item.path, f"{text!r} is no date and time")
            self.collected.item(item)
        return read
