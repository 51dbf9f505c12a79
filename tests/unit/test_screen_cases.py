"""Cases for the reader: the right pixels, nothing of a patient, and damaged pictures refused."""

import json
import zlib
from contextlib import suppress
from io import BytesIO
from zipfile import ZipFile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dosebook_central.screens.export import Case, case_of, written
from dosebook_central.screens.png import PngError, masked
from dosebook_protocol.screen import Area, ScreenError, pack, unpack
from tests.support.screens import evidence, png, value

GREY = np.random.default_rng(7).integers(0, 256, (30, 50), dtype=np.uint8)
SMOOTH = np.add.outer(np.arange(30), np.arange(50)).astype(np.uint8)


def _png(grey: np.ndarray) -> bytes:
    stream = BytesIO()
    Image.fromarray(grey).save(stream, format="PNG", optimize=True)
    return stream.getvalue()


def _pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(data)))


@pytest.mark.parametrize("grey", [GREY, SMOOTH, SMOOTH.T.copy(), np.zeros_like(GREY)])
def test_a_masked_picture_is_black_there_and_unchanged_elsewhere(grey: np.ndarray) -> None:
    """Every filter of PNG is undone; areas are cut at the border."""
    data = masked(
        _png(grey), [Area(x=5, y=3, width=10, height=4), Area(x=45, y=28, width=9, height=9)]
    )
    wanted = grey.copy()
    wanted[3:7, 5:15] = 0
    wanted[28:, 45:] = 0
    assert np.array_equal(_pixels(data), wanted)


def test_texts_beside_the_pixels_are_left_out() -> None:
    """A PNG may carry a comment; a case does not."""
    data = png(20, 10, "1")
    name = b"tEXtComment\0Dupont"
    chunk = (len(name) - 4).to_bytes(4, "big") + name + zlib.crc32(name).to_bytes(4, "big")
    assert b"Dupont" not in masked(data[:33] + chunk + data[33:], [])


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:40],
        lambda data: data[:45] + b"\xff\xff" + data[47:],
        lambda data: data[:16] + (60).to_bytes(4, "big") + data[20:],
    ],
)
def test_a_damaged_picture_is_refused(damage: object) -> None:
    """A picture that is cut, altered or of another size than it says never becomes a case."""
    with pytest.raises(PngError):
        masked(damage(_png(GREY)), [])  # type: ignore[operator]


def test_what_shows_the_patient_is_black_in_a_case() -> None:
    """A field that overlaps the patient's name: those pixels are gone, the others are there."""
    field = value("SCREEN/dlp[1]", "816.10", area={"x": 60, "y": 10, "width": 74, "height": 20})
    screen = evidence(field, patient_areas=({"x": 0, "y": 0, "width": 100, "height": 18},))
    case = case_of(screen, field.path, "816.70")
    assert case is not None
    shown = _pixels(case.picture)
    before = _pixels(screen.crops[field.path])
    assert not shown[:8, :40].any()
    assert np.array_equal(shown[8:], before[8:])
    assert np.array_equal(shown[:, 40:], before[:, 40:])


def test_the_same_cases_give_the_same_file() -> None:
    """A case set can be compared by its hash; every case is one line."""
    screen = evidence(value("SCREEN/dlp[1]", "816.10"))
    case = case_of(screen, "SCREEN/dlp[1]", "816.70")
    assert isinstance(case, Case)
    assert written([case]) == written([case])
    with ZipFile(BytesIO(written([case]))) as archive:
        (line,) = archive.read("cases.jsonl").decode().splitlines()
    said = json.loads(line)
    assert (said["text"], said["read"], said["profile"]) == (
        "816.70",
        "816.10",
        "ge-ct-dose-report",
    )


@given(st.integers(0, 2**31), st.binary(min_size=1, max_size=8))
def test_a_container_opens_or_is_refused(place: int, noise: bytes) -> None:
    """Whatever a few bytes are changed to: the container opens, or is a ScreenError."""
    data = pack(evidence(value("SCREEN/dlp[1]", "816.10")))
    at = place % len(data)
    damaged = data[:at] + noise + data[at + len(noise) :]
    with suppress(ScreenError):
        unpack(damaged)
