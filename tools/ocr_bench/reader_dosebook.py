"""Reads the screens of a folder as a box does, alone in its process; one line of JSON each.

What it prints last is the greatest memory that the process held.
"""

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dosebook_edge.capture.screen.buffers import return_large_buffers
from dosebook_edge.capture.screen.glyphs import NO_GLYPHS, GlyphSet
from dosebook_edge.capture.screen.loader import find, shipped
from dosebook_edge.capture.screen.net import LineNet
from dosebook_edge.capture.screen.picture import Picture, Way, from_png
from dosebook_edge.capture.screen.read import ScreenReader
from dosebook_edge.capture.screen.reading import Exam, ScreenReading
from dosebook_edge.capture.screen.teaching import teach
from tools.ocr_bench.memory import peak_kib

WHEN = datetime(2026, 11, 22, 12, tzinfo=UTC)


def main(folder: Path, *, alone: bool) -> None:
    """Read each screen's pictures in turn, as a box does that holds one of them at a time.

    The last one's reading is what counts. Unless `alone`, as beside other readers, a lossless
    screen is also read as on the first day, one picture after the other with nothing confirmed,
    and as the very first picture of its console, without a work list and with one.
    """
    return_large_buffers()
    profiles = [find(name) for name in shipped()]
    net = LineNet.load()
    reader = ScreenReader(profiles, net, _learned(folder, ScreenReader(profiles, net)))
    first_day = ScreenReader(profiles, net)
    for shot in json.loads((folder / "shots.json").read_text()):
        began = time.process_time()
        readings: list[ScreenReading] = []
        for name in shot["pictures"]:
            readings.append(reader.read(_picture(folder / name, shot["way"]), readings))
        spent = (time.process_time() - began) / len(readings)
        answer = {"cpu": spent, **_told(readings[-1])}
        if shot["way"] == "lossless" and not alone:
            picture = _picture(folder / shot["pictures"][-1], "lossless")
            answer["first day"] = _told(first_day.read(picture))
            answer["first picture"] = _told(ScreenReader(profiles, net).read(picture))
            known = ScreenReader(profiles, net).read(picture, (), Exam(*shot["exam"]))
            answer["first picture of a known exam"] = _told(known)
        print(json.dumps(answer), flush=True)
    print(json.dumps({"rss_kib": peak_kib()}))


def _learned(folder: Path, reader: ScreenReader) -> dict[str, GlyphSet]:
    """The characters of each console, from the captures that were confirmed."""
    glyphs: dict[str, GlyphSet] = {}
    for one in json.loads((folder / "confirmed.json").read_text()):
        picture = _picture(folder / one["picture"], "lossless")
        reading = reader.read(picture)
        if reading.refusal is not None:
            continue
        read = {value.name for value in reading.values}
        texts = {name: text for name, text in one["texts"].items() if name in read}
        name = one["profile"]
        before = glyphs.get(name, NO_GLYPHS)
        glyphs[name] = teach(before, find(name), picture, reading, texts).glyphs
    return glyphs


def _picture(path: Path, way: Way) -> Picture:
    return Picture(from_png(path.read_bytes()), way, WHEN, "bench")


def _told(reading: ScreenReading) -> dict[str, Any]:
    return {
        "refusal": reading.refusal and reading.refusal.code,
        "values": {
            one.name: [one.text, None if one.value is None else str(one.value), one.state]
            for one in reading.values
        },
        "reasons": [one.reason for one in reading.values if one.quantity and one.reason],
    }


if __name__ == "__main__":
    main(Path(sys.argv[-1]), alone="--alone" in sys.argv)
