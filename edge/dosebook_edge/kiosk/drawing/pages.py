"""The pages on which a profile is drawn at the box: the drafts, the editor, what was read back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dosebook_edge.kiosk.drawing.drafts import KEPT_FOR
from dosebook_edge.kiosk.drawing.starts import InUse
from dosebook_edge.kiosk.markup import Markup, fill, joined, render
from dosebook_edge.kiosk.session import Session
from dosebook_edge.outbox import Entry
from dosebook_protocol.language import ngettext
from dosebook_protocol.screen_drawing.controls import UNITS, blanks_html, form_html
from dosebook_protocol.screen_drawing.drawn import MOST_PICTURES, Draft, PictureSize

_NONE: Final = Markup("")
_TOOLS: Final = (
    ("", "Move"), ("anchor", "Label"), ("field", "Value"), ("unit", "Unit of it"),
    ("patient", "Patient"), ("table", "First row"), ("column", "Column"),
    ("footer", "Total below"), ("patch", "Patch"),
)  # fmt: skip
_NUDGES: Final = (
    ("ArrowLeft", "", "Left"), ("ArrowRight", "", "Right"), ("ArrowUp", "", "Up"),
    ("ArrowDown", "", "Down"), ("ArrowRight", "1", "Wider"), ("ArrowLeft", "1", "Narrower"),
    ("ArrowDown", "1", "Taller"), ("ArrowUp", "1", "Lower"), ("Delete", "", "Remove"),
)  # fmt: skip
"""What a finger does to the chosen box: the keys that do it, some with Shift."""
_NUDGE: Final = (
    '<button type="button" class="key" data-nudge="$key" data-shift="$shift">$words</button>'
)


@dataclass(frozen=True, slots=True)
class Offered:
    """Where pictures may come from, and which sources may read with the profile."""

    watched: Sequence[str]
    captures: Sequence[Entry]
    readers: Sequence[str]


def front(
    session: Session,
    drafts: Sequence[Draft],
    in_use: Sequence[InUse],
    offered: Sequence[tuple[str, str]],
) -> Markup:
    """What is being drawn, what is in use, and how to begin."""
    return render(
        "profiles",
        name=session.name,
        entry=render("entry"),
        told=_told(session),
        token=session.token,
        drafts=joined(_draft(one) for one in drafts) or _nothing("No draft yet."),
        options=joined(
            fill('<option value="$key">$words</option>', key=key, words=words)
            for key, words in offered
        ),
        in_use=joined(_in_use(one, session.token) for one in in_use)
        or _nothing("None: sources read with the profiles of the configuration."),
        kept=KEPT_FOR.days,
    )


def editor(session: Session, draft: Draft, offered: Offered, idle_s: float) -> Markup:
    """A draft: its picture with what is drawn on it, its form, its pictures, and its use."""
    return render(
        "drawing",
        id=draft.id,
        token=session.token,
        version=draft.version,
        idle=int(idle_s),
        title=draft.drawn.profile.get("id") or "New profile",
        told=_told(session),
        stage=_stage(draft),
        form=form_html(draft.drawn, {}),
        blanks=blanks_html(),
        units=joined(fill('<option value="$unit"></option>', unit=one) for one in UNITS),
        pictures=joined(_picture(draft, one, session.token) for one in draft.pictures),
        count=f"{len(draft.pictures)} of {MOST_PICTURES}",
        origins=_origins(draft, offered, session.token),
        kept=_kept(draft, offered, session.token),
        entry=render("entry"),
        uses=_uses(draft, offered.readers, session.token),
    )


def _told(session: Session) -> Markup:
    text = session.tell()
    return fill('<p class="told" role="status">$text</p>', text=text) if text else _NONE


def _nothing(words: str) -> Markup:
    return fill('<p class="soft">$words</p>', words=words)


def _draft(one: Draft) -> Markup:
    pictures = ngettext("%(num)d picture", "%(num)d pictures", len(one.pictures))
    return fill(
        '<a class="key wide" href="/profiles/$id"><span>$name<br>'
        '<span class="soft">$pictures, $by, $at</span></span></a>',
        id=one.id,
        name=one.drawn.profile.get("id") or "New profile",
        pictures=pictures,
        by=one.changed_by,
        at=_when(one.changed_at),
    )


def _in_use(one: InUse, token: str) -> Markup:
    return fill(
        '<form class="line" action="/profiles/drop" method="post">'
        '<input type="hidden" name="token" value="$token">'
        '<input type="hidden" name="profile" value="$key"><p>$profile<br>'
        '<span class="soft">read by $source</span></p>'
        '<button class="key">Stop using it</button></form>',
        token=token,
        key=one.key,
        profile=one.profile,
        source=one.source,
    )


def _stage(draft: Draft) -> Markup:
    if not draft.pictures:
        return render("drawing_empty")
    first = draft.pictures[0]
    tools = joined(
        fill(
            '<button type="button" class="key" data-tool="$tool" aria-pressed="$on">$words'
            "</button>",
            tool=tool,
            on="false" if tool else "true",
            words=words,
        )
        for tool, words in _TOOLS
    )
    screen = draft.drawn.profile.get("screen", {})
    return render(
        "drawing_stage",
        id=draft.id,
        number=first.number,
        width=first.width,
        height=first.height,
        screen_width=screen.get("width") or first.width,
        screen_height=screen.get("height") or first.height,
        tools=tools,
        nudges=joined(
            fill(_NUDGE, key=key, shift=shift, words=words) for key, shift, words in _NUDGES
        ),
    )


def _picture(draft: Draft, one: PictureSize, token: str) -> Markup:
    return render(
        "drawing_picture",
        id=draft.id,
        token=token,
        number=one.number,
        width=one.width,
        height=one.height,
        current=Markup(' aria-current="true"') if one == draft.pictures[0] else _NONE,
    )


def _origins(draft: Draft, offered: Offered, token: str) -> Markup:
    """A button for each way to one more picture."""
    if len(draft.pictures) >= MOST_PICTURES:
        return _nothing(f"{MOST_PICTURES} pictures prove a profile: delete one to take another.")
    now = [_act(draft, "look", token, "source", one, f"Take {one} now") for one in offered.watched]
    return render("drawing_origins", now=joined(now))


def _kept(draft: Draft, offered: Offered, token: str) -> Markup:
    """The captures of this box that still have a picture."""
    kept = [
        _act(draft, "capture", token, "sequence", str(one.sequence), _capture_words(one))
        for one in offered.captures
    ]
    return render("drawing_kept", kept=joined(kept)) if kept else _NONE


def _uses(draft: Draft, readers: Sequence[str], token: str) -> Markup:
    acts = [_act(draft, "use", token, "source", one, f"Let {one} read with it") for one in readers]
    return joined(acts) or _nothing("No source of this box reads screens: configure one first.")


def _act(draft: Draft, verb: str, token: str, name: str, value: str, words: str) -> Markup:
    return fill(
        '<form action="/profiles/$id/$verb" method="post" data-leaves>'
        '<input type="hidden" name="token" value="$token">'
        '<input type="hidden" name="$name" value="$value"><button class="key wide">$words</button>'
        "</form>",
        id=draft.id,
        verb=verb,
        token=token,
        name=name,
        value=value,
        words=words,
    )


def _capture_words(one: Entry) -> str:
    return f"{one.source}, {_when(datetime.fromisoformat(one.captured_at))}"


def _when(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}"
