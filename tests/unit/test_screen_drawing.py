"""Profiles of screens in the editor: the form, the file that it writes, and pictures taken in."""

import struct
import tomllib
import zlib
from pathlib import Path

import pytest
from pydantic import BaseModel
from werkzeug.datastructures import MultiDict

from dosebook_edge.capture.screen import profile as model
from dosebook_edge.capture.screen.loader import load, shipped
from dosebook_protocol.screen_drawing import form, keys
from dosebook_protocol.screen_drawing.controls import form_html
from dosebook_protocol.screen_drawing.drawn import Drawn, drawn_of
from dosebook_protocol.screen_drawing.faults import place_of
from dosebook_protocol.screen_drawing.toml import to_toml
from dosebook_protocol.screen_drawing.upload import MOST_BYTES, UploadError, taken_in
from tests.support.screens import png

PROFILES = shipped()


def _tree(path: Path):
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _sent(tree):
    """What a browser sends of a form that shows this profile."""
    return MultiDict((name, text) for name, texts in form.fields_of(tree).items() for text in texts)


@pytest.mark.parametrize("name", PROFILES)
def test_every_shipped_profile_goes_through_the_form_and_stays_the_same(name, tmp_path):
    """What is loaded into the editor is saved as an equivalent profile, to the last key."""
    tree = _tree(PROFILES[name])
    assert form.unknown_keys(tree) == []
    saved = tmp_path / f"{name}.toml"
    saved.write_text(to_toml(form.tree_of(_sent(tree))), encoding="utf-8")
    assert load(saved).profile == load(PROFILES[name]).profile


def test_the_form_has_every_key_of_the_format():
    """A key that the box learns is drawn too, or this test names it."""
    tables = {
        "anchor": model.Anchor,
        "field": model.ScreenField,
        "table": model.TableArea,
        "patient": model.PatientField,
        "patch": model.Patch,
        "column": model.Column,
        "footer": model.Footer,
    }
    sections = {one.name: one for each in keys.SECTIONS for one in (each, *each.inside)}

    def missing(table: type[BaseModel], shown) -> set[str]:
        return set(table.model_fields) - {one.name for one in shown}

    for name, table in tables.items():
        section = sections[name]
        assert missing(table, (*section.keys, *section.inside)) == set(), name
    checks = (model.SumCheck, model.OverRangeCheck, model.RatioCheck)
    for check in checks:
        kind = check.model_fields["kind"].annotation.__args__[0]
        shown = {one.name for one in sections["check"].keys if not one.only or kind in one.only}
        assert shown == set(check.model_fields)
    parts = {"screen", "release", "schema_version", *(one.name for one in keys.SECTIONS)}
    assert missing(model.ScreenProfile, keys.PROFILE) == parts
    assert missing(model.ScreenSize, keys.SCREEN) == missing(model.Release, keys.RELEASE) == set()


def test_what_cannot_be_read_stays_as_it_was_typed():
    """Nothing that a person typed is lost, even where it is no number."""
    tree = form.tree_of(
        MultiDict(
            [
                ("screen.width", "64o"),
                ("field[0].box", "10"),
                ("field[0].box", "x"),
                ("field[0].box", "5"),
                ("field[0].box", ""),
                ("field[0].label", " KAP "),
            ]
        )
    )
    assert tree["screen"] == {"width": "64o"}
    assert tree["field"] == [{"label": "KAP", "box": [10, "x", 5, ""]}]
    assert form.fields_of(tree)["field[0].box"] == ["10", "x", "5", ""]


def test_a_form_without_a_script_adds_and_removes_parts():
    """The buttons of the form do the same on the server; a path that is not there does nothing."""
    tree: form.Tree = {"table": [{"name": "a"}, {"name": "b"}]}
    form.changed(tree, "add", "table[1].column")
    form.changed(tree, "add", "anchor")
    form.changed(tree, "remove", "table[0]")
    form.changed(tree, "remove", "table[7]")
    form.changed(tree, "remove", "table[7].column[0]")
    form.changed(tree, "add", "nonsense")
    form.changed(tree, "", "")
    assert tree == {"table": [{"name": "b", "column": [{}]}], "anchor": [{}]}


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("field[0].box[3]", "field[0].box"),
        ("field[0].units.mGy*cm", "field[0].units"),
        ("anchor[9].texts", "anchor"),
        ("anchor", "anchor"),
        ("screen.width", "screen.width"),
        ("table[0].column[0].unit_box", "table[0].column[0].unit_box"),
        ("table[0].column", "table[0].column"),
        ("nothing", ""),
        ("", ""),
    ],
)
def test_a_fault_is_told_beside_its_field(key, place):
    """The nearest field or heading that the page shows."""
    tree = {"field": [{}], "table": [{"column": [{}]}]}
    assert place_of(key, tree) == place


