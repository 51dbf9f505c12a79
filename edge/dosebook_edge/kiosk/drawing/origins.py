"""Where pictures for a draft come from: a watched screen now, or what the outbox still has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol, runtime_checkable

from dosebook_edge.capture.screen.picture import Picture, PictureError, to_png
from dosebook_edge.capture.screen.pixel_data import pictures_of
from dosebook_edge.capture.source import CaptureError, Source
from dosebook_edge.kiosk.drawing.drafts import DraftError
from dosebook_edge.outbox import Entry, Outbox
from dosebook_protocol.reading import Outcome
from dosebook_protocol.record import SourceKind
from dosebook_protocol.screen import ScreenError, unpack
from dosebook_protocol.screen_drawing.upload import Upload, UploadError, taken_in

_LOOKED_THROUGH: Final = 400
_LEAST_OBJECT: Final = 16 * 1024
"""An object of fewer bytes was kept without its pixels."""


@runtime_checkable
class ReadsScreens(Source, Protocol):
    """A source that reads screens with profiles."""

    def renew(self) -> None:
        """Begin anew with the profiles of now; raises `CaptureError`."""
        ...


@runtime_checkable
class Watching(ReadsScreens, Protocol):
    """A source that sees a screen."""

    def look(self) -> Picture:
        """The screen now; raises `CaptureError`."""
        ...


@dataclass(frozen=True, slots=True)
class Taken:
    """A picture for a draft; `grabbed` where pixels may differ from those that were drawn."""

    upload: Upload
    grabbed: bool


@dataclass(frozen=True, slots=True)
class Origins:
    """The sources of a box that read screens, and its outbox."""

    sources: Sequence[ReadsScreens]
    outbox: Outbox

    def readers(self) -> dict[str, ReadsScreens]:
        """The sources that read with profiles, by name."""
        return {one.health().name: one for one in self.sources}

    def watched(self) -> dict[str, Watching]:
        """Those that see a screen now."""
        return {name: one for name, one in self.readers().items() if isinstance(one, Watching)}

    def look(self, name: str) -> Taken:
        """What a screen shows now; raises `DraftError`."""
        source = self.watched().get(name)
        if source is None:
            raise DraftError("That source is gone: load the page again.")
        try:
            picture = source.look()
        except CaptureError as error:
            raise DraftError(f"No picture from {name}: {error}.") from None
        return _taken(picture)

    def captures(self, limit: int = 6) -> list[Entry]:
        """The latest records that still hold a picture of a screen, or may."""
        entries = self.outbox.entries(limit=_LOOKED_THROUGH)
        return [one for one in entries if one.has_payload and _has_picture(one)][:limit]

    def capture(self, sequence: int) -> Taken:
        """The picture of a record; raises `DraftError`."""
        content = self.outbox.content(sequence)
        if content is None:
            raise DraftError("That capture is no longer on the box: the registry has it.")
        try:
            screen = unpack(content.evidence)
        except ScreenError:
            return self._of_object(content.evidence)
        return Taken(_upload(screen.frame), screen.report.way == "grabbed")

    def _of_object(self, evidence: bytes) -> Taken:
        try:
            frames = pictures_of(evidence, datetime.now(UTC))
        except PictureError as error:
            raise DraftError(f"That capture is not taken: {error}.") from None
        if not frames:
            raise DraftError("That object holds no picture: choose another one.")
        return _taken(frames[0])


def uploaded(data: bytes) -> Upload:
    """A picture that a person brings; raises `DraftError`."""
    return _upload(data)


def _taken(picture: Picture) -> Taken:
    return Taken(_upload(to_png(picture.grey)), picture.way == "grabbed")


def _upload(png: bytes) -> Upload:
    try:
        return taken_in(png)
    except UploadError as error:
        raise DraftError(f"The picture is not taken in: {error}.") from None


def _has_picture(entry: Entry) -> bool:
    if entry.source_kind == SourceKind.SCREEN.value:
        return True
    is_object = entry.source_kind == SourceKind.DICOM_STORE.value
    return is_object and entry.outcome == Outcome.NO_DOSE.value and entry.size >= _LEAST_OBJECT
