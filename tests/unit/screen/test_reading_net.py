"""The reading net that ships: it loads, reads drawn lines, says how sure it is, and refuses."""

import hashlib
import json
import shutil

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from dosebook_edge.capture.screen import net as net_module
from dosebook_edge.capture.screen import runtime
from dosebook_edge.capture.screen.net import MODEL, LineNet
from dosebook_edge.capture.screen.runtime import ModelError, ModelFile

NUMBERS = "0123456789.,-"
VALUES = ["1111.11", "0.07", "2414.8", "893.1", "57,4", "-12.5", "88.88", "100", "6006.0"]


@pytest.fixture(scope="module")
def net():
    """The net as a box loads it."""
    return LineNet.load()


def drawn(text, *, size=22, ink=230, background=20, margin=6):
    """A line in the typeface that Pillow brings, which the net was not trained on."""
    font = ImageFont.load_default(size)
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("L", (right - left + 2 * margin, bottom - top + 2 * margin), background)
    ImageDraw.Draw(image).text((margin - left, margin - top), text, font=font, fill=ink)
    return np.asarray(image, dtype=np.uint8)


@pytest.mark.parametrize("text", VALUES)
def test_it_reads_values_of_a_typeface_it_never_saw(net, text):
    """Runs of one digit, points, commas and signs come out as they stand, and surely."""
    line = net.read(drawn(text), NUMBERS)
    assert line.text == text
    assert line.confidence > 0.5


@pytest.mark.parametrize(("ink", "background"), [(230, 20), (20, 230), (140, 60), (60, 140)])
def test_light_on_dark_and_dark_on_light_read_alike(net, ink, background):
    """Polarity is found by itself, at full and at low contrast."""
    assert net.read(drawn("2414.8", ink=ink, background=background), NUMBERS).text == "2414.8"


def test_a_wrong_polarity_reads_no_value(net):
    """A profile that says dark on light does not get the light text of a dark cell."""
    crop = drawn("893.1")
    assert net.read(crop, NUMBERS, polarity="light-on-dark").text == "893.1"
    assert net.read(crop, NUMBERS, polarity="dark-on-light").text != "893.1"


def test_only_allowed_symbols_are_written(net):
    """In a cell of numbers an l or I is a one: nothing outside the mask is ever said (P51)."""
    line = net.read(drawn("l0.I1"), NUMBERS)
    assert set(line.text) <= set(NUMBERS)


def test_a_word_is_not_read_as_a_number_with_confidence(net):
    """A mask does not turn an error message into a dose: what letters say counts against it."""
    for word in ("ERROR", "n/a", "Wait", "Dose"):
        assert net.read(drawn(word), NUMBERS).confidence < 0.2


def test_an_empty_cell_is_missing_and_not_zero(net):
    """A cell without ink gives no text (P29), whatever its grey and however small it is."""
    for crop in (np.zeros((20, 60)), np.full((20, 60), 200), np.zeros((1, 1)), np.zeros((0, 9))):
        line = net.read(crop.astype(np.uint8), NUMBERS)
        assert (line.text, line.confidence) == ("", 0.0)


def test_a_doubtful_line_has_alternatives(net):
    """What cannot be told apart lowers the confidence and is named, the best first."""
    small = Image.fromarray(drawn("8968.3")).resize((22, 8)).resize((90, 34))
    line = net.read(np.asarray(small), NUMBERS)
    assert line.confidence < 0.9
    assert line.alternatives
    assert all(text != line.text and 0 <= sure <= 1 for text, sure in line.alternatives)


def test_the_same_crop_always_reads_the_same(net):
    """Two nets, and one net twice, say the same of a crop to the last digit."""
    crop = drawn("57,4")
    assert net.read(crop) == net.read(crop) == LineNet.load().read(crop)


def test_units_and_labels_are_read(net):
    """Words are read too, as far as profiles confirm labels and units by them."""
    for text in ("mGy", "DLP", "kV", "12:34"):
        assert net.read(drawn(text, size=26)).text == text


def test_a_glance_reads_a_label_as_three_looks_do(net):
    """One look says the same of a clear label, and nothing of an empty place."""
    for text in ("Total DLP", "mGy", "Dosis"):
        crop = drawn(text, size=26)
        assert net.glance(crop) == net.read(crop).text == text
    assert net.glance(np.zeros((20, 60), np.uint8)) == ""


