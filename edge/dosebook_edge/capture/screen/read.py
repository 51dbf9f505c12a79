"""From a picture of a screen to values that are proved, or a reason why there are none.

The rules: a screen that no profile describes is refused, not guessed; one that shows another
patient than the running exam is refused whole (P51); a value that nothing proves goes to a person.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from dosebook_edge.capture.screen.cells import CellReader, Sight
from dosebook_edge.capture.screen.confirmed_shapes import Said, nobody
from dosebook_edge.capture.screen.glyphs import NO_GLYPHS, GlyphSet
from dosebook_edge.capture.screen.judging import judged, with_own_glyphs
from dosebook_edge.capture.screen.known_lines import known_lines
from dosebook_edge.capture.screen.loader import LoadedProfile
from dosebook_edge.capture.screen.locate import Located, locate
from dosebook_edge.capture.screen.patient import agreement
from dosebook_edge.capture.screen.picture import Picture, digest
from dosebook_edge.capture.screen.profile import ScreenProfile
from dosebook_edge.capture.screen.reading import (
    Exam,
    LineReader,
    PatientText,
    Placement,
    ReadValue,
    Refusal,
    ScreenReading,
)
from dosebook_edge.capture.screen.remembered import RememberedLines
from dosebook_edge.capture.screen.segment_checks import segment_checks
from dosebook_edge.capture.screen.segment_memory import DisplayMemory
from dosebook_edge.capture.screen.shape_meanings import Looks, shape_checks

_NOBODY: Final = Exam()
_OWN_SCALE: Final = 0.98

_Console = tuple[str, str]
"""Profile and console: what one shows teaches nothing of another's characters."""


class ScreenReader:
    """Reads pictures of screens with the profiles of one source."""

    def __init__(
        self,
        profiles: Sequence[LoadedProfile],
        net: LineReader,
        glyphs: Mapping[str, GlyphSet] | None = None,
        said: Callable[[ScreenProfile], Said] = nobody,
    ) -> None:
        """`glyphs` maps the id of a profile to the shapes that a site learned for it.

        `said` is what persons confirmed of a profile's characters until now.
        """
        self._profiles = tuple(profiles)
        self._net = net
        self._lines = RememberedLines(net)
        self._glyphs = glyphs or {}
        self._said = said
        self._looks: dict[_Console, dict[str, Looks]] = {}
        self._displays: dict[_Console, dict[str, DisplayMemory]] = {}

    def read(
        self, picture: Picture, earlier: Sequence[ScreenReading] = (), exam: Exam | None = None
    ) -> ScreenReading:
        """All values of a picture, each accepted or for review, or a refusal.

        Raises only what `said` does.

        `earlier` are readings of the same source within the same exam, the oldest first: frames
        agree with them, counters do not fall below them, and the screen still lies where it lay.
        `exam` is what runs in the room; without one, the patient is not compared.
        """
        before = _last_place(earlier)
        # No two grabbed pictures have a crop in common: only within one is there anything to keep.
        lines = self._lines if picture.way == "lossless" else RememberedLines(self._net)
        located = locate(picture, self._profiles, lines, before)
        if isinstance(located, Refusal):
            return self._told(picture, None, refusal=located)
        if refusal := _scaled_down(picture, located):
            return self._told(picture, located, refusal=refusal)
        if exam is not None and exam.started_at and picture.taken_at < exam.started_at:
            said = "the picture was taken before the exam began"
            return self._told(picture, located, refusal=Refusal("older-than-exam", said))
        return self._read(picture, located, lines, earlier, exam or _NOBODY)

    def _read(
        self,
        picture: Picture,
        located: Located,
        lines: LineReader,
        earlier: Sequence[ScreenReading],
        exam: Exam,
    ) -> ScreenReading:
        profile = located.loaded.profile
        sight = Sight.of(picture, located.placement)
        glyphs = self._glyphs.get(profile.id, NO_GLYPHS)
        cells = CellReader(sight, located, lines, glyphs)
        patient = cells.patient(self._net)
        same_patient = agreement(patient, exam)
        if isinstance(same_patient, Refusal):
            return self._told(picture, located, patient=patient, refusal=same_patient)
        if missing := cells.missing_footers():
            said = f"{profile.id}: not yet there: {', '.join(missing)}"
            return self._told(
                picture, located, patient=patient, refusal=Refusal("half-drawn", said)
            )
        seen = with_own_glyphs(sight, profile, cells.cells())
        known = known_lines(sight, located, lines, patient, exam)
        console = (profile.id, picture.console)
        looks = self._looks.setdefault(console, {})
        shapes = shape_checks(sight, seen, lines, looks, self._said(profile), known)
        bars, is_test = segment_checks(sight, seen, self._displays.setdefault(console, {}))
        if is_test:
            said = f"{profile.id}: all bars are lit: the display tests itself"
            return self._told(picture, located, refusal=Refusal("self-test", said))
        values = judged(seen, picture.way, profile, earlier, same_patient, (shapes, bars))
        return self._told(picture, located, values=values, patient=patient)

    def _told(
        self,
        picture: Picture,
        located: Located | None,
        *,
        values: tuple[ReadValue, ...] = (),
        patient: tuple[PatientText, ...] = (),
        refusal: Refusal | None = None,
    ) -> ScreenReading:
        return ScreenReading(
            profile=located.loaded.profile.id if located else "",
            revision=located.loaded.revision if located else "",
            language=located.language if located else "",
            source=picture.source,
            way=picture.way,
            taken_at=picture.taken_at,
            width=picture.width,
            height=picture.height,
            picture_digest=digest(picture.grey),
            placement=located.placement if located else None,
            model_hash=self._net.model_hash,
            runtime=self._net.runtime,
            values=values,
            patient=patient,
            refusal=refusal,
            signal=picture.signal,
        )


def _scaled_down(picture: Picture, located: Located) -> Refusal | None:
    """The refusal of a screen whose pixels a grabber threw away; a profile is drawn at its own."""
    signal, placement = picture.signal, located.placement
    if signal is None or not signal.shrinks(picture.width, picture.height):
        return None
    if min(placement.scale_x, placement.scale_y) >= _OWN_SCALE:
        return None
    said = signal.scaling(picture.width, picture.height)
    return Refusal("scaled-down", f"{located.loaded.profile.id}: {said}")


def _last_place(earlier: Sequence[ScreenReading]) -> tuple[str, Placement] | None:
    for one in reversed(earlier):
        if one.placement is not None:
            return one.profile, one.placement
    return None
