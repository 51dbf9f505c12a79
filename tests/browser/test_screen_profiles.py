"""A profile is drawn over a simulated console, read back, and proved by the box's own command."""

import json
import tomllib

import pytest
from click.testing import CliRunner

from dosebook_edge.capture.screen.loader import load, shipped
from dosebook_edge.cli import main as box
from dosebook_edge.simulate.cli import main as simulate
from tests.support.axe import barriers
from tests.support.drawing import draw_over
from tests.support.fonts import need_fonts
from tests.support.web import make_site, need_built_pages

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

FRONT = "/screens/profiles"
READ_WITHIN_MS = 90_000


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """An empty registry, beside the box's program."""
    need_built_pages()
    made = make_site(tmp_path_factory.mktemp("profiles"))
    yield made, None
    made.importer.stop()
    made.engine.dispose()


@pytest.fixture(scope="module")
def captures(tmp_path_factory):
    """Two dose pages of a C-arm, and what they truly show."""
    need_fonts()
    folder = tmp_path_factory.mktemp("captures")
    found = []
    for seed in (1, 2):
        path = folder / f"capture-{seed}.png"
        line = ["screen", "carm-panel", "--seed", str(seed), "--out", str(path), "--json"]
        done = CliRunner().invoke(simulate, line)
        shown = {one["name"]: one["text"] for one in json.loads(done.output)["cells"]}
        found.append((path, shown))
    return found


def _begin(page, captures, begin_with=""):
    page.set_default_timeout(READ_WITHIN_MS)  # programs start behind these pages
    page.goto(FRONT)
    page.set_input_files("[name=pictures]", [str(path) for path, _ in captures])
    page.select_option("[name=shipped]", begin_with)
    page.click("text=Begin a profile")
    page.wait_for_selector("[data-profile][data-ready]")


def _place(page, name):
    return [int(one.input_value()) for one in page.locator(f'input[name="{name}"]').all()]


def _kept(page, words=""):
    """Wait until the page says that all is kept, and what the box says of it."""
    told = f'[data-state]:text-matches("^Kept.*{words}")'
    page.wait_for_selector(told, timeout=READ_WITHIN_MS)


def _fill(page, path, **texts):
    for key, text in texts.items():
        field = page.locator(f'[name="{path}.{key}"]')
        if field.evaluate("one => one.tagName") == "SELECT":
            field.select_option(text)
        else:
            field.fill(text)
            field.blur()


def test_a_console_is_drawn_read_back_and_downloaded(visit, captures, tmp_path):
    """From two captures to a file with which the box reads both of them rightly."""
    opened = visit()
    page = opened.sign_in("physicist")
    _begin(page, captures)
    for number, (words, place) in enumerate(
        (("KAP", (28, 176, 150, 26)), ("Ka,r", (28, 226, 150, 26)))
    ):
        draw_over(page, "anchor", place)
        _fill(page, f"anchor[{number}]", name=f"label_{number}", texts=f"* = {words}")
    draw_over(page, "patient", (220, 74, 220, 30))
    _fill(page, "patient[0]", what="id")
    draw_over(page, "field", (320, 168, 150, 40))
    _fill(page, "field[0]", quantity="dose_area_product", type="decimal", decimals="2")
    assert page.input_value('[name="field[0].name"]') == "dose_area_product"
    draw_over(page, "unit", (482, 174, 130, 32))
    _fill(page, "field[0]", units="cGy·cm² = cGy.cm2")
    draw_over(page, "field", (320, 218, 150, 40))
    _fill(page, "field[1]", quantity="dose_rp", type="decimal", decimals="2", unit="mGy")
    _kept(page, "to mend")
    assert "not set" in page.inner_text('[data-fault="maker"]')
    form = {"id": "my-c-arm", "maker": "Example", "model": "C-arm", "proved_on": "two captures"}
    for name, text in form.items():
        page.fill(f'[name="{name}"]', text)
    page.select_option('[name="modality"]', "RF")
    page.wait_for_selector('[data-fault="field[0].maximum"]:not([hidden])')
    assert "a dose has a largest" in page.inner_text('[data-fault="field[0].maximum"]')
    opened.shoot("screen-profile-faults")
    _fill(page, "field[0]", maximum="200000")
    _fill(page, "field[1]", maximum="20000")
    _kept(page, "nothing is wrong with it")
    page.click("[data-read-back]")
    page.wait_for_selector("#readings [data-picture-read='2'] [data-value]", timeout=READ_WITHIN_MS)
    for number, (_, shown) in enumerate(captures, 1):
        for name in ("dose_area_product", "dose_rp"):
            where = f"[data-picture-read='{number}'] [data-value={name}] [data-text]"
            assert page.inner_text(where) == shown[name]
    with page.expect_download() as coming:
        page.click("[data-download]")
    assert coming.value.suggested_filename == "my-c-arm.toml"
    file = tmp_path / "my-c-arm.toml"
    coming.value.save_as(file)
    _reads(file, captures)


