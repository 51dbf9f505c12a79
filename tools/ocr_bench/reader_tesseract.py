"""Reads the screens of a folder with Tesseract, threefold enlarged, one process per picture.

Prints a line of JSON for each screen: words with their boxes; last the greatest memory of a
process, Python's own included.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from tools.ocr_bench.memory import peak_kib

ENLARGED = 3


def main(folder: Path) -> None:
    """Read the last picture of each screen: page segmentation 6, as read best of those tried."""
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    for shot in json.loads((folder / "shots.json").read_text()):
        with (
            Image.open(folder / shot["pictures"][-1]) as picture,
            tempfile.TemporaryDirectory() as at,
        ):
            grey = picture.convert("L")
            large = grey.resize((grey.width * ENLARGED, grey.height * ENLARGED))
            large.save(f"{at}/screen.png", compress_level=1)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            table = subprocess.run(
                ["tesseract", f"{at}/screen.png", "-", "--psm", "6", "tsv"],
                env=environment, capture_output=True, text=True, check=True,
            ).stdout  # fmt: skip
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(json.dumps({"cpu": spent, "words": _words(table)}), flush=True)
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(json.dumps({"rss_kib": max(peak_kib(), children)}))


def _words(table: str) -> list[list[object]]:
    words: list[list[object]] = []
    for row in table.splitlines()[1:]:
        parts = row.split("\t")
        if len(parts) == 12 and parts[11].strip():
            words.append([parts[11], *(int(part) / ENLARGED for part in parts[6:10])])
    return words


if __name__ == "__main__":
    main(Path(sys.argv[1]))
