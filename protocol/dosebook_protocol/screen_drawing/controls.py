"""The form of a profile as HTML: what the script of the page knows its parts by is written here.

Classes are named here and styled by each page. Every value is escaped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dosebook_protocol.markup import NOTHING, Markup, fill, joined
from dosebook_protocol.quantities import QUANTITIES
from dosebook_protocol.screen_drawing.drawn import Drawn
from dosebook_protocol.screen_drawing.form import Tree, fields_of
from dosebook_protocol.screen_drawing.keys import (
    PROFILE,
    RELEASE,
    SCREEN,
    SECTIONS,
    Key,
    Section,
)

UNITS: Final = tuple(
    sorted({one.unit for one in QUANTITIES.values()} | {"cGy.cm2", "uGy.m2", "mGy.cm2"})
)
"""Units that a field of the form offers, in UCUM."""

_SIDES: Final = {"box": ("left", "top", "width", "height"), "span": ("left", "width")}
_LONG: Final = ("lines", "pairs", "lists")
_NUMBERS: Final = ("whole", "share", "exact")

_BOX: Final = (
    '<fieldset class="pf wide" data-box="$name" data-sides="$kind"><legend>$label</legend>'
    '<div class="sides">$sides</div>$fault</fieldset>'
)
_SIDE: Final = (
    '<input class="num" type="number" min="0" max="8192" name="$name" value="$text" '
    'aria-label="$label, $side" aria-describedby="e:$name">'
)
_FIELD: Final = (
    '<div class="pf$wide"$only><label for="$name">$label</label>$control$fault</div>'
)  # fmt: skip
_SELECT: Final = (
    '<select id="$name" name="$name" aria-describedby="e:$name"><option value=""></option>'
    "$options</select>"
)
_AREA: Final = (
    '<textarea id="$name" name="$name" rows="$rows" spellcheck="false" '
    'aria-describedby="e:$name">$text</textarea>'
)
_INPUT: Final = (
    '<input id="$name" name="$name" value="$text" autocomplete="off" spellcheck="false"$more '
    'aria-describedby="e:$name">'
)
_ITEM: Final = (
    '<li class="pf-item" id="$path" data-item="$path" data-section="$section">'
    '<details class="pf-fold"><summary><span data-title data-none="$one">$title</span></summary>'
    '$fault$controls$inside<p><button class="button small" name="do" value="remove $path" '
    "data-remove>Remove this $one</button></p></details></li>"
)
_LIST: Final = (
    '<section class="pf-list" id="$path" data-list="$path"><h3>$title '
    '<span class="count num" data-count>$count</span></h3><p class="muted small">$teach</p>'
    '$fault<ul>$items</ul><button class="button small" name="do" value="add $path" '
    'data-add="$name">Add a $one</button></section>'
)
_WHOLE: Final = """
$fault
<section class="pf-list"><h3>The console</h3>$profile
<h4>Size of the screen</h4>$screen_fault<div class="pf-grid">$screen</div>
<div class="pf-checks">
<label><input type="checkbox" name="grabbed" value="1"$grabbed> The pictures passed a grabber or a
camera</label>
<label><input type="checkbox" name="frames" value="1"$frames> They show one screen, one after the
other</label></div></section>
$sections
<section class="pf-list"><h3>What is released</h3><p class="muted small">A value counts when it is
proved and the reader is sure enough. Leave it empty unless you have measured why.</p>$release_fault
<details class="more"><summary>Other limits of confidence</summary>
<div class="pf-grid">$release</div></details></section>
"""


def form_html(drawn: Drawn, places: Mapping[str, Sequence[str]]) -> Markup:
    """The fields of a draft; `places` are the faults by their field."""
    form = _Form(fields_of(drawn.profile), places)
    return fill(
        _WHOLE,
        fault=form.fault(""),
        profile=form.controls(PROFILE, ""),
        screen_fault=form.fault("screen"),
        screen=form.each(SCREEN, "screen."),
        grabbed=_checked(is_so=drawn.grabbed),
        frames=_checked(is_so=drawn.frames),
        sections=joined(
            form.list_of(one, one.name, drawn.profile.get(one.name) or []) for one in SECTIONS
        ),
        release_fault=form.fault("release"),
        release=form.each(RELEASE, "release."),
    )


def blanks_html() -> Markup:
    """An empty part of each kind, from which the page's script makes new ones."""
    form = _Form({}, {})
    return joined(form.blank(one) for one in SECTIONS)


