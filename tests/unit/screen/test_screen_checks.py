"""The checks of a screen: what passes, what fails, what proves, and what says nothing."""

from dataclasses import replace
from decimal import Decimal

import pytest

from dosebook_edge.capture.screen.checks import arithmetic, counter
from dosebook_edge.capture.screen.ink import Strokes
from dosebook_edge.capture.screen.line import Line
from dosebook_edge.capture.screen.loader import find
from dosebook_edge.capture.screen.reading import Check
from dosebook_edge.capture.screen.release import judge
from dosebook_edge.capture.screen.widths import widths
from tests.support.screen_reading import seen

GE = find("ge-ct-dose-report").profile
SIEMENS = find("siemens-ct-patient-protocol").profile
CARM = find("carm-panel").profile
ANGIO = find("angio-console").profile
TOUCHING = "which characters that touch each other need"


def table(profile, rows, total):
    """DLP cells and their total."""
    cells = [seen(profile, "dlp", text, row=n) for n, text in enumerate(rows, start=1)]
    return [*cells, seen(profile, "total_dlp", total)]


def check(profile, cells, name, kind):
    """Outcome of one kind of check for one cell."""
    return next(one for one in arithmetic(profile, cells)[name] if one.name == kind)


@pytest.mark.parametrize(
    ("rows", "total", "outcome", "proves"),
    [
        (["424.00", "452.27"], "876.27", "pass", True),
        (["424.00", "452.27"], "876.26", "fail", False),
        (["424.00"], "424.00", "pass", False),  # one row says the same thing twice
        (["424.00", "0.00"], "424.00", "pass", False),
        (["424.00", "45.227"], "876.27", "not applicable", False),
        ([], "0.00", "not applicable", False),
    ],
)
def test_a_sum_proves_only_to_the_last_digit_and_over_two_parts(rows, total, outcome, proves):
    """Sum of DLP = total; one row is no sum, and an unread part is no failure."""
    found = check(GE, table(GE, rows, total), "total_dlp", "sum")
    assert (found.outcome, found.proves) == (outcome, proves)


def test_what_rounding_may_explain_is_no_proof():
    """A site whose console rounds allows a difference, which then proves no digit."""
    rounding = GE.check[0].model_copy(update={"rounding": Decimal("0.06")})
    profile = GE.model_copy(update={"check": (rounding,)})
    found = check(profile, table(GE, ["424.00", "452.27"], "876.26"), "dlp[1]", "sum")
    assert (found.outcome, found.proves) == ("pass", False)


def test_units_are_converted_before_they_are_compared():
    """P1: rows in one unit and a total in another add up exactly."""
    cells = [seen(SIEMENS, "dlp", text, row=n) for n, text in enumerate(["100.0", "200.0"], 1)]
    total = seen(SIEMENS, "total_dlp", "3.0", unit="dGy.cm")
    assert check(SIEMENS, [*cells, total], "total_dlp", "sum").proves


@pytest.mark.parametrize(
    ("kind", "ctdi", "dlp", "outcome"),
    [
        ("Helical", "16.44", "1196.35", "pass"),  # a real row: 72.8 cm over 70.5 cm
        ("Helical", "1.64", "1196.35", "fail"),  # a lost point
        ("Helical", "76.44", "1196.35", "fail"),  # less DLP than the range alone
        ("Axial", "76.44", "1196.35", "not applicable"),
        ("Helical", "0.00", "1196.35", "not applicable"),
    ],
)
def test_over_range_of_a_helical_row(kind, ctdi, dlp, outcome):
    """DLP / CTDIvol minus range lies within 0 to 12 cm; stationary scans are not judged."""
    cells = [
        seen(GE, "type", kind, row=1),
        seen(GE, "scan_range", "S89.250-I615.750", row=1),
        seen(GE, "ctdi_vol", ctdi, row=1),
        seen(GE, "dlp", dlp, row=1),
    ]
    assert check(GE, cells, "ctdi_vol[1]", "over-range").outcome == outcome


@pytest.mark.parametrize(("kap", "outcome"), [("1500.00", "pass"), ("15.00", "fail")])
def test_kap_over_kerma_is_a_field(kap, outcome):
    """P51: a point in the wrong place makes a field that no tube has."""
    cells = [seen(CARM, "dose_area_product", kap), seen(CARM, "dose_rp", "100.00")]
    assert check(CARM, cells, "dose_rp", "ratio").outcome == outcome


def test_fluoroscopy_is_not_more_than_all():
    """The part of a counter is not above the whole."""
    cells = [
        seen(ANGIO, "dose_area_product_a", "100.0"),
        seen(ANGIO, "fluoro_dose_area_product_a", "700.0"),
        seen(ANGIO, "dose_rp_a", "1.0"),
    ]
    found = arithmetic(ANGIO, cells)["fluoro_dose_area_product_a"]
    assert [one.outcome for one in found] == ["fail"]


def test_one_screen_has_one_decimal_mark():
    """A comma among points is a misread point."""
    cells = table(GE, ["424.00", "452,27"], "876.27")
    assert check(GE, cells, "dlp[2]", "mark").outcome == "fail"
    assert "mark" not in {one.name for one in arithmetic(GE, cells)["dlp[1]"]}


