"""Profiles of screens: what ships loads, and what could be misread is refused with its cure."""

import pytest

from dosebook_edge.capture.screen.loader import ScreenProfileError, find, load, shipped
from tests.support.screen_reading import PROFILES

GE = "ge-ct-dose-report"


def test_each_kind_of_screen_has_a_profile_that_says_what_proved_it():
    """GE, Siemens, Philips, Canon, angiography, C-arm, DAP display; none claims real screens."""
    found = {name: load(path).profile for name, path in shipped().items()}
    assert set(found) == set(PROFILES.values())
    for name, profile in found.items():
        assert profile.id == name
        assert profile.measures
        assert any("no real screen of this kind is public" in one for one in profile.proved_on)


def test_every_number_of_a_shipped_profile_has_type_unit_and_limit():
    """A dose has a unit, declared or read, and a largest plausible value."""
    for name in shipped():
        for cell in find(name).profile.cells:
            if cell.quantity:
                assert cell.unit or cell.units, f"{name}: {cell.name}"
                assert cell.maximum or cell.one_of, f"{name}: {cell.name}"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('type = "decimal"\nx = [288, 66]', "x = [288, 66]", "table[0].column[3].type is not set"),
        ('unit = "mm"\n', "", "give unit, or unit_box with units: a unit is never assumed"),
        ('quantity = "ctdi_vol"', 'quantity = "ctdi"', "is no quantity"),
        ('"(mGy)" = "mGy"', '"(mGy)" = "mGy.cm"', "'mGy.cm' is no unit of ctdi_vol"),
        ('decimals = 2\nmaximum = "300"', 'maximum = "300"', "1,234 has two meanings"),
        ('maximum = "300"\n', "", "a dose has a largest plausible value"),
        ('total = "total_dlp"', 'total = "total"', "check[0]: no field is named 'total'"),
        ('parts = ["dlp"]', 'parts = ["ctdi_vol"]', "the parts and the total measure different"),
        ('parts = ["dlp"]', 'parts = ["type"]', "'type' is a choice, not a number"),
        ('name = "dlp"\nlabel', 'name = "ctdi_vol"\nlabel', "two are named 'ctdi_vol'"),
        ("rows = 11", "rows = 40", "the last one lies below the screen"),
        ("height = 20", "height = 30", "more than the pitch"),
        ("box = [10, 489, 60, 19]", "box = [10, 499, 60, 19]", "anchor[4].box: it does not lie"),
        ('de = "Dosisbericht"', 'nl = "Dosisrapport"', "languages does not list it"),
        ('edge = "right"', 'egde = "right"', "no key of a screen profile, did you mean edge?"),
        ('"*16" = "16cm"', '"*16" = 16', "table[0].column[5].choices"),
        ("schema_version = 1", "schema_version = 2", "schema_version"),
        ("[screen]", "[screen", "is not TOML"),
    ],
)  # fmt: skip
def test_a_profile_that_could_misread_is_refused_with_key_and_cure(tmp_path, old, new, told):
    """A field without type or unit does not load, nor anything that does not agree."""
    text = shipped()[GE].read_text()
    assert old in text
    path = tmp_path / "own.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ScreenProfileError) as refused:
        load(path)
    assert told in str(refused.value)
    assert str(path) in str(refused.value)


def test_one_label_names_no_screen(tmp_path):
    """A profile with fewer than two labels would take any screen for its own."""
    text = shipped()["dap-display-7-segment"].read_text()
    head, *anchors = text.split("[[anchor]]")
    rest = anchors[-1][anchors[-1].index("[[field]]") :]
    path = tmp_path / "own.toml"
    path.write_text(head + "[[anchor]]" + anchors[0] + rest)
    with pytest.raises(ScreenProfileError, match="two labels at least"):
        load(path)


def test_a_wrong_id_is_told_with_the_nearest_one():
    """What does not exist is named, with what was probably meant."""
    with pytest.raises(ScreenProfileError, match="did you mean carm-panel"):
        find("carm-panal")
    with pytest.raises(ScreenProfileError, match="cannot be read"):
        find("no-such.toml")
