"""Sources that read screens, where this box has what that takes; else ones that say what lacks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dosebook_edge.capture.dicom.associations import Refusals
from dosebook_edge.capture.room import Room
from dosebook_edge.capture.screen.confirmation import Confirmation
from dosebook_edge.capture.screen.confirmations import every, in_force
from dosebook_edge.capture.screen.drawn_profiles import DrawnProfiles
from dosebook_edge.capture.screen.pending import PendingCaptures
from dosebook_edge.capture.source import Source
from dosebook_edge.capture.unavailable import UnavailableSource
from dosebook_edge.clock import BoxClock
from dosebook_edge.config.dicom_source import DicomSourceSection
from dosebook_edge.config.screen_source import ScreenSourceSection
from dosebook_edge.outbox import Outbox
from dosebook_protocol.record import SourceKind

_CURE: Final = (
    "reading screens needs more software: pip install 'dosebook-edge[screen]' ({error} is missing)"
)


@dataclass(frozen=True, slots=True)
class ScreenSources:
    """Makes the sources of one box that read screens. Picture libraries load here or not at all."""

    box_id: str
    outbox: Outbox
    clock: BoxClock
    room: Room
    refusals: Refusals
    drawn: DrawnProfiles

    def of_monitor(self, section: ScreenSourceSection) -> Source:
        """A source that watches a monitor."""
        try:
            from dosebook_edge.capture.screen.equip import equip
            from dosebook_edge.capture.screen.exam import running_exam
            from dosebook_edge.capture.screen.grabbing import open_screen
            from dosebook_edge.capture.screen.source import ScreenSettings, ScreenSource
        except ImportError as error:
            return _without(section.name, error)
        settings = ScreenSettings(
            name=section.name,
            box_id=self.box_id,
            address=section.address,
            interval_s=section.interval.total_seconds(),
            settle_s=section.settle.total_seconds(),
            frozen_after_s=section.frozen_after.total_seconds(),
            mask_patient_text=section.mask_patient_text,
        )
        return ScreenSource(
            settings,
            self.outbox,
            self.clock,
            lambda: equip(
                self._with_drawn(section.profiles, section.name),
                section.glyphs,
                lambda: self._said(section.name),
            ),
            running=running_exam(self.room, section.steps_from, section.linger),
            refuse=lambda reason: self._refuse(section.name, section.address, reason),
            opening=lambda address: open_screen(address, section.password_file),
        )

    def of_captures(self, section: DicomSourceSection, pending: PendingCaptures) -> Source:
        """A source that reads the secondary captures that a DICOM source stored."""
        name = f"{section.name}-screens"
        try:
            from dosebook_edge.capture.screen.captures import CaptureReading
            from dosebook_edge.capture.screen.equip import equip
            from dosebook_edge.capture.screen.recorder import RecorderSettings
        except ImportError as error:
            return _without(name, error)
        return CaptureReading(
            RecorderSettings(self.box_id, name),
            self.outbox,
            self.clock,
            pending,
            lambda: equip(
                self._with_drawn(section.read_screens, name),
                section.screen_glyphs,
                lambda: self._said(name),
            ),
            lambda reason: self._refuse(name, "secondary capture", reason),
            self._step_of,
        )

    def _with_drawn(self, names: Sequence[str], source: str) -> list[str]:
        """The profiles of the configuration, and those that were drawn here for a source."""
        return [*names, *map(str, self.drawn.of(source))]

    def _said(self, source: str) -> list[Confirmation]:
        """What persons confirmed on pictures of a source; raises `OutboxError`."""
        vault = self.outbox.vault
        return in_force(self.outbox.read(lambda connection: every(connection, vault)), source)

    def _step_of(self, study_uid: str) -> str:
        step = self.room.of_study(study_uid)
        return "" if step is None else step.uid

    def _refuse(self, source: str, where: str, reason: str) -> None:
        self.refusals.note(source, "", where, reason)


def _without(name: str, error: ImportError) -> Source:
    return UnavailableSource(name, SourceKind.SCREEN, _CURE.format(error=error.name))
