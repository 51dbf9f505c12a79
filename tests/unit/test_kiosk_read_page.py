"""What was read back on a draft, as the box's page shows it."""

from datetime import UTC, datetime

import pytest

from dosebook_edge.kiosk.drawing.read_page import readings
from dosebook_protocol.screen_drawing.drawn import Draft, Drawn, PictureSize

WHEN = datetime(2026, 11, 22, tzinfo=UTC)
DRAFT = Draft("d", 1, Drawn({"id": "x"}), "R. Graf", WHEN, (PictureSize(1, 9, 9),))


def page(**value):
    """The page of one picture with one value."""
    read = {
        "name": "t", "label": "Time", "quantity": "fluoro_time", "state": "accepted", "reason": "",
        "confidence": 1.0, "meaning": "", "crop": [0, 0, 4, 4], **value,
    }  # fmt: skip
    told = {"accepted": 1, "review": 0, "refused": None, "labels": [], "patient": []}
    return str(readings(DRAFT, [told | {"values": [read]}]))


@pytest.mark.parametrize(
    ("text", "value", "unit", "shown"),
    [
        ("42:36", "2556", "s", "<span data-text>42:36</span> = 2556 s</p>"),
        ("42:3", None, "s", "<span data-text>42:3</span> s</p>"),
        ("51.84", "51.84", "mGy", "<span data-text>51.84</span> mGy</p>"),
    ],
)
def test_a_clock_is_shown_with_its_seconds(text, value, unit, shown):
    """P1: 42:36 are no 42.36 s: minutes and seconds stand beside what they come to."""
    assert shown in page(text=text, value=value, unit=unit)