def _reads(file, captures):
    """The command of the box reads with the file what the console shows."""
    pictures = [str(path) for path, _ in captures]
    done = CliRunner().invoke(box, ["screen", "test", str(file), *pictures, "--json"])
    told = json.loads(done.stdout)
    for one, (_, shown) in zip(told, captures, strict=True):
        assert one["refused"] is None
        read = {value["name"]: value["text"] for value in one["values"]}
        assert read == {name: shown[name] for name in ("dose_area_product", "dose_rp")}
        assert one["patient"][0]["text"] == shown["patient_id"]


def test_keys_move_resize_remove_and_undo(visit, captures):
    """Without a mouse: from the form to the picture and back, to the pixel."""
    page = visit().sign_in("physicist")
    _begin(page, captures, "carm-panel")
    name = "field[0].box"
    x, y, width, height = _place(page, name)
    page.focus(f'[data-key="{name}"]')
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "Shift+ArrowLeft", "Shift+ArrowDown"):
        page.keyboard.press(key)
    assert _place(page, name) == [x + 1, y + 2, width - 1, height + 1]
    page.wait_for_selector("[data-undo]:not([disabled])")
    page.keyboard.press("Delete")
    assert page.input_value('[name="field[0].name"]') == "dose_rp"
    page.keyboard.press("Control+z")
    assert _place(page, name) == [x + 1, y + 2, width - 1, height + 1]
    while page.is_enabled("[data-undo]"):
        page.keyboard.press("Control+z")
    assert _place(page, name) == [x, y, width, height]
    while page.is_enabled("[data-redo]"):
        page.click("[data-redo]")
    assert page.input_value('[name="field[0].name"]') == "dose_rp"
    page.keyboard.press("Control+z")
    assert _place(page, name) == [x + 1, y + 2, width - 1, height + 1]
    page.locator('[data-list="field"] > [data-add]').press("Enter")
    count = page.locator('[data-section="field"]').count()
    assert page.evaluate("document.activeElement.name") == f"field[{count - 1}].label"
    _kept(page)
    page.reload()
    assert page.locator('[data-section="field"]').count() == count
    assert _place(page, name) == [x + 1, y + 2, width - 1, height + 1]


def test_a_shipped_profile_comes_back_from_the_editor_as_it_was(visit, captures, tmp_path):
    """A table, its total, texts of seven languages and checks stay the same in the browser."""
    name = "siemens-ct-patient-protocol"
    page = visit().sign_in("physicist")
    _begin(page, captures, name)
    # A change and its undo build the whole form anew from a snapshot.
    page.fill('[name="maker"]', "Other")
    page.locator('[name="maker"]').blur()
    page.click("[data-undo]")
    page.click("[data-save-now]")
    _kept(page)
    saved = tmp_path / f"{name}.toml"
    saved.write_text(
        page.evaluate(
            "async () => (await fetch(document.querySelector('[data-download]').href)).text()"
        )
    )
    assert tomllib.loads(saved.read_text())["maker"] != "Other"
    assert load(saved).profile == load(shipped()[name]).profile


def test_fingers_draw_and_a_table_is_drawn_by_its_first_row(visit, captures):
    """Touch draws as a mouse does; columns find their table, and rows repeat below the first."""
    page = visit(width=800).sign_in("physicist")
    _begin(page, captures)
    page.click("[data-tool=column]")
    draw_over(page, "column", (100, 120, 60, 20))
    assert "first row of the table first" in page.inner_text("[data-hint]")
    page.click("[data-tool=table]")
    page.evaluate(
        """() => {
          const svg = document.querySelector(".draw-svg");
          const box = svg.getBoundingClientRect();
          const scale = box.width / 640;
          const at = (type, x, y) => svg.dispatchEvent(new PointerEvent(type, {
            pointerId: 7, pointerType: "touch", bubbles: true, isPrimary: true,
            clientX: box.left + x * scale, clientY: box.top + y * scale }));
          svg.setPointerCapture = () => {};
          at("pointerdown", 20, 100); at("pointermove", 300, 110); at("pointerup", 600, 124);
        }"""
    )
    values = {key: page.input_value(f'[name="table[0].{key}"]') for key in ("top", "pitch", "rows")}
    assert values == {"top": "100", "pitch": "24", "rows": "12"}
    draw_over(page, "column", (100, 120, 60, 20))
    assert _place(page, "table[0].column[0].x") == [100, 60]
    draw_over(page, "footer", (100, 300, 60, 20))
    assert _place(page, "table[0].footer[0].x") == [100, 60]


@pytest.mark.parametrize(("scheme", "width"), [("light", 800), ("dark", 1280)])
def test_the_pages_read_well_everywhere(visit, captures, scheme, width):
    """Both themes, both widths: no barrier, nothing wider than the window; pictures to look at."""
    opened = visit(scheme=scheme, width=width)
    page = opened.sign_in("physicist")
    page.goto(FRONT)
    opened.shoot(f"screen-profiles-{scheme}-{width}")
    assert barriers(page) == []
    _begin(page, captures, "carm-panel")
    page.click('[data-key="field[0].box"]')
    _kept(page, "nothing is wrong")
    opened.shoot(f"screen-profile-{scheme}-{width}")
    assert barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.click("[data-read-back]")
    page.wait_for_selector("#readings [data-value]", timeout=READ_WITHIN_MS)
    page.evaluate("document.getElementById('read-back').scrollIntoView()")
    opened.shoot(f"screen-profile-read-{scheme}-{width}")
    assert barriers(page) == []
