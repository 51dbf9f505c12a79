"""What the box's page does for whoever draws profiles of screens."""

import json
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qs

from dosebook_edge.capture.screen.drawn_profiles import DrawnProfiles
from dosebook_edge.capture.source import CaptureError
from dosebook_edge.kiosk.drawing import bench, pages, read_page
from dosebook_edge.kiosk.drawing.drafts import DraftError, Drafts
from dosebook_edge.kiosk.drawing.origins import Origins, Taken, uploaded
from dosebook_edge.kiosk.drawing.starts import Starts
from dosebook_edge.kiosk.markup import Markup
from dosebook_edge.kiosk.server import Answer, Request
from dosebook_edge.kiosk.session import Session, holds
from dosebook_protocol.logs import log
from dosebook_protocol.screen_drawing.drawn import Draft, Drawn, drawn_of
from dosebook_protocol.screen_drawing.faults import mend_first, told
from dosebook_protocol.screen_drawing.form import Fields
from dosebook_protocol.screen_drawing.toml import to_toml
from dosebook_protocol.screen_drawing.upload import MOST_BYTES

_logger = logging.getLogger(__name__)

ROOT: Final = "/profiles"
_MOST_FORM: Final = 1024 * 1024
_MOST_FIELDS: Final = 5000
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_CONFLICT: Final = 409
_UNPROCESSABLE: Final = 422
_SEE_OTHER: Final = 303
_CHANGED: Final = "Somebody else changed this draft meanwhile: leave it and open it again."
_GONE: Final = "That draft is gone: somebody deleted it."
_EARLIER: Final = "This page is of an earlier session: leave it and sign in again."

Step = Callable[[Draft, Fields, Session], Answer]


