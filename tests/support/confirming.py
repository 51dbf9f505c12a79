"""What persons confirmed on pictures of the tests' typeface."""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from dosebook_edge.capture.screen.confirmation import Confirmation
from dosebook_edge.capture.screen.picture import to_png
from tests.support.screen_reading import TAKEN_AT
from tests.support.typeface import CARM, crop

_numbers = count(1)


def confirmation(stands: str, text: str = "", **changes: Any) -> Confirmation:
    """Somebody confirms `text` (what stands there unless told) where `stands` stands.

    The net had read the same, unless `shown` tells otherwise.
    """
    number = next(_numbers)
    made = Confirmation(
        id=f"{number:08x}" * 4,
        source="monitor",
        profile=CARM.id,
        path="SCREEN/dose_area_product",
        shown=text or stands,
        text=text or stands,
        crop=to_png(crop(stands)),
        by="R. Graf",
        at=(TAKEN_AT + timedelta(seconds=number)).isoformat(),
    )
    return replace(made, **changes)
