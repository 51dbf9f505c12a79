"""What persons confirmed on pictures of the tests' typeface."""

from itertools import count

from dosebook_edge.capture.screen.confirmations import Confirmation
from dosebook_edge.capture.screen.picture import to_png
from tests.support.typeface import CARM, crop

_numbers = count(1)


def confirmation(stands: str, text: str = "", **changes: str) -> Confirmation:
    """Somebody confirms `text` (what stands there unless told) where `stands` stands."""
    number = next(_numbers)
    fields = {
        "id": f"{number:08x}" * 4,
        "source": "monitor",
        "profile": CARM.id,
        "path": "SCREEN/dose_area_product",
        "shown": stands,
        "text": text or stands,
        "crop": to_png(crop(stands)),
        "by": "R. Graf",
        "at": f"2026-11-02T08:31:{number % 60:02}+00:00",
    }
    return Confirmation(**(fields | changes))