class DrawingPages:
    """Answers `/profiles` and what is below it, for a person who may draw."""

    def __init__(self, drafts: Drafts, origins: Origins, profiles: DrawnProfiles) -> None:
        self._drafts = drafts
        self._origins = origins
        self._profiles = profiles
        self._steps: dict[str, Step] = {
            "": self._keep,
            "read": self._read,
            "look": self._look,
            "capture": self._capture,
            "remove": self._remove,
            "use": self._use,
            "delete": self._delete,
        }

    @staticmethod
    def most_bytes(request: Request) -> int:
        """How large the body of a request of somebody who may draw can be."""
        return MOST_BYTES + 1 if request.path.endswith("/picture") else _MOST_FORM

    def handle(self, request: Request, session: Session, idle_s: float) -> Answer:
        """The answer to one request; what it keeps is on disk by then."""
        draft_id, _, rest = request.path.removeprefix(ROOT).strip("/").partition("/")
        if request.method == "POST":
            return self._post(request, session, draft_id, rest)
        if draft_id == "here":
            return Answer(204)
        if not draft_id:
            shown = self._front(session)
            return Answer(body=shown.encode(), refresh_s=idle_s + 1)
        draft = self._drafts.get(draft_id) if draft_id.isalnum() else None
        if draft is None:
            return self._gone(session)
        if not rest:
            return _page(self._editor(draft, session, idle_s))
        if rest == "faults":
            return _json(told(bench.faults(draft.drawn), draft.drawn.profile))
        return self._picture(draft, rest)

    def _post(self, request: Request, session: Session, draft_id: str, rest: str) -> Answer:
        is_picture = rest == "picture"
        form = Fields({} if is_picture else _fields(request.body))
        token = request.token if is_picture else "".join(form.getlist("token"))
        if not holds(session, token):
            return _json({"problem": _EARLIER}, _FORBIDDEN)
        try:
            if draft_id in {"", "drop"}:
                return self._begin(form, session) if not draft_id else self._drop(form, session)
            draft = self._drafts.get(draft_id) if draft_id.isalnum() else None
            if draft is None:
                return self._gone(session) if rest else _json({"problem": _GONE}, _CONFLICT)
            if is_picture:
                return self._bring(draft, request.body, session)
            step = self._steps.get(rest)
            return _NOWHERE if step is None else step(draft, form, session)
        except DraftError as error:
            if is_picture or (draft_id and not rest):
                return _json({"problem": str(error)}, _UNPROCESSABLE)
            session.told = str(error)
            return _see(f"{ROOT}/{draft_id}#pictures" if rest else ROOT)

    def _front(self, session: Session) -> Markup:
        starts = self._starts()
        return pages.front(session, self._drafts.all(), starts.in_use(), starts.offered())

    def _editor(self, draft: Draft, session: Session, idle_s: float) -> Markup:
        origins = self._origins
        offered = pages.Offered(
            tuple(origins.watched()), tuple(origins.captures()), tuple(origins.readers())
        )
        return pages.editor(session, draft, offered, idle_s)

    def _picture(self, draft: Draft, name: str) -> Answer:
        number = name.removesuffix(".png")
        png = self._drafts.picture(draft.id, int(number)) if number.isdecimal() else None
        return _NOWHERE if png is None else Answer(body=png, media_type="image/png")

    def _begin(self, form: Fields, session: Session) -> Answer:
        tree = self._starts().tree(_one(form, "start"))
        return _see(f"{ROOT}/{self._drafts.begin(tree, session.name).id}")

    def _drop(self, form: Fields, session: Session) -> Answer:
        """Let a source read without a profile that was drawn here."""
        wanted = _one(form, "profile")
        for one in self._starts().in_use():
            if one.key == wanted:
                self._profiles.remove(one.source, one.profile)
                session.told = f"{one.profile} is out of use. {self._renewed(one.source)}"
                _note("profile_dropped", one.source, one.profile, session)
        return _see(ROOT)

    def _keep(self, draft: Draft, form: Fields, session: Session) -> Answer:
        kept = self._kept(draft, form, session)
        if kept is None:
            return _json({"problem": _CHANGED}, _CONFLICT)
        return _json({"version": kept.version})

    def _read(self, draft: Draft, form: Fields, session: Session) -> Answer:
        try:
            kept = self._kept(draft, form, session)
            if kept is None:
                raise DraftError(_CHANGED)
            if not kept.pictures:
                raise DraftError("There is no picture yet: take one first.")
            pngs = [self._drafts.picture(kept.id, one.number) or b"" for one in kept.pictures]
            return _page(read_page.readings(kept, bench.read(kept.drawn, pngs)))
        except DraftError as error:
            return _page(read_page.trouble(str(error)))

    def _look(self, draft: Draft, form: Fields, session: Session) -> Answer:
        return self._add(draft, self._origins.look(_one(form, "source")), session)

    def _capture(self, draft: Draft, form: Fields, session: Session) -> Answer:
        sequence = _one(form, "sequence")
        if not sequence.isdecimal():
            raise DraftError("Choose one of the captures.")
        return self._add(draft, self._origins.capture(int(sequence)), session)

    def _bring(self, draft: Draft, data: bytes, session: Session) -> Answer:
        picture = uploaded(data)
        self._drafts.add_picture(draft.id, picture, session.name, grabbed=False)
        return _json({})

    def _add(self, draft: Draft, taken: Taken, session: Session) -> Answer:
        self._drafts.add_picture(draft.id, taken.upload, session.name, grabbed=taken.grabbed)
        return _see(f"{ROOT}/{draft.id}#{'pictures' if draft.pictures else 'draw'}")

    def _remove(self, draft: Draft, form: Fields, session: Session) -> Answer:
        number = _one(form, "number")
        if number.isdecimal():
            self._drafts.remove_picture(draft.id, int(number), session.name)
        return _see(f"{ROOT}/{draft.id}#pictures")

    def _use(self, draft: Draft, form: Fields, session: Session) -> Answer:
        """Let a source read with the profile from now on."""
        source = _one(form, "source")
        if source not in self._origins.readers():
            raise DraftError("That source is gone: load the page again.")
        if found := bench.faults(draft.drawn):
            session.told = f"Not in use: {mend_first(len(found))}."
            return _see(f"{ROOT}/{draft.id}#fields")
        name = str(draft.drawn.profile["id"])
        try:
            self._profiles.save(source, name, to_toml(draft.drawn.profile))
        except OSError as error:
            raise DraftError(f"Not in use: the file is not written, {error.strerror}.") from None
        _note("profile_in_use", source, name, session)
        session.told = f"{name} is in use. {self._renewed(source)}"
        return _see(f"{ROOT}/{draft.id}#use")

    def _delete(self, draft: Draft, form: Fields, session: Session) -> Answer:
        self._drafts.delete(draft.id)
        session.told = "The draft and its pictures are deleted."
        return _see(ROOT)

    def _renewed(self, source: str) -> str:
        try:
            self._origins.readers()[source].renew()
        except CaptureError as error:
            return f"{source} does not read: {error}"
        return f"{source} reads with what is listed now."

    def _kept(self, draft: Draft, form: Fields, session: Session) -> Draft | None:
        version = _one(form, "version")
        drawn = self._drawn(draft, form)
        if not version.isdecimal():
            return None
        return self._drafts.keep(draft, int(version), drawn, session.name)

    def _drawn(self, draft: Draft, form: Fields) -> Drawn:
        return drawn_of(form, draft.drawn, partial(self._cut, draft))

    def _cut(self, draft: Draft, box: Sequence[int]) -> str:
        if not draft.pictures:
            return ""
        return bench.cut(self._drafts.picture(draft.id, draft.pictures[0].number) or b"", box)

    def _starts(self) -> Starts:
        return Starts(self._profiles, tuple(self._origins.readers()))

    def _gone(self, session: Session) -> Answer:
        session.told = _GONE
        return _see(ROOT)


_NOWHERE: Final = Answer(_NOT_FOUND, b"There is no such page.", "text/plain; charset=utf-8")


def _note(event: str, source: str, profile: str, session: Session) -> None:
    """Log who changed what a source reads with."""
    log(_logger, logging.INFO, event, source=source, profile=profile, by=session.name)


def _fields(body: bytes) -> dict[str, list[str]]:
    try:
        text = body.decode()
        return parse_qs(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}


def _one(form: Fields, name: str) -> str:
    return "".join(form.getlist(name)[:1])


def _see(location: str) -> Answer:
    return Answer(_SEE_OTHER, location=location)


def _page(shown: Markup) -> Answer:
    return Answer(body=shown.encode())


def _json(value: dict[str, Any], status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode(), "application/json")
