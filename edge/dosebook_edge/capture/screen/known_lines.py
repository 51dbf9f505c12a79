"""Lines of a lossless screen whose text is known beforehand: they show digits of its typeface.

The numbers of the patient and of the order stand there as the running exam has them, and a label as
the profile has it. Where the net reads the very same, each character is what it is known to be.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from dosebook_edge.capture.screen.cells import Sight
from dosebook_edge.capture.screen.confirmed_shapes import Look
from dosebook_edge.capture.screen.glyphs import shapes_of
from dosebook_edge.capture.screen.locate import Located
from dosebook_edge.capture.screen.picture import Grey
from dosebook_edge.capture.screen.reading import Exam, LineReader, PatientText
from dosebook_edge.capture.screen.seen import Seen

_DIGITS: Final = frozenset("0123456789")
_COMMON: Final = 2
"""Shapes that a line shares with numbers, to the last pixel, where it is in their typeface."""
_MARGIN: Final = 4  # pixels of background beside a label


@dataclass(frozen=True, slots=True)
class KnownLine:
    """The shapes of a line, each with the character that it is known to be."""

    shapes: tuple[tuple[str, Look], ...]

    @property
    def digits(self) -> Iterator[tuple[str, Look]]:
        """Its digits alone."""
        return (one for one in self.shapes if one[0] in _DIGITS)


def known_lines(
    sight: Sight, located: Located, net: LineReader, patient: Sequence[PatientText], exam: Exam
) -> list[KnownLine]:
    """The lines of a lossless screen that show digits and say what they are known to say."""
    if sight.picture.way != "lossless":
        return []
    told = {"id": exam.patient_id, "accession": exam.accession}
    lines = [
        _line(sight.picture.crop(one.crop), one.text)
        for one in patient
        if one.text and one.text == told.get(one.what)
    ]
    for anchor in located.loaded.profile.anchor:
        words = anchor.texts.get(located.language, anchor.texts.get("*", ""))
        if _DIGITS & set(words):
            x, y, width, height = anchor.box
            crop = sight.crop((max(0, x - _MARGIN), y, width + 2 * _MARGIN, height))[1]
            if _digits_of(net.glance(crop)) == _digits_of(words):
                lines.append(_line(crop, words))
    return [one for one in lines if any(one.digits)]


def told_by(lines: Sequence[KnownLine], cells: Sequence[Seen]) -> set[tuple[str, Look]]:
    """Digits and their shapes from those lines that are in the typeface of some cells."""
    own = {shape[1:] for one in cells for shape in one.shapes}
    return {
        pair
        for line in lines
        if len(own & {look for _, look in line.digits}) >= _COMMON
        for pair in line.digits
    }


def _digits_of(text: str) -> str:
    return "".join(character for character in text if character in _DIGITS)


def _line(crop: Grey, text: str) -> KnownLine:
    """A line whose ink parts into its characters, else one without any."""
    shapes = shapes_of(crop, with_blanks=True)
    characters = text.replace(" ", "")
    if len(shapes) != len(characters):
        return KnownLine(())
    pairs = zip(characters, shapes, strict=True)
    return KnownLine(tuple((character, shape[1:]) for character, shape in pairs))
