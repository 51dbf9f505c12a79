"""What was read back on the pictures of a draft, for the page on the box."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dosebook_edge.kiosk.markup import Markup, fill, joined
from dosebook_protocol.language import ngettext
from dosebook_protocol.printed import unit_text
from dosebook_protocol.screen_drawing.drawn import Draft, PictureSize

_NONE: Final = Markup("")
_WHO: Final = {"id": "number", "accession": "accession", "name": "name"}


def trouble(words: str) -> Markup:
    """Why nothing was read back."""
    return fill('<p class="error" role="alert">$words</p>', words=words[:1].upper() + words[1:])


def readings(draft: Draft, told: Sequence[Mapping[str, Any]]) -> Markup:
    """Each picture: its values with crop, reading and confidence, or why it is refused."""
    accepted, review = (sum(one[state] for one in told) for state in ("accepted", "review"))
    refused = sum(one["refused"] is not None for one in told)
    counts = f"{accepted} accepted, {review} for review"
    lead = fill(
        '<p class="lead" id="readings">$pictures: $counts$refused</p>',
        pictures=ngettext("%(num)d picture", "%(num)d pictures", len(told)),
        counts=counts,
        refused=f", {refused} refused" if refused else "",
    )
    shown = [
        _picture(draft, picture, number, one)
        for number, (picture, one) in enumerate(zip(draft.pictures, told, strict=True), 1)
    ]
    return joined([lead, *shown])


def _picture(draft: Draft, picture: PictureSize, number: int, told: Mapping[str, Any]) -> Markup:
    """One picture."""
    src = _Source(draft.id, picture)
    refused = told["refused"]
    absent = [one for one in told["labels"] if not one["found"]]
    labels = absent or (told["labels"] if refused else [])
    return fill(
        '<section class="read" data-picture-read="$number"><h2>Picture $number</h2>'
        "$refused<ul>$labels$values$patient</ul></section>",
        number=number,
        refused=trouble(f"Refused, {refused['code']}: {refused['detail']}.") if refused else _NONE,
        labels=joined(_label(src, one) for one in labels),
        values=joined(_value(src, one) for one in told["values"]),
        patient=joined(_patient(src, one) for one in told["patient"]),
    )


def _value(src: "_Source", one: Mapping[str, Any]) -> Markup:
    state, kind = "accepted", "ok"
    if not one["quantity"]:
        state, kind = "read for checks only", "context"
    elif one["state"] != "accepted":
        state, kind = f"for review: {one['reason']}", "review"
    return fill(
        '<li class="is-$kind" data-value="$name">$crop<p><strong>$label</strong><br>'
        '<span class="soft">$state</span></p><p class="got"><span data-text>$text</span> '
        "$unit</p></li>",
        kind=kind,
        name=one["name"],
        crop=src.crop(one["crop"], one["label"]),
        label=one["label"],
        state=f"Confidence {one['confidence']:.2f}, {state}",
        text=one["text"] or "nothing",
        unit=_meant(one),
    )


def _meant(one: Mapping[str, Any]) -> str:
    """The unit of what was read; of a clock, which has none as it stands there, its seconds."""
    unit = unit_text(one["unit"])
    return (
        f"= {one['value']} {unit}"
        if ":" in one["text"] and one["value"]
        else unit or one["meaning"]
    )


def _label(src: "_Source", one: Mapping[str, Any]) -> Markup:
    return fill(
        '<li class="is-$kind">$crop<p><strong>Label $name</strong><br>'
        '<span class="soft">$state</span></p><p class="got">$text</p></li>',
        kind="ok" if one["found"] else "review",
        crop=src.crop(one["crop"], f"Where the label {one['name']} should be"),
        name=one["name"],
        state="found" if one["found"] else "not found: draw it anew, or correct its words",
        text=one["text"] or "nothing",
    )


def _patient(src: "_Source", one: Mapping[str, Any]) -> Markup:
    return fill(
        '<li class="is-context">$crop<p><strong>Patient</strong><br><span class="soft">$what</span>'
        '</p><p class="got">$text</p></li>',
        crop=src.crop(one["crop"], "Where the screen shows the patient"),
        what=_WHO[one["what"]],
        text="" if one["what"] == "name" else one["text"] or "nothing",
    )


class _Source:
    """A picture of a draft, of which parts are shown."""

    def __init__(self, draft_id: str, picture: PictureSize) -> None:
        self._draft_id = draft_id
        self._picture = picture

    def crop(self, box: Sequence[int], words: str) -> Markup:
        """The part in a box, as a picture in a picture."""
        if box[2] <= 0 or box[3] <= 0:
            return Markup("<span></span>")
        return fill(
            '<svg class="read-crop" viewBox="$box" width="$across" height="$down" role="img" '
            'aria-label="$words: as the picture shows it"><image href="/profiles/$id/$number.png" '
            'width="$width" height="$height"></image></svg>',
            box=" ".join(map(str, box)),
            across=box[2],
            down=box[3],
            words=words,
            id=self._draft_id,
            number=self._picture.number,
            width=self._picture.width,
            height=self._picture.height,
        )
