"""A profile is drawn at the box over the console's own screen, and the box then reads with it."""

import pytest

from tests.support.axe import barriers
from tests.support.drawing import SOURCE, draw_over, drawing_box, recorded
from tests.support.kiosk_page import ready, sign_in
from tests.support.screens import png
from tests.support.waiting import eventually

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

WITHIN_MS = 60_000
LABELS = (("KAP", (28, 176, 150, 26)), ("Ka,r", (28, 226, 150, 26)))
CHOSEN = (
    ("modality", "RF"),
    ("field[0].quantity", "KAP (dose_area_product)"),
    ("field[0].type", "number with decimals"),
    ("field[1].quantity", "Ka,r (dose_rp)"),
    ("field[1].type", "number with decimals"),
    ("field[1].unit", "mGy"),
)
TYPED = (
    ("maker", "Example"),
    ("model", "C-arm"),
    ("proved_on", "two pictures"),
    ("field[0].decimals", "2"),
    ("field[0].maximum", "200000"),
    ("field[1].decimals", "2"),
    ("field[1].maximum", "20000"),
)


@pytest.fixture
def box(tmp_path):
    """A box that watches a C-arm's console, and has no profile for it."""
    with drawing_box(tmp_path) as found:
        yield found


@pytest.fixture
def address(box):
    """Where the box serves its page."""
    return f"http://127.0.0.1:{box[2]}"


def _open(opened, start=""):
    """Sign in, begin a draft, and take a picture of what the console shows now."""
    page = opened.page
    page.set_default_timeout(WITHIN_MS)
    sign_in(page, "nav")
    page.click("nav >> text=Profiles")
    page.wait_for_selector("[name=start]")
    ready(page)
    assert barriers(page) == []
    if start:
        page.click("[name=start]")
        page.click(f"dialog >> text=({start})")
    page.click("text=New draft")
    page.wait_for_selector("[data-pane=pictures]")
    page.click(f"text=Take {SOURCE} now")
    page.wait_for_selector("[data-pane=draw] .draw-svg")
    ready(page)
    return page


def _enter(page, name):
    page.click(f'[name="{name}"]')
    page.wait_for_selector("dialog[open]")


def _choose(page, name, words):
    """Touch a field that has choices, and one of these."""
    _enter(page, name)
    page.click(f"dialog >> button:text-is('{words}')")


def _type(page, name, text):
    """Touch a field and write into it with a real keyboard."""
    _enter(page, name)
    page.keyboard.type(text)
    page.keyboard.press("Control+Enter")


def _touch(page, name, text):
    """Touch a field and type on the keys of the page alone."""
    _enter(page, name)
    page.click("dialog >> text=Clear")
    for sign in text:
        layer = "abc" if sign.isascii() and (sign.isalnum() or sign in " =-.,") else "*²µ"
        for key in page.locator(f"dialog >> [data-entry-acts] >> button:text-is('{layer}')").all():
            key.click()
        if sign.isupper():
            page.click("dialog >> [aria-label=Capitals]")
        page.click(f"dialog >> button:text-is('{'␣' if sign == ' ' else sign}')")
    page.click("dialog >> text=Done")


def _kept(page, words):
    page.wait_for_selector(f'[data-state]:text-matches("^Kept.*{words}")')


def test_a_console_is_drawn_by_touch_and_the_box_reads_it(visit, box):
    """Journey A.5: picture, boxes, fields, read back, use; then the console's screen is a record.

    No keyboard is needed: the page has keys, also for the signs of units.
    """
    found, console, _ = box
    page = _open(visit(width=800, height=480))
    for _, place in LABELS:
        draw_over(page, "anchor", place)
    draw_over(page, "field", (320, 168, 150, 40))
    draw_over(page, "unit", (482, 174, 130, 32))
    draw_over(page, "field", (320, 218, 150, 40))
    page.click("nav >> text=Fields")
    page.evaluate("for (const one of document.querySelectorAll('.pf-fold')) one.open = true")
    _touch(page, "id", "my-c-arm")
    _touch(page, "field[0].units", "cGy·cm² = cGy.cm2")
    for number, (words, _) in enumerate(LABELS):
        _type(page, f"anchor[{number}].name", f"label_{number}")
        _touch(page, f"anchor[{number}].texts", f"* = {words}")
    for name, words in CHOSEN:
        _choose(page, name, words)
    for name, text in TYPED:
        _type(page, name, text)
    _kept(page, "nothing is wrong with it")
    console.show(2)
    page.click("nav >> text=Pictures")
    page.click(f"text=Take {SOURCE} now")
    page.wait_for_selector(".picture-strip li:nth-child(2)")
    ready(page)
    page.click("[data-read-back]")
    page.wait_for_selector("[data-picture-read='2'] [data-value]")
    for name in ("dose_area_product", "dose_rp"):
        where = f"[data-picture-read='2'] [data-value={name}] [data-text]"
        assert page.inner_text(where) == console.shown[name]
    page.click("nav >> text=Use")
    page.click(f"text=Let {SOURCE} read with it")
    page.wait_for_selector(".told:has-text('my-c-arm is in use')")
    console.show(3)
    eventually(lambda: console.kap in recorded(found), what="a record of what it shows")


