"""What persons taught the reader here, and taking it back: one page of the kiosk."""

from datetime import datetime
from typing import Final

from dosebook_edge.capture.screen import confirmations
from dosebook_edge.capture.screen.confirmation import Confirmation
from dosebook_edge.kiosk.markup import Markup, fill, joined, render
from dosebook_edge.outbox import Outbox
from dosebook_protocol.quantities import QUANTITIES
from dosebook_protocol.screen import PATH

_MOST: Final = 40
"""Rows of a page; all of them are listed by the command."""
_LEAD: Final = (
    "What persons confirm teaches the reader a character, and stops a misreading. Where two "
    "contradict each other, look at the crops and forget the wrong one."
)
_LIBRARY: Final = Markup(
    "<p>Which of these contradict each other is told where dosebook-edge[screen] is installed.</p>"
)


class Taught:
    """The confirmations of one box."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def page(self, token: str, told: str) -> Markup:
        """What counts, by console; the newest first, and those that contradict each other."""
        found = [one for one in self._every() if not one.forgotten_by]
        rows = joined(_row(one, token) for one in found[: -_MOST - 1 : -1])
        return render(
            "taught",
            told=fill('<p class="told" role="status">$text</p>', text=told) if told else Markup(),
            consoles=_consoles(found) if found else Markup(),
            lead=_LEAD if found else "Nobody has confirmed a value of a lossless picture here yet.",
            rows=rows,
        )

    def crop(self, number: str) -> bytes | None:
        """The picture of a confirmation, PNG; None where there is no such."""
        return next((one.crop for one in self._every() if one.id == number), None)

    def forget(self, number: str, by: str) -> bool:
        """Take a confirmation out of force; False where that was done. Raises `OutboxError`."""
        return self._outbox.run(lambda connection: confirmations.forget(connection, number, by))

    def _every(self) -> list[Confirmation]:
        vault = self._outbox.vault
        return self._outbox.read(lambda connection: confirmations.every(connection, vault))


def _consoles(found: list[Confirmation]) -> Markup:
    """Each console with the characters that it was taught, and what is contradicted."""
    try:
        from dosebook_edge.capture.screen.confirmed_list import consoles
    except ImportError:
        return _LIBRARY
    return joined(
        fill(
            "<section><h2>$source, $profile</h2><p>Taught: $taught</p>$disputes</section>",
            source=one.source,
            profile=one.profile,
            taught=" ".join(one.taught) or "nothing yet",
            disputes=joined(
                fill(
                    '<p class="error">$text.</p>',
                    text=each.sentence[:1].upper() + each.sentence[1:],
                )
                for each in one.disputes
            ),
        )
        for one in consoles(found)
    )


def _field(path: str) -> str:
    """A field in words: what it measures, and in which row of a table."""
    name, _, row = path.removeprefix(PATH).rstrip("]").partition("[")
    quantity = QUANTITIES.get(name)
    label = quantity.label if quantity else name.replace("_", " ")
    return f"{label}, row {row}" if row else label


def _row(one: Confirmation, token: str) -> Markup:
    return fill(
        '<li><img class="crop" src="/taught/$id" alt="The field as the screen showed it">'
        "<p><strong>$text</strong> $field<br>$by, $at<br>$name</p>"
        '<form action="/forget" method="post"><input type="hidden" name="token" value="$token">'
        '<button class="key" name="id" value="$id">Forget</button></form></li>',
        id=one.id,
        text=one.text,
        field=_field(one.path),
        by=one.by,
        at=f"{datetime.fromisoformat(one.at).astimezone():%Y-%m-%d %H:%M}",
        name=one.id[:8],
        token=token,
    )