def test_keys_that_the_form_does_not_know_are_named():
    """A file with more than the form shows is not taken in and silently cut."""
    tree = {"schema_version": 1, "id": "x", "colour": "red", "field": [{"name": "a", "odd": 1}]}
    assert form.unknown_keys(tree) == ["colour", "field[0].odd"]
    assert form.unknown_keys({"schema_version": 2}) == ["schema_version"]


def test_toml_holds_any_text():
    """Quotes, backslashes, control characters and words of every language come back."""
    tree = {
        "id": 'a "b" \\ c\n\x7f\t',
        "notes": ["x" * 90, "przekątna", "線量"],
        "screen": {"width": 3},
        "anchor": [{"texts": {"*": "KAP", "a b": "c"}, "on": True, "share": 0.97}],
        "table": [{"column": [{"x": [1, 2], "empty": []}]}],
    }
    assert tomllib.loads(to_toml(tree)) == tree


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _png(width=64, height=64, *, depth=8, colour=0, raw=None, extra=b""):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    data = zlib.compress(bytes((width + 1) * height) if raw is None else raw)
    body = _chunk(b"IHDR", header) + extra + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_a_picture_is_kept_without_anything_but_its_pixels():
    """Texts of a capture may name a patient: they are gone before it is stored."""
    kept = taken_in(_png(extra=_chunk(b"tEXt", b"Title\0PENHALE, RUFUS")))
    assert (kept.width, kept.height) == (64, 64)
    assert b"PENHALE" not in kept.png
    assert taken_in(kept.png) == kept
    assert taken_in(png(120, 40, "12.5")).png == png(120, 40, "12.5")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xff\xd8\xff\xe0 a photograph", "no PNG"),
        (b"", "no PNG"),
        (b"\x89PNG\r\n\x1a\n", "ends too early"),
        (_png()[:-20], "damaged PNG|ends too early"),
        (_png().replace(b"IDAT", b"IDAX"), "damaged PNG"),
        (_png(depth=16, raw=bytes(129 * 64)), "8 bits"),
        (_png(8, 8), "no screen"),
        (_png(60_000, 100, raw=b""), "no screen"),
        (_png(8000, 8000, raw=b""), "too many"),
        (_png(raw=bytes(10)), "another number of pixels"),
        (_png(raw=bytes(64 * 1024 * 1024)), "another number of pixels"),
        (b"\x89PNG\r\n\x1a\n" + bytes(MOST_BYTES), "larger than 8 MB"),
    ],
)
def test_what_is_no_picture_of_a_screen_is_refused_with_the_cure(data, said):
    """A JPEG, half a file, a deep one, a tiny or a huge one, and one that unpacks to gigabytes."""
    with pytest.raises(UploadError, match=said):
        taken_in(data)


def test_interlaced_colour_pictures_are_taken_in():
    """What other programs write by default is read as well: RGB, palette, interlaced."""
    header = struct.pack(">IIBBBBB", 33, 40, 8, 2, 0, 0, 1)
    passes = [(5, 5), (4, 5), (9, 5), (8, 10), (17, 10), (16, 20), (33, 20)]
    raw = zlib.compress(bytes(sum(high * (1 + 3 * wide) for wide, high in passes)))
    body = _chunk(b"IHDR", header) + _chunk(b"IDAT", raw) + _chunk(b"IEND", b"")
    assert taken_in(b"\x89PNG\r\n\x1a\n" + body).width == 33
    palette = _chunk(b"PLTE", bytes(768))
    assert b"PLTE" in taken_in(_png(colour=3, extra=palette)).png


def test_the_form_escapes_what_a_profile_says():
    """A profile comes from a file of anybody; its words are words on both pages."""
    hostile = '"><script>alert(1)</script>$x'
    shown = form_html(
        Drawn({"id": hostile, "field": [{"label": hostile, "type": hostile, "units": {"a": "b"}}]}),
        {"id": [hostile]},
    )
    assert "<script>" not in shown
    assert shown.count("&lt;script&gt;") == 6, "id, fault, title, label, an unknown type twice"


def test_the_pixels_of_a_patch_are_those_of_its_place():
    """They are cut once where a patch was drawn or moved, and never taken from the form."""
    asked = []

    def cut(box):
        asked.append(box)
        return "cut" if box[0] < 100 else ""

    def sent(*boxes):
        tree = {"patch": [{"name": f"p{x}", "box": [x, 2, 3, 4], "png": "sent"} for x in boxes]}
        return _sent(tree)

    first = drawn_of(sent(1, 200), Drawn({}), cut)
    assert [one.get("png") for one in first.profile["patch"]] == ["cut", None]
    asked.clear()
    again = drawn_of(sent(1, 5), Drawn(first.profile), cut)
    assert [one["png"] for one in again.profile["patch"]] == ["cut", "cut"]
    assert asked == [[5, 2, 3, 4]]
