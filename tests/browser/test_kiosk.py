"""The box's own page in a browser: gloves and keys, small and large screen, light and dark."""

import re

import pytest

from tests.support.axe import barriers
from tests.support.kiosk import PIN, decisions, served_kiosk
from tests.support.kiosk_page import choose_person, ready, sign_in, type_pin

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

SCREENS = 3
SIZES = [(800, 480), (1280, 800)]
PRIMARY, SECONDARY, GAP = 78, 64, 8


@pytest.fixture
def box(tmp_path):
    """A box with three screens, of each of which two values wait."""
    with served_kiosk(tmp_path, screens=SCREENS, policy="name") as found:
        yield found


@pytest.fixture
def address(box):
    """Where the box serves its page."""
    return f"http://127.0.0.1:{box[1]}"


def _open(visit, **options):
    """The door, the PIN by touch, the first value."""
    page = visit(**options).page
    page.goto("/")
    ready(page)
    choose_person(page)
    for digit in PIN:
        page.click(f"[data-key='{digit}']")
    page.click("text=Sign in")
    page.wait_for_selector("[data-confirm]")
    ready(page)
    return page


def _after(page, do, words):
    """Do something that loads a page, and wait until that page says so and listens."""
    do()
    page.wait_for_selector(f".told:has-text('{words}')")
    ready(page)


def _made(box):
    return [(one.act, one.text) for _, one in decisions(box[0])]


def test_values_are_decided_by_touch(visit, box):
    """Accept, correct on the pad, a guess, cannot be read, and undo of all: no keyboard."""
    page = _open(visit, width=800, height=480)
    _after(page, lambda: page.click("text=Accept"), "810.10")
    page.click("[data-key='9']")
    for key in ("0", "1", ".", "5", "5"):
        page.click(f"[data-key='{key}']")
    assert "Confirm" in page.inner_text("[data-confirm]")
    _after(page, lambda: page.click("[data-confirm]"), "901.55")
    page.click("[data-other]")
    _after(page, lambda: page.click("[data-confirm]"), "811.70")
    _after(page, lambda: page.click("text=Cannot be read"), "rejected")
    assert _made(box) == [
        ("accept", "810.10"),
        ("correct", "901.55"),
        ("correct", "811.70"),
        ("reject", ""),
    ]
    for _ in range(4):
        _after(page, lambda: page.click("text=Undo"), "taken back")
        page.evaluate("document.querySelector('.told').remove()")
    assert [act for act, _ in _made(box)][4:] == ["undo"] * 4
    assert "of 6" in page.inner_text("header")


def test_values_are_decided_by_keyboard(visit, box):
    """The keys of the registry's review: j, k, a, digits, Enter, n, r, u, Escape."""
    page = visit().page
    sign_in(page, "[data-confirm]")
    page.keyboard.press("j")
    page.wait_for_selector("header:has-text('2 of 6')")
    ready(page)
    page.keyboard.press("k")
    page.wait_for_selector("header:has-text('1 of 6')")
    ready(page)
    page.keyboard.type("77")
    page.keyboard.press("Escape")
    assert page.input_value("[data-field]") == "810.10"
    _after(page, lambda: page.keyboard.press("a"), "810.10")
    page.keyboard.type("90155")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]:has-text('2 decimals')")
    ready(page)
    page.keyboard.press("Escape")
    page.keyboard.type("901.55")
    _after(page, lambda: page.keyboard.press("Enter"), "901.55")
    page.keyboard.press("n")
    _after(page, lambda: page.keyboard.press("Enter"), "811.70")
    _after(page, lambda: page.keyboard.press("r"), "rejected")
    _after(page, lambda: page.keyboard.press("u"), "taken back")
    assert [act for act, _ in _made(box)] == ["accept", "correct", "correct", "reject", "undo"]


def test_the_patient_is_blanked_after_half_a_minute(visit):
    """Shown for 30 s, then gone from the page; a touch shows it again."""
    opened = visit()
    opened.page.clock.install()
    page = opened.page
    sign_in(page, "[data-confirm]")
    page.wait_for_selector("#patient:has-text('Zyxwalska')")
    page.clock.fast_forward(29_000)
    assert "Zyxwalska" in page.inner_text("#patient")
    page.clock.fast_forward(2_000)
    assert page.inner_text("#patient") == ""
    assert "Zyxwalska" not in page.content()
    page.click("[data-patient]")
    page.wait_for_selector("#patient:has-text('Zyxwalska')")


