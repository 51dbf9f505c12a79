"""The kiosk as a source of the box: what persons decide on its page becomes records."""

from collections.abc import Callable

from dosebook_edge.capture.source import CaptureError, SourceStatus, State
from dosebook_edge.config.kiosk import KIOSK, KioskSection
from dosebook_edge.kiosk.app import Drawing, Kiosk
from dosebook_edge.kiosk.review import Review
from dosebook_edge.kiosk.server import KioskServer
from dosebook_edge.kiosk.session import Desk
from dosebook_edge.kiosk.taught import Taught
from dosebook_edge.kiosk.tries import WrongTries
from dosebook_edge.outbox import Outbox
from dosebook_protocol.language import ngettext
from dosebook_protocol.record import Clock, SourceKind


class KioskSource:
    """Fulfils `Source`: serves the page of one box."""

    def __init__(
        self,
        section: KioskSection,
        outbox: Outbox,
        clock: Callable[[], Clock],
        drawing: Drawing | None = None,
        tries: WrongTries | None = None,
    ) -> None:
        """`drawing` is there where profiles of screens can be drawn; `tries` counts wrong PINs."""
        self._section = section
        self._review = Review(outbox, clock, keep=section.review_delivered)
        pins = {one.name: one.pin.get_secret_value() for one in section.person}
        may_draw = {one.name for one in section.person if drawing and one.may_draw_profiles}
        desk = Desk(pins, section.idle.total_seconds(), may_draw=may_draw, tries=tries)
        self._kiosk = Kiosk(self._review, Taught(outbox), desk, section.show_patient, drawing)
        self._server: KioskServer | None = None
        self._problem = ""

    def start(self) -> None:
        """Begin to serve; raises `CaptureError` where the address is taken."""
        section = self._section
        try:
            server = KioskServer(
                section.address, section.port, self._kiosk.handle, self._kiosk.most_bytes
            )
        except OSError as error:
            self._problem = (
                f"the page cannot be served on {section.address} port {section.port}: "
                f"{error.strerror}"
            )
            raise CaptureError(self._problem) from None
        server.start()
        self._server, self._problem = server, ""

    def stop(self) -> None:
        """Serve no more."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def health(self) -> SourceStatus:
        """State now, with how many values wait for a person."""
        server = self._server
        if server is None:
            state: State = "failed" if self._problem else "stopped"
            return SourceStatus(KIOSK, SourceKind.MANUAL, state, self._problem)
        here, _ = self._review.counts()
        detail = ngettext(
            "%(num)d value waits for a person", "%(num)d values wait for a person", here
        )
        return SourceStatus(KIOSK, SourceKind.MANUAL, "listening", detail, port=server.port)
