"""The composition root: the only file of the box that knows everybody."""

import contextlib
import logging
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from dosebook_edge.capture.dicom.associations import Refusals
from dosebook_edge.capture.dicom.commitment import Peer
from dosebook_edge.capture.dicom.known_steps import known_steps
from dosebook_edge.capture.dicom.scp import DicomSettings, DicomSource
from dosebook_edge.capture.room import Room
from dosebook_edge.capture.screen.drawn_profiles import DrawnProfiles
from dosebook_edge.capture.screen.pending import PendingCaptures
from dosebook_edge.capture.screens import ScreenSources
from dosebook_edge.capture.source import CaptureError, Source
from dosebook_edge.clock import BoxClock
from dosebook_edge.config import BoxSettings, Loaded, SourceSection
from dosebook_edge.config.dicom_source import DicomSourceSection, parse_peer
from dosebook_edge.config.layers import DESIRED
from dosebook_edge.config.screen_source import ScreenSourceSection
from dosebook_edge.folder import IDENTITY, PROFILES, STATUS
from dosebook_edge.health.report import Facts, StatusFile, health_of, status_of
from dosebook_edge.identity.files import IdentityError
from dosebook_edge.identity.identity import Identity
from dosebook_edge.outbox import Outbox, OutboxError, OutboxSettings
from dosebook_edge.outbox.store import DATABASE
from dosebook_edge.uplink.settings import UplinkSettings
from dosebook_edge.uplink.uplink import Uplink, UplinkStatus
from dosebook_protocol.logs import log

if TYPE_CHECKING:
    from dosebook_edge.capture.instruments import InstrumentSources
    from dosebook_edge.kiosk.drawing.views import DrawingPages

_logger = logging.getLogger(__name__)

_RETIRE_EVERY_S: Final = 600.0
_RETRY_SOURCE_EVERY_S: Final = 15.0


class BoxError(Exception):
    """The box cannot run; the text says what to change."""

    code = "DOSEBOOK-BOX"


