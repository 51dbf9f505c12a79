"""Screens that a drawn truth is known of, and a net that knows exactly these."""

from datetime import UTC, datetime

import numpy as np

from dosebook_edge.capture.screen.grammar import means
from dosebook_edge.capture.screen.ink import Strokes
from dosebook_edge.capture.screen.line import Line
from dosebook_edge.capture.screen.loader import find
from dosebook_edge.capture.screen.picture import Box, Picture, digest
from dosebook_edge.capture.screen.read import ScreenReader
from dosebook_edge.capture.screen.seen import Seen

PROFILES = {
    "ge-ct": "ge-ct-dose-report",
    "siemens-protocol": "siemens-ct-patient-protocol",
    "philips-dose": "philips-ct-dose-report",
    "canon-summary": "canon-ct-dose-summary",
    "angio-console": "angio-console",
    "carm-panel": "carm-panel",
    "dap-display": "dap-display-7-segment",
}
"""Layout of the simulator → the shipped profile that describes it."""
TAKEN_AT = datetime(2026, 11, 2, 8, 31, tzinfo=UTC)
SURE = 0.98


class TruthNet:
    """A net that reads the crops of one drawn screen, and nothing else.

    `wrong` maps what it would read to what it says instead, as a misreading would.
    """

    model_hash = "truth"
    runtime = "stub"

    def __init__(self, screen, loaded, wrong=None, grey=None):
        self.known = {}
        self.reads = 0
        self._wrong = wrong or {}
        self.confidence = SURE
        grey = grey_of(screen) if grey is None else grey
        profile = loaded.profile
        units = {(c.unit_box, text) for c in profile.cells if c.unit_box for text in [*c.units][:1]}
        for (x, y, w, h), text in units:
            self.known[digest(grey[y : y + h, x : x + w])] = text
        for anchor in profile.anchor:
            x, y, w, h = anchor.box
            words = anchor.texts.get(screen.language, anchor.texts.get("*", "?"))
            left = max(0, x - 4)
            self.known[digest(grey[y : y + h, left : x + w + 4])] = words
        for table in profile.table:
            for footer in table.footer:
                for row in range(table.rows + 2):
                    y = table.top + row * table.pitch
                    x, w = footer.label_x
                    words = footer.label_texts.get(screen.language, "?")
                    crop = grey[y : y + table.height, x : x + w]
                    if np.ptp(crop):
                        self.known[digest(crop)] = words
        areas = areas_of(profile)
        for cell in screen.cells:
            x, y, w, h = areas.get(cell.name, cell.box)
            text = self._wrong.get(cell.name, cell.text)
            self.known[digest(grey[y : y + h, x : x + w])] = text
        self._known_footers(screen, profile, grey)

    def _known_footers(self, screen, profile, grey):
        for table in profile.table:
            for footer in table.footer:
                for row in range(table.rows + 2):
                    y, (x, w) = table.top + row * table.pitch, footer.x
                    crop = grey[y : y + table.height, x : x + w]
                    if abs(y - screen.cell(footer.name).box[1]) < 2 and np.ptp(crop):
                        text = screen.cell(footer.name).text
                        self.known[digest(crop)] = self._wrong.get(footer.name, text)

    def read(self, crop, allowed=None):
        """What is known of these pixels; "" with no confidence otherwise."""
        self.reads += 1
        text = self.known.get(digest(crop), "")
        return Line(text, self.confidence if text else 0.0)

    def glance(self, crop):
        """What is known of these pixels, at one look."""
        return self.read(crop).text


def areas_of(profile):
    """Name of each cell of a profile → its area; footers, which move, apart."""
    found = {one.name: one.box for one in profile.field}
    found |= {
        {"name": "patient_name", "id": "patient_id"}.get(one.what, one.what): one.box
        for one in profile.patient
    }
    for table in profile.table:
        for column in table.column:
            for row in range(table.rows):
                area = (column.x[0], table.top + row * table.pitch, column.x[1], table.height)
                found[f"{column.name}[{row + 1}]"] = area
    return found


def grey_of(screen):
    """Grey pixels of a drawn screen."""
    return np.asarray(screen.picture.convert("L"), dtype=np.uint8)


def picture_of(screen, **changes):
    """A drawn screen as a lossless capture."""
    fields = {
        "grey": grey_of(screen), "way": "lossless", "taken_at": TAKEN_AT, "source": "framebuffer"
    }  # fmt: skip
    return Picture(**(fields | changes))


def reader_for(screen, **arguments):
    """A reader with the profile of a drawn screen and a net that knows its crops."""
    loaded = find(PROFILES[screen.layout])
    glyphs = arguments.pop("glyphs", None)
    return ScreenReader([loaded], TruthNet(screen, loaded, **arguments), glyphs)


def seen(profile, name, text, *, row=0, unit=None, strokes=None):
    """A cell as the net would read it."""
    cell = next(one for one in profile.cells if one.name == name)
    return Seen(
        cell=cell,
        name=f"{name}[{row}]" if row else name,
        crop=Box(0, 0, 60, 20),
        crop_digest=text,
        line=Line(text, 0.98),
        meant=means(text, cell, profile),
        unit=unit or cell.unit or next(iter(cell.units.values()), ""),
        table="rows" if row else "",
        row=row,
        strokes=strokes or Strokes(),
    )
