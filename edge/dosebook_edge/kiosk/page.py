"""The pages of the kiosk: sign in, one value, nothing waits, one sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dosebook_edge.kiosk.markup import Markup, fill, joined, render
from dosebook_edge.kiosk.review import Shown, Word
from dosebook_edge.kiosk.session import Session
from dosebook_protocol.language import ngettext
from dosebook_protocol.printed import unit_text
from dosebook_protocol.screen import ScreenValue

_NONE: Final = Markup("")
_MOST_OTHERS: Final = 3
_NOBODY: Final = (
    "Nobody is set up to decide here: dosebook-box kiosk pin prints what to add to the box's "
    "configuration."
)
_DRAW: Final = Markup('<a class="key" href="/profiles">Profiles</a>')
_BACK: Final = Markup(
    '<button type="button" class="key primary-size" data-back aria-label="Delete one">⌫</button>'
)


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the field, and what is wrong with it; `sure` is what was doubted."""

    text: str
    error: str = ""
    sure: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands among those that wait, by the keys of its neighbours."""

    number: int
    of: int
    before: str
    after: str
    undelivered: int
    has_patient: bool


def door(names: Sequence[str], waiting: int, undelivered: int) -> Markup:
    """Who is there? How many values wait is no secret."""
    people = joined(
        fill('<button class="key wide" name="person" value="$name">$name</button>', name=name)
        for name in names
    )
    lead = _waits(waiting) if names else f"{_waits(waiting)} {_NOBODY}"
    return whole("Who confirms?", render("door", lead=lead, people=people), _state(undelivered))


def pin(name: str, wait_s: float, *, is_wrong: bool = False) -> Markup:
    """The PIN of one person; after wrong ones, how long to wait."""
    error = ""
    if wait_s > 0:
        error = f"Too many wrong PINs. Try again in {int(wait_s) + 1} s."
    elif is_wrong:
        error = "That PIN is not right."
    body = render("pin", name=name, error=_error(error), pad=_pad("", is_pin=True))
    return whole(name, body, "")


def card(session: Session, shown: Shown, place: Place, typed: Typed | None, told: str) -> Markup:
    """One value: its crop, the reading, what speaks against it, and a pad to correct it."""
    value = shown.value
    body = render(
        "card",
        key=shown.key,
        token=session.token,
        label=value.label,
        text=value.text if typed is None else typed.text,
        read=value.text,
        sure=typed.sure if typed else "",
        unit=unit_text(value.unit),
        error=_error(typed.error if typed else ""),
        told=_told(told),
        others=_others(value),
        # A small screen has no room for a sentence on the number and one on the reading.
        why=_NONE if typed else _why(shown, is_short=bool(told)),
        pad=_pad(_mark(value)),
        nav=_nav(session, place, shown.key),
    )
    row = value.path.partition("[")[2].removesuffix("]")
    title = f"{value.label}, row {row}" if row else value.label
    return whole(title, body, f"{place.number} of {place.of} · {_state(place.undelivered)}")


def nothing(session: Session, elsewhere: int, undelivered: int, told: str) -> Markup:
    """Nothing waits here; what was delivered long ago waits in the registry."""
    left = ""
    if elsewhere:
        are = ngettext("%(num)d value is", "%(num)d values are", elsewhere)
        left = f"{are} left to the registry, which has had the screens for long."
    body = render(
        "nothing",
        told=_told(told),
        left=left,
        room="The box shows a value here when it could not prove what it read on a screen.",
        nav=_nav(session, None, ""),
    )
    return whole("No value waits", body, _state(undelivered))


def sentence(text: str) -> Markup:
    """One sentence, and the way back."""
    return whole("Values to confirm", render("sentence", text=text), "")


def stored(shown: Shown, word: Word) -> str:
    """What is said once a decision is on disk."""
    label, unit = shown.value.label, unit_text(shown.value.unit)
    if word.act == "reject":
        return f"{label}: rejected. Stored."
    return f"{label}: {word.text} {unit}. Stored."


def whole(title: str, body: Markup, state: str = "") -> Markup:
    """A page of a title, what it shows, and how the box stands."""
    return render("page", title=title, body=body, state=state)


def _waits(count: int) -> str:
    if count == 0:
        return "No value waits for a person."
    return ngettext("%(num)d value waits for a person.", "%(num)d values wait for a person.", count)


def _state(undelivered: int) -> str:
    if undelivered == 0:
        return "all records confirmed"
    return ngettext(
        "%(num)d record waits for the registry",
        "%(num)d records wait for the registry",
        undelivered,
    )


def _error(text: str) -> Markup:
    return fill('<p class="error" role="alert">$text</p>', text=text) if text else _NONE


def _told(text: str) -> Markup:
    return fill('<p class="told" role="status">$text</p>', text=text) if text else _NONE


def _others(value: ScreenValue) -> Markup:
    """Other texts that a reader thought possible, each once."""
    texts = dict.fromkeys([value.second, *(one.text for one in value.alternatives)])
    return joined(
        fill('<button type="button" class="key" data-other="$text">$text</button>', text=text)
        for text in [one for one in texts if one and one != value.text][:_MOST_OTHERS]
    )


def _why(shown: Shown, *, is_short: bool) -> Markup:
    """What speaks against the reading: the checks that fail, else the reason in words."""
    value = shown.value
    failed = [one for one in value.checks if one.result == "fail"]
    lines = [
        fill(
            "<li><strong>$name</strong> fails. $detail</li>",
            name=_check_name(one.name),
            detail=one.detail[:1].upper() + one.detail[1:],
        )
        for one in failed
    ] or [fill("<li>$reason</li>", reason=value.reason[:1].upper() + value.reason[1:])]
    listed = fill('<ul class="why" tabindex="0">$lines</ul>', lines=joined(lines))
    if is_short:
        return listed
    taken = f"{shown.taken_at.astimezone():%Y-%m-%d %H:%M}"
    seen = f"Screen of {taken}, confidence {value.confidence:.2f}"
    return joined([listed, fill('<p class="soft">$seen</p>', seen=seen)])


def _check_name(name: str) -> str:
    words = name.replace("-", " ").replace("dlp", "DLP").replace("ctdi", "CTDI")
    return words[:1].upper() + words[1:]


def _mark(value: ScreenValue) -> str:
    """The mark between the digits, as this screen writes it."""
    if value.form == "clock":
        return ":"
    return "," if "," in value.text else "."


def _pad(mark: str, *, is_pin: bool = False) -> Markup:
    keys = [*"789456123", " " if is_pin else mark, "0"]
    made = [
        Markup("<span></span>")
        if one == " "
        else fill('<button type="button" class="key primary-size" data-key="$k">$k</button>', k=one)
        for one in keys
    ]
    return joined([*made, _BACK])


def _nav(session: Session, place: Place | None, key: str) -> Markup:
    return render(
        "nav",
        token=session.token,
        name=session.name,
        draw=_DRAW if session.may_draw else _NONE,
        before=_way("before", "Previous", place.before if place else ""),
        after=_way("after", "Next", place.after if place else ""),
        undo=Markup("" if session.done else " disabled"),
        patient=_patient(key) if place and place.has_patient else _NONE,
    )


def _way(rel: str, word: str, key: str) -> Markup:
    if not key:
        return fill('<button type="button" class="key" disabled>$word</button>', word=word)
    return fill(
        '<a class="key" data-way="$rel" href="/?at=$key">$word</a>', rel=rel, word=word, key=key
    )


def _patient(key: str) -> Markup:
    return fill('<button type="button" class="key" data-patient="$key">Patient</button>', key=key)