def test_what_is_too_wide_for_a_line_is_not_read(net):
    """A drawn rule across the screen is no text, and takes no memory to find that out."""
    wide = np.zeros((20, 2000), np.uint8)
    wide[8:12, 10:1990] = 255
    assert net.read(wide).text == net.glance(wide) == ""


def test_a_symbol_it_does_not_know_is_an_error_of_the_caller(net):
    """A profile that allows a character the net cannot write is told so, not read around."""
    with pytest.raises(ValueError, match="no symbols"):
        net.read(drawn("1"), "0123456789€")


def test_it_names_its_model_and_what_runs_it(net):
    """Every reading can carry the hash of the file and the runtime with its version."""
    assert net.model_hash == hashlib.sha256(MODEL.read_bytes()).hexdigest()
    assert net.runtime.split()[0] in {"ai-edge-litert", "tflite-runtime"}


def test_the_evaluation_is_of_the_model_that_ships():
    """The published figures name the very file, and it is far smaller than a megabyte."""
    figures = json.loads(MODEL.with_name("evaluation.json").read_text())
    content = MODEL.read_bytes()
    assert figures["model"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert figures["model"]["bytes"] == len(content) < 1_000_000


def test_a_file_that_is_no_model_is_refused(tmp_path):
    """Anything else under the model's name is an error at load, never a reading."""
    file = tmp_path / "line.tflite"
    with pytest.raises(ModelError, match="cannot be read"):
        LineNet.load(file)
    file.write_bytes(b"no model" * 100)
    with pytest.raises(ModelError, match="does not run"):
        LineNet.load(file)


def test_a_model_that_reads_a_known_crop_wrongly_is_refused(tmp_path, monkeypatch):
    """A wrong answer of the self-test switches reading off, and says what was read."""
    known = json.loads(net_module.KNOWN.read_text())
    known[3]["text"] = "31.4"
    file = tmp_path / "known.json"
    file.write_text(json.dumps(known))
    monkeypatch.setattr(net_module, "KNOWN", file)
    with pytest.raises(ModelError, match="Screens are not read"):
        LineNet.load()


def test_a_damaged_model_is_refused(tmp_path):
    """Weights that were overwritten do not pass the self-test."""
    file = tmp_path / "line.tflite"
    shutil.copyfile(MODEL, file)
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 60_000] = bytes(60_000)
    file.write_bytes(content)
    with pytest.raises(ModelError):
        LineNet.load(file)


def test_without_a_runtime_the_cure_is_named(monkeypatch):
    """A box without the extra says what to install instead of failing at an import."""
    monkeypatch.setattr(runtime, "RUNTIMES", (("no_such_runtime.interpreter", "nothing"),))
    with pytest.raises(ModelError, match="dosebook-edge"):
        ModelFile(MODEL)


def test_the_older_runtime_is_the_second_choice(monkeypatch):
    """Where the first runtime is missing the next one is taken: 32-bit Arm has only that."""
    first, second = runtime.RUNTIMES
    assert (first[1], second[1]) == ("ai-edge-litert", "tflite-runtime")
    monkeypatch.setattr(runtime, "RUNTIMES", (("no_such_runtime.interpreter", "nothing"), first))
    assert ModelFile(MODEL).runtime.startswith(first[1])


def test_widths_that_save_time_change_no_reading(net, monkeypatch):
    """A shorter sheet is taken only where its edge is too far off to be seen by the net."""
    crops = [drawn("2414.80"[:length] * times) for length in range(1, 8) for times in (1, 2, 3)]
    lines = [net.read(crop, NUMBERS) for crop in crops]
    monkeypatch.setattr(net_module, "_BETWEEN", ())
    assert [net.read(crop, NUMBERS) for crop in crops] == lines


@pytest.mark.parametrize("shown", ["S59", "B59", "G42", "Sol", "12Z"])
def test_a_letter_beside_digits_makes_no_other_number(net, shown):
    """A mark before a count, and a word of letters like digits, are not read as numbers surely."""
    assert net.read(drawn(shown), "0123456789").confidence < 0.5
