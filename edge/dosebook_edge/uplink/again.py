"""What the registry lacks waits again, as far as the outbox still keeps it; nothing is removed."""

from typing import Final

from dosebook_edge.uplink.settings import Outbox
from dosebook_protocol.record import Missing, Span

# A registry that lacks more asks again with the next word that it hears of this box.
_MOST: Final = 2000
_PAGE: Final = 256
# SQLite's integers end at 2**63 - 1.
_BEYOND: Final = 2**62


def let_wait_again(outbox: Outbox, missing: Missing, most: int = _MOST) -> int:
    """Let delivered records that the registry lacks wait again; how many do.

    A number that this box never gave, that waits anyway, or whose content it keeps no more, is
    passed over. Raises what the outbox raises where it cannot be written.
    """
    again = 0
    for span in missing.missing:
        if again < most:
            again += _again(outbox, span, most - again)
    return again


def _again(outbox: Outbox, span: Span, most: int) -> int:
    """Newest first, for of older ones the content goes first."""
    again = 0
    before = min(span.last, _BEYOND) + 1
    while again < most:
        page = outbox.entries(limit=_PAGE, before=before)
        asked = [one for one in page if one.sequence >= span.first]
        delivered = [one.sequence for one in asked if one.has_payload and one.acknowledged_at]
        again += len(outbox.replay(delivered[: most - again]))
        if len(asked) < _PAGE:
            break
        before = page[-1].sequence
    return again