def test_a_counter_without_a_past_is_not_judged():
    """The first picture of an exam has nothing to be compared with."""
    assert counter(seen(CARM, "dose_rp", "1.00"), []).outcome == "not applicable"
    assert counter(seen(CARM, "kvp", "70"), []) is None


def strokes_of(widths_px):
    """Strokes of equal digits, 2 px apart, as wide as told."""
    edges, left = [], 0
    for width in widths_px:
        edges.append((left, left + width))
        left += width + 2
    return Strokes(tuple(edges), 9)


def test_a_dropped_digit_shows_in_the_width():
    """A string that lost a digit is a whole digit wider than its characters (0.90 sure, 244.8)."""
    whole = [
        seen(CARM, name, text, strokes=strokes_of([6, 6, 6, 2, 6, 6]))
        for name, text in (("dose_area_product", "222.22"), ("dose_rp", "555.55"))
    ]
    # Digits that touch: as many strokes as characters, of which one is two digits.
    lost = seen(CARM, "xray_tube_current", "22.22", strokes=strokes_of([14, 6, 2, 6, 6]))
    extra = seen(CARM, "number_of_events", "22", strokes=strokes_of([6, 6, 6]))
    found = widths([*whole, lost, extra])
    assert found["xray_tube_current"].outcome in ("fail", "not applicable")
    assert found["number_of_events"].outcome == "fail"
    third = [seen(CARM, "kvp", "22.22", strokes=strokes_of([6, 6, 2, 6, 6]))]
    found = widths([*whole, *third, lost])
    assert (found["xray_tube_current"].outcome, found["kvp"].outcome) == ("fail", "pass")


@pytest.mark.parametrize(
    ("pieces", "width", "way", "waits"),
    [
        ([6, 6, 2, 6], None, "grabbed", False),
        ([12, 2, 6], None, "grabbed", True),
        ([12, 2, 6], "pass", "grabbed", False),
        ([12, 2, 6], None, "lossless", False),
    ],
    ids=["apart", "touching", "as wide as its characters", "lossless"],
)
def test_characters_that_touch_on_a_grabbed_picture_need_more(pieces, width, way, waits):
    """A thin 1 in front was left out twice alike, 0.98 sure: 16.8 became 6.8 for its digits touch.

    Where the width shows how many they are, the usual confidence is enough.
    """
    one = seen(CARM, "dose_rp", "16.8", strokes=strokes_of(pieces))
    checks = [Check("frames", "pass"), Check("width", width or "not applicable")]
    reason = judge(one, checks, way, CARM.release)
    assert reason == ("confidence 0.98 is under 0.99, " + TOUCHING if waits else "")
    surer = replace(one, line=Line("16.8", 0.995))
    assert judge(surer, checks, way, CARM.release) == ""


def test_sums_are_exact():
    """Decimal arithmetic: 0.1 + 0.2 is 0.3 to the last digit."""
    assert Decimal("0.1") + Decimal("0.2") == Decimal("0.3")
    assert check(SIEMENS, table(SIEMENS, ["0.1", "0.2"], "0.3"), "dlp[1]", "sum").proves


def shaped(name, text, row=0, misread=None):
    """A cell of GE's table on a lossless picture: a shape for each character that truly stands."""
    shapes = tuple((0, 9, 6, one.encode()) for one in text)
    read = text.translate(str.maketrans(misread or {}))
    return replace(seen(GE, name, read, row=row), shapes=shapes)


@pytest.mark.parametrize(
    ("rows", "total", "proved"),
    [
        (["457.00", "31.02"], "488.02", set()),  # 4 and 2 weigh the same on both sides
        (["350.70", "100.00"], "450.70", {"dlp[2]"}),  # each 7 may be a 1: the sum holds as well
        (["17.00", "71.00"], "88.00", {"dlp[1]", "dlp[2]", "total_dlp"}),
    ],
)
def test_a_sum_proves_no_digit_that_weighs_the_same_on_both_sides(rows, total, proved):
    """A typeface whose 7 is read as a 1 everywhere leaves such a sum whole: it is no proof."""
    cells = [shaped("dlp", text, n) for n, text in enumerate(rows, 1)]
    cells.append(shaped("total_dlp", total))
    found = arithmetic(GE, cells)
    assert {one.name for one in cells for c in found[one.name] if c.proves} == proved


def test_two_shapes_that_are_read_alike_are_weighed_together_and_apart():
    """7 read as 1 in rows and, in bold, in the total: neither shape alone cancels, both do."""
    taken = {"7": "1"}
    cells = [
        shaped("dlp", "350.70", 1, taken), shaped("dlp", "100.00", 2), shaped("total_dlp", "450.70")
    ]  # fmt: skip
    bold = tuple((0, 9, 8, shape[3]) for shape in cells[2].shapes)
    cells[2] = replace(seen(GE, "total_dlp", "450.10"), shapes=bold)
    found = arithmetic(GE, cells)
    assert all(c.outcome == "pass" for c in found["dlp[1]"] if c.name == "sum")
    assert not any(c.proves for name in ("dlp[1]", "total_dlp") for c in found[name])
