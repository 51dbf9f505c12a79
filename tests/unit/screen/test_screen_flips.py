"""One digit of a value is read wrongly: a check catches it, and nothing wrong is ever released."""

import re
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from itertools import count
from random import Random

from dosebook_edge.capture.screen.cells import CellReader, Sight
from dosebook_edge.capture.screen.grammar import means
from dosebook_edge.capture.screen.judging import judged, with_own_glyphs
from dosebook_edge.capture.screen.loader import find
from dosebook_edge.capture.screen.locate import Located
from dosebook_edge.capture.screen.net import LineNet
from dosebook_edge.capture.screen.reading import Placement, ScreenReading
from dosebook_edge.capture.screen.shape_meanings import shape_checks
from dosebook_edge.simulate.screens.gallery import draw
from tests.support.screen_reading import PROFILES, TAKEN_AT, TruthNet, picture_of, seen

FIELDS = 1000
NET = LineNet.load()
GE = find("ge-ct-dose-report").profile
TABLES = ("ge-ct", "siemens-protocol", "philips-dose")


def tables():
    """Endlessly: GE tables of seeded exams, as pure cells, of two to seven irradiations."""
    rng = Random(7)
    while True:
        cells, total = [], Decimal(0)
        for row in range(1, rng.randint(2, 7) + 1):
            length = Decimal(rng.randrange(80_000, 550_000)) / 1000
            ctdi_vol = Decimal(rng.randrange(120, 7500)) / 100
            over_cm = Decimal(rng.randrange(12, 60)) / 10
            dlp = (ctdi_vol * (length / 10 + over_cm)).quantize(Decimal("0.01"))
            total += dlp
            cells += [
                seen(GE, "type", rng.choice(("Helical", "Helical", "Axial")), row=row),
                seen(GE, "scan_range", f"S0.000-I{length:.3f}", row=row),
                seen(GE, "ctdi_vol", f"{ctdi_vol:.2f}", row=row),
                seen(GE, "dlp", f"{dlp:.2f}", row=row),
            ]
        yield GE, None, [*cells, seen(GE, "total_dlp", f"{total:.2f}")]


def real_tables(file):
    """The rows and totals of real screens, tabulated by PixelMed, of two rows or more."""
    rows = []
    for line in file.read_text().splitlines():
        first, *others = line.split("\t")
        if first == "FILENAME":
            rows = []
        elif first == "TOTAL" and len(rows) > 1 and others[0] == str(sum(map(Decimal, rows))):
            cells = [seen(GE, "dlp", dlp, row=row) for row, dlp in enumerate(rows, start=1)]
            yield GE, None, [*cells, seen(GE, "total_dlp", others[0])]
        elif first.isdigit() and len(others) == 8 and re.fullmatch(r"\d+\.\d\d", others[6]):
            rows.append(others[6])


def screens(layouts=TABLES):
    """Endlessly: drawn screens with their pixels; of tables, those of two rows or more."""
    for seed in count():
        screen = draw(layouts[seed % len(layouts)], seed)
        loaded = find(PROFILES[screen.layout])
        sight = Sight.of(picture_of(screen), Placement())
        net = TruthNet(screen, loaded)
        cells = CellReader(sight, Located(loaded, Placement(), "en"), net).cells()
        if layouts is not TABLES or sum(one.cell.name == "dlp" for one in cells) > 1:
            yield loaded.profile, sight, cells


def flipped(rng, one, profile):
    """A cell of which the net read one digit wrongly, with full confidence."""
    places = [n for n, character in enumerate(one.text) if character.isdigit()]
    place = rng.choice(places)
    other = rng.choice([digit for digit in "0123456789" if digit != one.text[place]])
    text = one.text[:place] + other + one.text[place + 1 :]
    return replace(one, line=replace(one.line, text=text), meant=means(text, one.cell, profile))


def flips(number, source, wanted, judge):
    """Outcome of every flip: caught by a check, accepted all the same, or left for a person."""
    rng, told = Random(number), Counter()
    for profile, sight, cells in source:
        for index, one in enumerate(cells):
            if one.cell.quantity not in wanted:
                continue
            wrong = [*cells[:index], flipped(rng, one, profile), *cells[index + 1 :]]
            value = next(v for v in judge(profile, sight, cells, wrong) if v.name == one.name)
            caught = any(check.outcome == "fail" for check in value.checks)
            told["caught" if caught else value.state] += 1
            if told.total() == number:
                return told
    return told


def alone(profile, _sight, _true, wrong):
    """A single grabbed picture: arithmetic is all there is."""
    return judged(wrong, "grabbed", profile, [], None)


def twice(profile, _sight, true, wrong):
    """A grabbed picture after another one that was read rightly."""
    before = [replace(one, crop_digest=f"before {one.crop_digest}") for one in true]
    values = judged(before, "grabbed", profile, [], None)
    reading = ScreenReading(
        profile.id, "", "en", "", "grabbed", TAKEN_AT, 1, 1, "", None, "", "", values
    )
    return judged(wrong, "grabbed", profile, [reading], None)


def lossless(profile, sight, _true, wrong):
    """One lossless picture, the first of its console: sums, and what its shapes say elsewhere."""
    cells = with_own_glyphs(sight, profile, wrong)
    return judged(cells, "lossless", profile, [], None, (shape_checks(sight, cells, NET, {}),))


def test_the_sum_of_a_table_catches_every_flip_of_its_doses():
    """Where a total exists: each of 1,000 flips in rows and totals fails the sum."""
    assert flips(FIELDS, tables(), {"dlp"}, alone) == {"caught": FIELDS}


def test_the_sum_catches_every_flip_in_the_tables_of_real_screens(corpus):
    """Real rows and totals: a flip in any of them breaks the sum."""
    source = real_tables(corpus / "ocr/doseocrcheck.part.dat")
    told = flips(FIELDS, source, {"dlp"}, alone)
    assert set(told) == {"caught"}
    assert told.total() > 100


def test_no_flip_of_one_picture_is_released():
    """CTDIvol has no sum: a flip that its range does not show waits for a person."""
    told = flips(FIELDS, tables(), {"dlp", "ctdi_vol"}, alone)
    assert told["accepted"] == 0
    assert told["caught"] > told["review"]


def test_a_second_picture_catches_95_percent_of_all_flips():
    """1,000 flips in every dose field: another picture says otherwise, or the sum does."""
    told = flips(FIELDS, tables(), {"dlp", "ctdi_vol"}, twice)
    assert told["accepted"] == 0
    assert told["caught"] >= 0.95 * FIELDS


def test_no_flip_on_a_lossless_screen_is_released():
    """The shapes of a flipped digit mean another one elsewhere, and a broken sum proves none."""
    told = flips(500, screens(), {"dlp", "ctdi_vol", "kvp"}, lossless)
    assert told["accepted"] == 0
    assert told["caught"] >= 0.95 * 500


def test_no_flip_on_a_lossless_screen_without_sums_is_released():
    """Angiography and mobile C-arms, where no total catches anything."""
    wanted = {"dose_rp", "dose_area_product", "fluoro_dose_area_product", "number_of_events"}
    told = flips(300, screens(("angio-console", "carm-panel")), wanted, lossless)
    assert told["accepted"] == 0
    assert told["caught"] >= 0.95 * 300
