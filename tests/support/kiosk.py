"""A box's own page over a real outbox, with screens that wait, for tests."""

import http.client
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from dosebook_edge.capture.screen.review import noting
from dosebook_edge.kiosk.app import Kiosk
from dosebook_edge.kiosk.pin import hash_of
from dosebook_edge.kiosk.review import Review
from dosebook_edge.kiosk.server import Answer, KioskServer, Request
from dosebook_edge.kiosk.session import Desk
from dosebook_edge.kiosk.taught import Taught
from dosebook_edge.outbox import Appended, Outbox
from dosebook_protocol.reading import Patient
from dosebook_protocol.record import Clock, Record, SourceKind
from dosebook_protocol.screen import MEDIA_TYPE, ScreenEvidence, pack
from dosebook_protocol.screen_decision import MEDIA_TYPE as DECISION
from dosebook_protocol.screen_decision import BoxDecision, decode_decision
from dosebook_protocol.wire import split_record_message
from tests.support.box import draft, opened_outbox
from tests.support.screen_source import record_of
from tests.support.screens import evidence, place_of_total, reading_of, value

PERSON = "R. Graf"
PIN = "246810"


@cache
def pins() -> dict[str, str]:
    """The hash of the one person's PIN."""
    return {PERSON: hash_of(PIN)}


def screen_of(number: int) -> ScreenEvidence:
    """A CT dose page of which a row's DLP and the total wait."""
    return evidence(
        value(
            "SCREEN/dlp[1]",
            f"{810 + number}.10",
            second=f"{810 + number}.70",
            place={"event_uid": f"2.25.71{number}"},
        ),
        value(
            "SCREEN/total_dlp",
            f"{900 + number}.30",
            label="Total DLP",
            place=place_of_total(),
            maximum=Decimal(2000),
            checks=(),
            reason="confidence 0.71 is under 0.90",
        ),
        value(
            "SCREEN/ctdi_vol[1]",
            "12.40",
            quantity="ctdi_vol",
            unit="mGy",
            state="accepted",
            place={"event_uid": f"2.25.71{number}"},
        ),
    )


def put_screen(outbox: Outbox, screen: ScreenEvidence, **changes: Any) -> Appended:
    """Append a screen as its recorder does."""
    patient = Patient("4711", "CHU-A", "Zyxwalska^Testymona", "F", "19610302")
    reading = reading_of(screen, **({"patient": patient} | changes))
    made = draft(
        pack(screen),
        source="console",
        source_kind=SourceKind.SCREEN,
        media_type=MEDIA_TYPE,
        reading=reading,
    )
    return outbox.append(made, also=noting(reading, outbox.vault.identifier_hash))


def review_of(outbox: Outbox, keep: timedelta = timedelta(hours=12)) -> Review:
    """The review of an outbox."""
    return Review(outbox, Clock, keep=keep)


def decisions(outbox: Outbox) -> list[tuple[Record, BoxDecision]]:
    """The decisions that were made, with the records that carry them."""
    found = [one.message for one in outbox.unacknowledged(0, 1000, 10**9)]
    read = [(record_of(one), split_record_message(one)[1]) for one in found]
    return [
        (record, decode_decision(data))
        for record, data in read
        if record.evidence.media_type == DECISION
    ]


def ask(
    port: int, method: str = "GET", path: str = "/", body: Any = None, **headers: str
) -> tuple[int, dict[str, str], str]:
    """One request; status, headers and text of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        fields = {"Host": f"127.0.0.1:{port}"}
        if method == "POST":
            fields |= {
                "Origin": f"http://127.0.0.1:{port}",
                "Content-Type": "application/x-www-form-urlencoded",
            }
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, fields)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode(errors="replace")
    finally:
        connection.close()


def decide_over_http(port: int, **form: str) -> str:
    """Sign in on a served page and decide on the first value; the text of the page after it."""
    sign_in = urlencode({"person": PERSON, "pin": PIN})
    status, headers, _ = ask(port, "POST", "/sign-in", sign_in)
    assert status == 303, headers
    session = headers["Set-Cookie"].partition(";")[0]
    _, _, text = ask(port, Cookie=session)
    hidden = dict(re.findall(r'name="(token|key)" value="([^"]*)"', text))
    ask(port, "POST", "/decide", urlencode(hidden | form), Cookie=session)
    return ask(port, Cookie=session)[2]


class Visitor:
    """Somebody at the page, without a browser: requests as the server hands them over."""

    def __init__(self, kiosk: Kiosk) -> None:
        self.kiosk = kiosk
        self.session_id = ""
        self.page = ""

    def get(self, path: str = "/", **query: str) -> Answer:
        """Ask for a page; redirects are followed."""
        return self._keep(Request("GET", path, query, {}, self.session_id))

    def post(self, path: str, **form: str) -> Answer:
        """Send a form of the page that is open, with its hidden fields."""
        fields = {"token": self.hidden("token"), "key": self.hidden("key")} | form
        return self._keep(Request("POST", path, {}, fields, self.session_id))

    def sign_in(self, pin: str = PIN) -> Answer:
        """Sign in as the one person."""
        return self.post("/sign-in", person=PERSON, pin=pin)

    def hidden(self, name: str) -> str:
        """A hidden field of the page that is open."""
        found = re.search(f'name="{name}" value="([^"]*)"', self.page)
        return found[1] if found else ""

    def _keep(self, request: Request) -> Answer:
        answer = self.kiosk.handle(request)
        if answer.session_id is not None:
            self.session_id = answer.session_id
        if answer.location:
            path, _, query = answer.location.partition("?at=")
            return self.get(path, **({"at": query} if query else {}))
        self.page = answer.body.decode(errors="replace")
        return answer


@contextmanager
def opened_kiosk(folder: Path, **changes: Any) -> Iterator[tuple[Outbox, Visitor]]:
    """A kiosk over an outbox of its own, and somebody before it."""
    with opened_outbox(folder) as outbox:
        desk = Desk(pins(), changes.pop("idle_s", 60), **changes.pop("desk", {}))
        policy = changes.pop("policy", "initials")
        kiosk = Kiosk(review_of(outbox), Taught(outbox), desk, policy)
        yield outbox, Visitor(kiosk)


@contextmanager
def served_kiosk(folder: Path, screens: int = 0, **changes: Any) -> Iterator[tuple[Outbox, int]]:
    """A kiosk on a free port of this machine; the outbox and the port."""
    with opened_kiosk(folder, **changes) as (outbox, visitor):
        for number in range(screens):
            put_screen(outbox, screen_of(number), scope_uid=f"2.25.72{number}")
        server = KioskServer("127.0.0.1", 0, visitor.kiosk.handle)
        server.start()
        try:
            yield outbox, server.port
        finally:
            server.stop()
