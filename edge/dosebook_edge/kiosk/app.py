"""What the kiosk does for each request: one value a page, one decision a form."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from dosebook_edge.capture.screen.review import Reviewed
from dosebook_edge.kiosk import page
from dosebook_edge.kiosk.markup import Markup
from dosebook_edge.kiosk.patient import Policy, patient_text
from dosebook_edge.kiosk.review import GoneError, Review, Shown, Word, key_of
from dosebook_edge.kiosk.server import Answer, Request
from dosebook_edge.kiosk.session import Desk, Session, holds
from dosebook_edge.kiosk.static_files import static_file
from dosebook_edge.kiosk.taught import Taught
from dosebook_edge.outbox import OutboxError
from dosebook_protocol.screen_text import TypedError, is_as_read, number_in

UNREADABLE: Final = "cannot be read in the crop"
"""Why a value is rejected at the box; the registry knows more reasons."""

_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_UNPROCESSABLE: Final = 422
_UNAVAILABLE: Final = 503
_SEE_OTHER: Final = 303
_LOOK_AGAIN_S: Final = 30.0
_DRAWING: Final = "/profiles"
_MAY_NOT: Final = (
    "You may not draw profiles here: may_draw_profiles in the box's configuration allows it."
)
_NO_SUCH_PAGE: Final = "There is no such page."
_HOME: Final = Answer(_SEE_OTHER, location="/")
_ENDED: Final = Answer(
    _FORBIDDEN,
    b'{"problem": "Your session has ended: sign in again."}',
    "application/json",
)


class _AskAgainError(Exception):
    """A number that is typed once more: `typed` says what stands in the field, and why."""

    def __init__(self, text: str, reason: str, sure: str = "") -> None:
        super().__init__(reason)
        self.typed = page.Typed(text, reason, sure)


class Drawing(Protocol):
    """The pages on which profiles are drawn; a box that reads no screens has none."""

    def most_bytes(self, request: Request) -> int:
        """How large the body of a request can be."""
        ...

    def handle(self, request: Request, session: Session, idle_s: float) -> Answer:
        """The answer to a request of somebody who may draw."""
        ...


class Kiosk:
    """Answers the requests of the box's own page."""

    def __init__(
        self,
        review: Review,
        taught: Taught,
        desk: Desk,
        policy: Policy,
        drawing: Drawing | None = None,
    ) -> None:
        self._drawing = drawing
        self._review = review
        self._taught = taught
        self._desk = desk
        self._policy = policy

    def handle(self, request: Request) -> Answer:
        """The answer to one request; what it stores is on disk by then."""
        if request.method == "GET" and (file := static_file(request.path)):
            return file
        if (request.method, request.path) == ("POST", "/sign-in"):
            return self._sign_in(request)
        session = self._desk.current(request.session_id)
        if session is None:
            return self._unknown(request)
        if _is_drawing(request):
            return self._draw(request, session)
        if request.method == "POST":
            return self._take(request, session)
        if request.path == "/":
            return self._next(request, session)
        if request.path == "/taught":
            shown = self._taught.page(session.token, session.tell())
            return self._signed_in(page.whole("What the reader was taught", shown))
        what, _, key = request.path.removeprefix("/").partition("/")
        return self._of_value(what, key)

    def _unknown(self, request: Request) -> Answer:
        """The answer to somebody who is not signed in, or no longer."""
        if request.method == "POST" and _is_drawing(request):
            return _ENDED  # its script says so: what was drawn is on that page still
        is_home = (request.method, request.path) == ("GET", "/")
        return self._door(request) if is_home else _HOME

    def most_bytes(self, request: Request) -> int:
        """How much may come with a request; 0 for a form, which is all but for who may draw."""
        session = self._desk.current(request.session_id) if _is_drawing(request) else None
        if self._drawing is None or session is None or not session.may_draw:
            return 0
        return self._drawing.most_bytes(request)

    def _draw(self, request: Request, session: Session) -> Answer:
        if self._drawing is None or not session.may_draw:
            return self._signed_in(page.sentence(_MAY_NOT), _FORBIDDEN)
        return self._drawing.handle(request, session, self._desk.idle_s)

    def _door(self, request: Request) -> Answer:
        """Who is there? How many values wait may be known to all."""
        waiting, _ = self._review.counts()
        name = request.query.get("person", "")
        if name in self._desk.names:
            return _page(page.pin(name, self._desk.wait_s(name)))
        shown = page.door(self._desk.names, waiting, self._review.undelivered())
        return Answer(body=shown.encode(), refresh_s=_LOOK_AGAIN_S)

    def _sign_in(self, request: Request) -> Answer:
        name = request.form.get("person", "")
        session = self._desk.sign_in(name, request.form.get("pin", ""))
        if session is None:
            wait = self._desk.wait_s(name)
            return _page(page.pin(name, wait, is_wrong=True), _FORBIDDEN)
        return Answer(_SEE_OTHER, location="/", session_id=session.id)

    def _take(self, request: Request, session: Session) -> Answer:
        if not holds(session, request.form.get("token", "")):
            return _page(page.sentence("This form is of an earlier session."), _FORBIDDEN)
        doing: dict[str, Callable[[], Answer]] = {
            "/decide": lambda: self._decide(request, session),
            "/undo": lambda: self._undo(session),
            "/forget": lambda: self._forget(request, session),
            "/sign-out": self._sign_out,
        }
        do = doing.get(request.path)
        return _page(page.sentence(_NO_SUCH_PAGE), _NOT_FOUND) if do is None else do()

    def _sign_out(self) -> Answer:
        self._desk.sign_out()
        return Answer(_SEE_OTHER, location="/", session_id="")

    def _next(self, request: Request, session: Session) -> Answer:
        """The value that is asked for, or the first that waits."""
        waiting = self._review.waiting()
        if not waiting:
            return self._nothing(session)
        wanted = request.query.get("at", "")
        at = next((i for i, one in enumerate(waiting) if key_of(one) == wanted), 0)
        return self._card(session, waiting, at)

    def _nothing(self, session: Session) -> Answer:
        _, elsewhere = self._review.counts()
        undelivered = self._review.undelivered()
        shown = page.nothing(session, elsewhere, undelivered, session.tell())
        return self._signed_in(shown)

    def _card(
        self,
        session: Session,
        waiting: Sequence[Reviewed],
        at: int,
        *,
        typed: page.Typed | None = None,
    ) -> Answer:
        try:
            shown = self._review.show(waiting[at])
        except GoneError as error:
            return self._signed_in(page.sentence(str(error)))
        place = page.Place(
            number=at + 1,
            of=len(waiting),
            before=key_of(waiting[at - 1]) if at else "",
            after=key_of(waiting[at + 1]) if at + 1 < len(waiting) else "",
            undelivered=self._review.undelivered(),
            has_patient=self._policy != "nothing",
        )
        told = "" if typed else session.tell()
        status = _UNPROCESSABLE if typed else 200
        return self._signed_in(page.card(session, shown, place, typed, told), status)

    def _decide(self, request: Request, session: Session) -> Answer:
        key = request.form.get("key", "")
        waiting = self._review.waiting()
        at = next((i for i, one in enumerate(waiting) if key_of(one) == key), None)
        if at is None:
            session.told = "Somebody else decided on this value meanwhile."
            return _HOME
        try:
            shown = self._review.show(waiting[at])
            word = _word(shown, request.form, session.name)
            self._review.decide(shown, word)
        except _AskAgainError as error:
            return self._card(session, waiting, at, typed=error.typed)
        except GoneError as error:
            session.told = str(error)
            return _HOME
        except OutboxError as error:
            return self._not_stored(error)
        session.done.append((shown.reviewed.record_id, shown.reviewed.path))
        session.told = page.stored(shown, word)
        follows = waiting[at + 1] if at + 1 < len(waiting) else None
        where = f"/?at={key_of(follows)}" if follows else "/"
        return Answer(_SEE_OTHER, location=where)

    def _undo(self, session: Session) -> Answer:
        """Take back the last decision of this session: one more record."""
        if not session.done:
            return _HOME
        record_id, path = session.done[-1]
        one = self._review.find(record_id, path)
        try:
            if one is None:
                raise GoneError("It is too late to take that back here: the registry has it.")
            shown = self._review.show(one)
            self._review.decide(shown, Word("undo", session.name))
        except GoneError as error:
            session.done.pop()
            session.told = str(error)
            return _HOME
        except OutboxError as error:
            return self._not_stored(error)
        session.done.pop()
        session.told = f"{shown.value.label}: taken back."
        return Answer(_SEE_OTHER, location=f"/?at={shown.key}")

    def _forget(self, request: Request, session: Session) -> Answer:
        """Take out of force what somebody taught."""
        try:
            was_there = self._taught.forget(request.form.get("id", ""), session.name)
        except OutboxError as error:
            return self._not_stored(error)
        session.told = "Forgotten." if was_there else "That was forgotten already."
        return Answer(_SEE_OTHER, location="/taught")

    def _not_stored(self, error: OutboxError) -> Answer:
        sentence = f"Not stored: {error} The value waits as before."
        return self._signed_in(page.sentence(sentence), _UNAVAILABLE)

    def _of_value(self, what: str, key: str) -> Answer:
        """The crop of a value that waits or taught, or its patient as far as that may be shown."""
        if what == "taught" and (crop := self._taught.crop(key)) is not None:
            return Answer(body=crop, media_type="image/png")
        one = next((one for one in self._review.waiting() if key_of(one) == key), None)
        if one is None or what not in {"crop", "patient"}:
            return _page(page.sentence(_NO_SUCH_PAGE), _NOT_FOUND)
        shown = self._review.show(one)
        if what == "crop":
            return Answer(body=shown.crop, media_type="image/png")
        text = patient_text(shown.patient, self._policy)
        return Answer(body=text.encode(), media_type="text/plain; charset=utf-8")

    def _signed_in(self, shown: Markup, status: int = 200) -> Answer:
        """A page that asks for a PIN again when nobody has touched it for long."""
        answer = _page(shown, status)
        return Answer(answer.status, answer.body, refresh_s=self._desk.idle_s + 1)


def _word(shown: Shown, form: Mapping[str, str], name: str) -> Word:
    """What a form says of a value; raises `_AskAgainError` for a number that cannot be meant."""
    if form.get("act") == "reject":
        return Word("reject", name, note=UNREADABLE)
    text = form.get("text", "").strip()[:40]
    try:
        doubt = number_in(shown.value, text).doubt
    except TypedError as error:
        raise _AskAgainError(text, str(error)) from None
    if doubt and form.get("sure") != text:
        raise _AskAgainError(text, f"{doubt} Confirm it again if the picture says so.", text)
    return Word("accept" if is_as_read(shown.value, text) else "correct", name, text)


def _is_drawing(request: Request) -> bool:
    return request.path == _DRAWING or request.path.startswith(f"{_DRAWING}/")


def _page(shown: Markup, status: int = 200) -> Answer:
    return Answer(status, shown.encode())