@dataclass(frozen=True, slots=True)
class _Form:
    fields: Mapping[str, list[str]]
    places: Mapping[str, Sequence[str]]

    def fault(self, name: str) -> Markup:
        """What the box says is wrong, beside the field; empty until it says so."""
        said = "; ".join(self.places.get(name, ()))
        return fill(
            '<p class="fault" id="e:$name" data-fault="$name"$hidden>$said</p>',
            name=name,
            hidden=NOTHING if said else Markup(" hidden"),
            said=said,
        )

    def controls(self, keys: Sequence[Key], path: str) -> Markup:
        """The fields of a part, the rare ones folded away."""
        rare = [one for one in keys if one.is_rare]
        more = NOTHING
        if rare:
            more = fill(
                '<details class="more rare"><summary>More</summary><div class="pf-grid">$each</div>'
                "</details>",
                each=self.each(rare, path),
            )
        usual = self.each([one for one in keys if not one.is_rare], path)
        return fill('<div class="pf-grid">$usual</div>$more', usual=usual, more=more)

    def each(self, keys: Sequence[Key], path: str) -> Markup:
        """The fields of keys, one after the other."""
        return joined(self._control(one, f"{path}{one.name}") for one in keys)

    def list_of(self, section: Section, path: str, listed: Sequence[Tree]) -> Markup:
        """A list of parts, and the button that adds one."""
        return fill(
            _LIST,
            path=path,
            title=section.title,
            count=len(listed),
            teach=section.teach,
            fault=self.fault(path),
            items=joined(
                self._item(section, f"{path}[{index}]", one) for index, one in enumerate(listed)
            ),
            name=section.name,
            one=section.one,
        )

    def blank(self, section: Section) -> Markup:
        """A template of one part, and of those inside it."""
        own = fill(
            '<template data-blank="$name">$item</template>',
            name=section.name,
            item=self._item(section, "NEW", {}),
        )
        return joined([own, *(self.blank(one) for one in section.inside)])

    def _item(self, section: Section, path: str, said: Mapping[str, Any]) -> Markup:
        titles = (said.get(key) for key in ("label", "name", "what", "kind"))
        return fill(
            _ITEM,
            path=path,
            section=section.name,
            one=section.one,
            title=next((one for one in titles if one), section.one),
            fault=self.fault(path),
            controls=self.controls(section.keys, f"{path}."),
            inside=joined(
                self.list_of(one, f"{path}.{one.name}", said.get(one.name) or [])
                for one in section.inside
            ),
        )

    def _control(self, key: Key, name: str) -> Markup:
        texts = self.fields.get(name, [])
        text = texts[0] if texts else ""
        if key.kind == "hidden":
            hidden = '<input type="hidden" name="$name" value="$text">$fault'
            return fill(hidden, name=name, text=text, fault=self.fault(name))
        if key.kind in _SIDES:
            return self._box(key, name, texts)
        return fill(
            _FIELD,
            wide=" wide" if key.kind in _LONG else "",
            only=fill(' data-only="$kinds"', kinds=" ".join(key.only)) if key.only else NOTHING,
            name=name,
            label=_label(key),
            control=_entry(key, name, text),
            fault=self.fault(name),
        )

    def _box(self, key: Key, name: str, texts: Sequence[str]) -> Markup:
        sides = joined(
            fill(
                _SIDE,
                name=name,
                text=texts[index] if index < len(texts) else "",
                label=key.label,
                side=side,
            )
            for index, side in enumerate(_SIDES[key.kind])
        )
        fault = self.fault(name)
        return fill(_BOX, name=name, kind=key.kind, label=_label(key), sides=sides, fault=fault)


def _entry(key: Key, name: str, text: str) -> Markup:
    if key.options:
        options = [_option(value, words, is_chosen=value == text) for value, words in key.options]
        if text and text not in dict(key.options):
            options.append(_option(text, text, is_chosen=True))
        return fill(_SELECT, name=name, options=joined(options))
    if key.kind in _LONG:
        return fill(_AREA, name=name, rows=text.count("\n") + 1, text=text)
    more = ' class="num" inputmode="decimal"' if key.kind in _NUMBERS else ""
    more += ' list="units"' if key.name == "unit" else ""
    return fill(_INPUT, name=name, text=text, more=Markup(more))


def _option(value: str, words: str, *, is_chosen: bool) -> Markup:
    chosen = Markup(" selected") if is_chosen else NOTHING
    text = '<option value="$value"$chosen>$words</option>'
    return fill(text, value=value, chosen=chosen, words=words)


def _label(key: Key) -> Markup:
    hint = fill(' <span class="muted">$hint</span>', hint=key.hint) if key.hint else NOTHING
    return fill("$label$hint", label=key.label, hint=hint)


def _checked(*, is_so: bool) -> Markup:
    return Markup(" checked") if is_so else NOTHING