def test_a_finger_moves_a_box_by_a_pixel_and_takes_it_back(visit, box):
    """Touching a box offers what arrow keys do; undo and redo stand in the row of steps."""
    page = _open(visit(width=800, height=480), "carm-panel")
    name = "field[1].box"
    x, y, width, height = _place(page, name)
    page.click(f'[data-key="{name}"]')
    for words in ("Left", "Up", "Wider", "Lower"):
        page.click(f"text={words}")
    assert _place(page, name) == [x - 1, y - 1, width + 1, height - 1]
    page.wait_for_selector("[data-undo]:not([disabled])")
    while page.is_enabled("[data-undo]"):
        page.click("[data-undo]")
    assert _place(page, name) == [x, y, width, height]
    page.click("text=Tools")
    assert page.is_visible("[data-tool=anchor]")


def test_a_file_is_brought_and_what_is_none_is_refused_in_words(visit, box, folder_of_files):
    """A PNG becomes a picture of the draft; anything else says what to do, and changes nothing."""
    page = _open(visit(), "carm-panel")
    page.click("nav >> text=Pictures")
    wrong, right = folder_of_files / "wrong.png", folder_of_files / "right.png"
    wrong.write_bytes(b"GIF89a")
    right.write_bytes(png(640, 480))
    page.set_input_files("[data-upload]", wrong)
    page.wait_for_selector("[data-problem]:has-text('it is no PNG')")
    page.set_input_files("[data-upload]", right)
    page.wait_for_selector(".picture-strip li:nth-child(2)")
    ready(page)
    page.click("[aria-label='Delete picture 2']")
    page.wait_for_selector(".picture-strip:not(:has(li:nth-child(2)))")


@pytest.mark.parametrize(
    ("scheme", "width", "height"), [("light", 800, 480), ("dark", 800, 480), ("light", 1280, 800)]
)
def test_the_pages_fit_and_can_be_touched(visit, box, scheme, width, height):
    """Both screens, both themes: targets for gloves, no barrier, nothing wider than the screen."""
    opened = visit(width=width, height=height, scheme=scheme)
    page = _open(opened, "carm-panel")
    _kept(page, "nothing is wrong with it")
    _can_be_touched(page, width, height)
    for step in ("Draw", "Fields", "Pictures", "Read back", "Use"):
        page.click(f"nav >> text={step}")
        if step == "Read back":
            page.wait_for_selector("[data-value]")
        opened.shoot(f"kiosk-drawing-{step.lower().replace(' ', '-')}-{scheme}-{width}")
        assert barriers(page) == [], step
        _can_be_touched(page, width, height)
    page.click("nav >> text=Fields")
    for name in ("id", "modality", "field[0].decimals"):
        page.evaluate("document.getElementById('field[0]').firstElementChild.open = true")
        _enter(page, name)
        opened.shoot(f"kiosk-drawing-{name.partition('.')[2] or name}-{scheme}-{width}")
        assert barriers(page) == [], name
        _can_be_touched(page, width, height, "dialog ")
        page.keyboard.press("Escape")


def _place(page, name):
    return [int(one.input_value()) for one in page.locator(f'input[name="{name}"]').all()]


def _can_be_touched(page, width, height, where=""):
    """Every target is at least 12 mm, as everywhere on the page; the steps never scroll away."""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.documentElement.scrollHeight") <= height
    for one in page.query_selector_all(f"{where}button:visible, {where}.key:visible"):
        if one.get_attribute("class") != "sr":
            box = one.bounding_box()
            assert min(box["width"], box["height"]) >= 64, (one.inner_text(), box)