class _Signer:
    """Signs with the identity in force, also after a renewal with a new key."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity

    def sign(self, payload: bytes) -> bytes:
        """Return the envelope of a payload."""
        return self.identity.signer.sign(payload)


@dataclass(slots=True)
class _Due:
    """When the seldom chores are due, in monotonic seconds."""

    retire_at: float = 0.0
    retry_sources_at: float = 0.0


class Box:
    """One running box, from `start` to `stop`, under one configuration."""

    def __init__(self, loaded: Loaded) -> None:
        settings = loaded.settings
        self._loaded = loaded
        self._folder = settings.box.data_dir
        self._started_at = datetime.now(UTC)
        identity = Identity.load_or_create(self._folder / IDENTITY, settings.box.id)
        self._signer = _Signer(identity)
        self._clock = BoxClock()
        self._refusals = Refusals()
        self.outbox = self._open_outbox(settings)
        self._room = Room(known_steps(self.outbox, self._started_at))
        self.sources: list[Source] = [
            source for one in settings.source for source in self._sources(one)
        ]
        if settings.kiosk.enabled:
            self.sources.append(self._kiosk())
        self._facts = self._make_facts()
        self.uplink = self._make_uplink() if settings.uplink.enabled else None
        self._status_file = StatusFile(self._folder / STATUS)
        self._due = _Due()

    def start(self) -> None:
        """Start every source and the uplink; a source that cannot start is tried again."""
        for source in self.sources:
            self._start_source(source)
        if self.uplink is not None:
            self.uplink.start()
        for problem in self._loaded.problems:
            log(_logger, logging.WARNING, "desired_config_refused", reason=problem)
        self.tick()

    def stop(self) -> None:
        """Stop capture first, then the uplink; the outbox keeps what waits."""
        for source in reversed(self.sources):  # the page first: it can start others anew
            source.stop()
        if self.uplink is not None:
            self.uplink.stop()
        self._flush()
        self._write_status()
        self.outbox.close()

    def tick(self) -> None:
        """Do the chores that are due."""
        now = time.monotonic()
        self._flush()
        if now >= self._due.retry_sources_at:
            self._due.retry_sources_at = now + _RETRY_SOURCE_EVERY_S
            for source in self.sources:
                if source.health().state == "failed":
                    self._start_source(source)
        if now >= self._due.retire_at:
            self._due.retire_at = now + _RETIRE_EVERY_S
            self._retire()
            self._reload_identity()
        self._write_status()

    def status(self) -> dict[str, Any]:
        """What `dosebook-box status` shows."""
        return status_of(self._facts, self._loaded.problems)

    def _open_outbox(self, settings: BoxSettings) -> Outbox:
        try:
            return Outbox(self._folder, settings.box.id, self._signer, outbox_settings(settings))
        except sqlite3.DatabaseError as error:
            raise BoxError(
                f"{self._folder / DATABASE} cannot be opened: {error}. Look at the disk; if the "
                f"file is damaged, move {DATABASE}* out of the folder, keep them with a copy of "
                "outbox.key, and start again (docs/operate/box-errors.md)"
            ) from None

    def _sources(self, section: SourceSection) -> Iterator[Source]:
        if isinstance(section, DicomSourceSection):
            settings = _dicom_settings(section)
            screens = section.read_screens
            captures = PendingCaptures(section.name, self.outbox) if screens else None
            yield DicomSource(
                settings, self.outbox, self._clock, self._refusals, captures, self._room.note
            )
            if captures is not None:
                yield self._screens().of_captures(section, captures)
        elif isinstance(section, ScreenSourceSection):
            yield self._screens().of_monitor(section)
        else:
            yield self._instruments().of(section)

    def _instruments(self) -> "InstrumentSources":
        # Profiles and their libraries cost a box without instruments nothing.
        from dosebook_edge.capture.instruments import InstrumentSources

        box_id = self._loaded.settings.box.id
        return InstrumentSources(box_id, self.outbox, self._clock, self._room)

    def _screens(self) -> ScreenSources:
        box_id = self._loaded.settings.box.id
        drawn = DrawnProfiles(self._folder / PROFILES)
        return ScreenSources(box_id, self.outbox, self._clock, self._room, self._refusals, drawn)

    def _kiosk(self) -> Source:
        # A box without a screen of its own carries no page.
        from dosebook_edge.kiosk.source import KioskSource
        from dosebook_edge.kiosk.tries import TRIES, WrongTries

        return KioskSource(
            self._loaded.settings.kiosk,
            self.outbox,
            self._clock,
            self._drawing(),
            WrongTries(self._folder / TRIES),
        )

    def _drawing(self) -> "DrawingPages | None":
        if not any(one.may_draw_profiles for one in self._loaded.settings.kiosk.person):
            return None
        try:
            from dosebook_edge.kiosk.drawing.opening import drawing_pages
        except ImportError:
            return None  # this box has not what reading screens takes
        return drawing_pages(self._folder, self.outbox, self.sources)

    def _make_facts(self) -> Facts:
        settings = self._loaded.settings
        return Facts(
            box_id=settings.box.id,
            room=settings.box.room,
            started_at=self._started_at,
            clock=self._clock,
            outbox=self.outbox.status,
            sources=lambda: [one.health() for one in self.sources],
            uplink=self._uplink_status,
            certificate_days_left=self._days_left,
        )

    def _make_uplink(self) -> Uplink:
        uplink = self._loaded.settings.uplink
        return Uplink(
            lambda: Identity.load(self._folder / IDENTITY),
            self.outbox,
            UplinkSettings(
                desired_config=self._folder / DESIRED,
                window_records=uplink.window_records,
                window_bytes=uplink.window_size,
                receipt_timeout_s=uplink.resend_after.total_seconds(),
                keepalive_s=max(1, round(uplink.keepalive.total_seconds())),
                health_every_s=self._loaded.settings.health.interval.total_seconds(),
                backoff_limit_s=uplink.longest_backoff.total_seconds(),
            ),
            health=lambda: health_of(self._facts),
        )

    def _uplink_status(self) -> UplinkStatus | None:
        return None if self.uplink is None else self.uplink.status()

    def _days_left(self) -> int | None:
        enrolled = self._signer.identity.enrolled
        return None if enrolled is None else enrolled.days_left()

    def _start_source(self, source: Source) -> None:
        try:
            source.start()
        except CaptureError as error:
            log(_logger, logging.ERROR, "source_failed", code=error.code, reason=str(error))

    def _retire(self) -> None:
        try:
            retired = self.outbox.retire()
        except OutboxError as error:
            log(_logger, logging.ERROR, "retire_failed", code=error.code, reason=str(error))
            return
        if retired:
            log(_logger, logging.INFO, "delivered_retired", records=retired)

    def _reload_identity(self) -> None:
        with contextlib.suppress(IdentityError):
            self._signer.identity = Identity.load(self._folder / IDENTITY)

    def _flush(self) -> None:
        try:
            self._refusals.flush(self.outbox.run)
        except OutboxError as error:
            log(_logger, logging.WARNING, "refusals_not_kept", code=error.code)

    def _write_status(self) -> None:
        try:
            self._status_file.write(self.status(), time.monotonic())
        except OSError as error:
            log(_logger, logging.WARNING, "status_not_written", reason=error.strerror)


def outbox_settings(settings: BoxSettings) -> OutboxSettings:
    """The outbox's part of the configuration."""
    section = settings.outbox
    return OutboxSettings(
        max_bytes=section.max_size,
        warn_percent=section.warn_percent,
        keep_delivered=section.keep_delivered,
        keep_ledger=section.keep_ledger,
    )


def _dicom_settings(source: DicomSourceSection) -> DicomSettings:
    peers = (parse_peer(one) for one in source.storage_commitment_peers)
    return DicomSettings(
        name=source.name,
        ae_title=source.ae_title,
        port=source.port,
        bind=source.bind,
        allowed_calling_ae_titles=source.allowed_calling_ae_titles,
        accept_any_called_ae_title=source.any_called_ae_title,
        keep_pixels=source.keep_pixels,
        max_associations=source.max_associations,
        storage_commitment_peers={title: Peer(host, port) for title, host, port in peers},
        tls_certificate=source.tls_certificate,
        tls_key=source.tls_key,
        tls_client_ca=source.tls_client_ca,
    )
