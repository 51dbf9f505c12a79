"""The map of a skin dose: stored and read back, its areas, its picture, and what follows of it."""

import math
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosebook_central.dosimetry.skin_dose.model import (
    Cylinder,
    Refusal,
    SkinDoseResult,
    UnusedEvent,
    refusal_from_text,
    result_from_text,
    to_text,
)
from dosebook_central.dosimetry.skin_dose.result import Computed, conclude
from dosebook_central.dosimetry.skin_dose.skin_map import bands, cells_of, make_map, side_of
from dosebook_central.web.skin_picture import LEVELS, picture
from dosebook_central.web.skin_words import dose_text
from tests.support.skin_dose import ask, beam_event

COLUMNS = 63
LEFT, BACK, RIGHT, FRONT = 0, 16, 31, 47  # columns of PySkinDose's cylinder


def rows_with(*doses, rows=152):
    """Rows of the engine with a dose in some cells: (row, column, mGy)."""
    made = [[0.0] * COLUMNS for _ in range(rows)]
    for row, column, dose in doses:
        made[row][column] = dose
    return made


def result_of(*doses, request=None, hitting=(1, 2)):
    """What follows of some cells, for two events of 10 mGy at the reference point."""
    asked = request or ask(beam_event(1), beam_event(2))
    return conclude(asked, Computed(rows_with(*doses), hitting), "0" * 64)


def test_the_peak_is_the_largest_cell_of_the_map():
    """The stated peak is the map's maximum, at the stated place, to four digits."""
    result = result_of((30, BACK, 1234.567), (31, LEFT, 99.0))
    assert isinstance(result, SkinDoseResult)
    cells = cells_of(result.map)
    assert result.peak_mgy == Decimal(1235)
    assert max(cells) == pytest.approx(1234.567, rel=1e-6)
    assert cells[result.peak_row * COLUMNS + result.peak_column] == max(cells)
    assert (result.peak_row, side_of(result.map, result.peak_column)) == (30, "back")


@pytest.mark.parametrize(
    ("column", "side"), [(LEFT, "left"), (BACK, "back"), (RIGHT, "right"), (FRONT, "front")]
)
def test_columns_are_named_for_the_side_of_the_body(column, side):
    """The engine's first column is the patient's left; the map begins at the front midline."""
    result = result_of((10, column, 5.0))
    assert side_of(result.map, result.peak_column) == side


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 151), st.integers(0, COLUMNS - 1)),
        st.floats(0.125, 131072, width=32),
        min_size=1,
        max_size=30,
    )
)
def test_a_stored_map_gives_every_cell_back(doses):
    """Property: what is written is read, cell by cell, in the map's own order of columns."""
    rows = rows_with(*((row, column, dose) for (row, column), dose in doses.items()))
    skin = make_map(rows, Cylinder())
    cells = cells_of(skin)
    assert sorted(cell for cell in cells if cell) == sorted(doses.values())
    assert len(cells) == 152 * COLUMNS


def test_a_broken_map_is_refused():
    """A map that is shorter than its rows and columns is an error, not a picture."""
    skin = make_map(rows_with((1, 1, 1.0)), Cylinder())
    with pytest.raises(ValueError, match="not as long"):
        cells_of(replace(skin, rows=3))


def test_columns_go_once_around_the_ellipse():
    """The widths add up to the ellipse's circumference (Ramanujan's formula) within 0.1 %."""
    a, b = 22.09, 11.05
    h = ((a - b) / (a + b)) ** 2
    around = math.pi * (a + b) * (1 + 3 * h / (10 + math.sqrt(4 - 3 * h)))
    skin = make_map(rows_with((1, 1, 1.0)), Cylinder(a, b))
    assert sum(skin.column_cm) == pytest.approx(around, rel=1e-3)


def test_areas_count_cells_at_or_above_a_dose():
    """Bands are cumulative areas in cm²: any dose, then from 1, 2, 3 and 5 Gy."""
    result = result_of((30, BACK, 5000), (31, BACK, 2500), (32, BACK, 999), (33, BACK, 0))
    width = result.map.column_cm[result.peak_column]
    found = {band.from_mgy: band.area_cm2 for band in bands(result.map)}
    expected = {0: 3, 1000: 2, 2000: 2, 3000: 1, 5000: 1}
    assert found == {dose: round(count * width, 1) for dose, count in expected.items()}


def test_a_peak_of_zero_is_refused():
    """No cell with dose is a refusal in words, never a peak of 0."""
    refusal = result_of(hitting=())
    assert isinstance(refusal, Refusal)
    assert refusal.code == "beam-missed"
    assert refusal_from_text(to_text(refusal)) == refusal


def test_a_map_with_events_missing_is_a_lower_bound_without_an_upper_end():
    """Where events that gave dose are not on the map, the result says so and has no upper end."""
    whole = result_of((30, BACK, 100.0))
    assert (whole.is_lower_bound, whole.kerma_percent) == (False, 100)
    assert (whole.interval.low_mgy, whole.interval.high_mgy) == (Decimal(24), Decimal(176))
    part = result_of((30, BACK, 100.0), hitting=(1,))
    assert (part.is_lower_bound, part.kerma_percent) == (True, 50)
    assert part.interval.high_mgy is None
    assert part.unused == (UnusedEvent(2, "the beam met no cell of the phantom", Decimal("10.0")),)
    unknown = ask(beam_event(1), beam_event(2), beam_event(3, dose_rp=None))
    assert result_of((30, BACK, 100.0), request=unknown).is_lower_bound


def test_a_result_survives_its_stored_form():
    """What is stored is read back equal, and is small."""
    result = result_of(*((row, column, row + column) for row in range(40) for column in range(30)))
    text = to_text(result)
    assert result_from_text(text) == result
    assert len(text) < 20_000


def test_the_picture_holds_every_cell_with_dose_once():
    """The areas of all paths together are the irradiated area, and the peak is marked inside."""
    result = result_of(*((60 + n, column, 1.0 + n) for n in range(20) for column in range(10, 30)))
    drawn = picture(result)
    irradiated = next(band.area_cm2 for band in bands(result.map) if band.from_mgy == 0)
    assert sum(_area(level.path) for level in drawn.levels) == pytest.approx(irradiated, rel=0.01)
    assert 0 < drawn.peak_x < drawn.width
    assert 0 < drawn.peak_y < drawn.height
    assert drawn.levels[-1].number == LEVELS
    assert drawn.first_cm <= 60
    assert drawn.first_cm + drawn.height >= 80


def _area(path):
    area = 0.0
    for box in path.split("Z"):
        if box:
            start, right, below, left = box[1:].replace("V", "H").split("H")
            x, y = map(float, start.split())
            assert float(left) == x
            area += (float(right) - x) * (float(below) - y)
    return area


@pytest.mark.parametrize(
    ("mgy", "text"),
    [(12.72, "12.7"), (0.00264, "0.00264"), (999.6, "1\u202f000"), (5234, "5\u202f234"), (0, "0")],
)
def test_doses_read_with_three_digits(mgy, text):
    """A dose is written with three significant digits, thousands apart."""
    assert dose_text(mgy) == text
