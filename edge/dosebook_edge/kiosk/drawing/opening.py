"""Put together what drawing takes on one box; picture libraries load here or not at all."""

from collections.abc import Iterable
from pathlib import Path

from dosebook_edge.capture.screen.drawn_profiles import DrawnProfiles
from dosebook_edge.capture.source import Source
from dosebook_edge.folder import DRAFTS, PROFILES
from dosebook_edge.kiosk.drawing.drafts import Drafts
from dosebook_edge.kiosk.drawing.origins import Origins, ReadsScreens
from dosebook_edge.kiosk.drawing.views import DrawingPages
from dosebook_edge.outbox import Outbox


def drawing_pages(folder: Path, outbox: Outbox, sources: Iterable[Source]) -> DrawingPages:
    """The pages over a box's folder, for those of its sources that read screens."""
    reading = [one for one in sources if isinstance(one, ReadsScreens)]
    return DrawingPages(
        Drafts(folder / DRAFTS, outbox.vault),
        Origins(reading, outbox),
        DrawnProfiles(folder / PROFILES),
    )
