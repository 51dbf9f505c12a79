"""Makes the sources of a box that read instruments, each as its profile and the site say."""

import logging
from dataclasses import dataclass

from dosebook_edge.capture.instrument.catalogue.loader import ProfileError, file_of, load, revision
from dosebook_edge.capture.instrument.exposures.rules import NotCountedError, rules_of
from dosebook_edge.capture.instrument.links.address import doubt, parse_address
from dosebook_edge.capture.instrument.links.link import LinkError
from dosebook_edge.capture.instrument.links.opening import opener
from dosebook_edge.capture.instrument.profile.site import SiteError, with_site
from dosebook_edge.capture.instrument.recording.recorder import Whose
from dosebook_edge.capture.instrument.recording.records import Instrument
from dosebook_edge.capture.instrument.source import InstrumentSettings, InstrumentSource
from dosebook_edge.capture.room import Room
from dosebook_edge.capture.source import Source
from dosebook_edge.capture.unavailable import UnavailableSource
from dosebook_edge.clock import BoxClock
from dosebook_edge.config.instrument_source import InstrumentSourceSection
from dosebook_edge.outbox import Outbox
from dosebook_protocol.logs import log
from dosebook_protocol.record import SourceKind

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class InstrumentSources:
    """Makes the sources of one box that read instruments."""

    box_id: str
    outbox: Outbox
    clock: BoxClock
    room: Room

    def of(self, section: InstrumentSourceSection) -> Source:
        """The source of a section; one that only says what is wrong where it cannot be."""
        try:
            settings = self._settings(section)
        except (ProfileError, SiteError, NotCountedError, LinkError) as error:
            return UnavailableSource(section.name, SourceKind.INSTRUMENT, str(error))
        return InstrumentSource(settings, self.outbox, self.clock)

    def _settings(self, section: InstrumentSourceSection) -> InstrumentSettings:
        file = file_of(section.profile)
        profile = with_site(load(file), baudrate=section.baudrate, unit_id=section.unit_id)
        if reason := doubt(parse_address(section.address)):
            log(_logger, logging.WARNING, "address_may_change", source=section.name, reason=reason)
        idle_s = None if section.idle is None else section.idle.total_seconds()
        return InstrumentSettings(
            instrument=Instrument(
                box_id=self.box_id,
                source=section.name,
                profile_id=profile.id,
                revision=revision(file),
                name=f"{profile.maker} {profile.model}",
                factor=section.calibration_factor,
                certificate=section.calibration_certificate,
                calibrated_on=section.calibration_date,
                calibration_due=section.calibration_due,
                dap_position=section.dap_position,
                meaning=section.meaning,
                modality=section.modality,
            ),
            profile=profile,
            rules=rules_of(
                profile, factor=section.calibration_factor, idle_s=idle_s, above=section.above
            ),
            opener=opener(section.address, profile.transport, allowed=section.allowed_peers),
            address=section.address,
            serial=section.serial_number,
            whose=Whose(self.room, frozenset(section.steps_from), section.late_step),
        )