def test_a_long_name_of_a_patient_moves_no_key(visit):
    """Sixty letters beside a long field: every key stays on the screen, the name on two lines."""
    page = visit(width=800, height=480).page
    sign_in(page, "[data-confirm]")
    page.wait_for_selector("#patient:has-text('Zyxwalska')")
    page.evaluate("""() => {
        document.querySelector("h1").textContent = "Administered activity, row 12";
        document.querySelector("#patient").textContent = "Wolfeschlegelstein ".repeat(4);
    }""")
    beyond = page.eval_on_selector_all(
        ".key, .state, #patient",
        "all => all.map(one => one.getBoundingClientRect()).filter(one => one.right > 800).length",
    )
    assert beyond == 0
    assert page.locator("#patient").bounding_box()["height"] <= 44


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_page_fits_reads_well_and_can_be_touched(visit, scheme, width, height):
    """Both screens, both themes: nothing to scroll, targets and gaps for gloves, 7:1 contrast."""
    opened = visit(width=width, height=height, scheme=scheme)
    opened.page.goto("/")
    ready(opened.page)
    opened.shoot(f"kiosk-door-{scheme}-{width}")
    assert barriers(opened.page) == []
    choose_person(opened.page)
    opened.shoot(f"kiosk-pin-{scheme}-{width}")
    assert barriers(opened.page) == []
    _fits(opened.page, width, height)
    type_pin(opened.page, "[data-confirm]")
    opened.page.wait_for_selector("#patient:has-text('Zyxwalska')")
    opened.shoot(f"kiosk-value-{scheme}-{width}")
    assert barriers(opened.page) == []
    _fits(opened.page, width, height)
    _is_contrasting(opened.page)
    opened.page.keyboard.type("7")
    opened.page.keyboard.press("Enter")
    opened.page.wait_for_selector("[role=alert]")
    ready(opened.page)
    opened.shoot(f"kiosk-error-{scheme}-{width}")
    assert barriers(opened.page) == []
    _fits(opened.page, width, height)


def test_where_nothing_waits_a_sentence_says_so(visit, box):
    """After the last value: a plain sentence, and how many records wait for the registry."""
    page = _open(visit, width=800, height=480)
    for _ in range(2 * SCREENS - 1):
        page.keyboard.press("a")
        page.wait_for_selector(".told")
        ready(page)
        page.evaluate("document.querySelector('.told').remove()")
    page.keyboard.press("a")
    page.wait_for_selector("text=No value waits for a person.")
    assert "records wait for the registry" in page.inner_text("header")
    assert len(_made(box)) == 2 * SCREENS


def _fits(page, width, height):
    """Nothing is outside of the window, and every target is as large as its kind must be."""
    boxes = []
    for one in page.query_selector_all("button:visible, a:visible"):
        box = one.bounding_box()
        name = one.inner_text().replace("\n", " ")
        assert box["x"] >= 0, name
        assert box["y"] >= 0, name
        assert box["x"] + box["width"] <= width, name
        assert box["y"] + box["height"] <= height, name
        is_primary = re.search(r"\b(primary|primary-size)\b", one.get_attribute("class"))
        least = PRIMARY if is_primary else SECONDARY
        assert min(box["width"], box["height"]) >= least, (name, box)
        boxes.append((name, box))
    for number, (name, one) in enumerate(boxes):
        for other_name, other in boxes[number + 1 :]:
            assert _gap(one, other) >= GAP, (name, other_name)


def _gap(one, other):
    across = max(one["x"], other["x"]) - min(one["x"] + one["width"], other["x"] + other["width"])
    down = max(one["y"], other["y"]) - min(one["y"] + one["height"], other["y"] + other["height"])
    return max(across, down)


def _is_contrasting(page):
    """The inks of the page on its grounds: 7:1 (WCAG 1.4.6), measured on the computed colours."""
    pairs = page.evaluate(
        """() => [...document.querySelectorAll("h1, .state, .patient, .unit, input[data-field], "
            + ".why li, .key:not(:disabled)")].map((one) => {
            let ground = one;
            const colour = (e) => getComputedStyle(e).backgroundColor;
            while (ground.parentElement && colour(ground) === "rgba(0, 0, 0, 0)")
                ground = ground.parentElement;
            return [one.className || one.tagName, getComputedStyle(one).color, colour(ground)];
        })"""
    )
    assert len(pairs) > 15
    for name, ink, ground in pairs:
        assert _contrast(ink, ground) >= 7, (name, ink, ground)


def _contrast(one, other):
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour):
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
