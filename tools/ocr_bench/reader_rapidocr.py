"""Reads the screens of a folder with RapidOCR; runs in any environment that has it.

Prints a line of JSON for each screen: texts with their boxes; last the greatest memory.
"""

import json
import logging
import sys
import time
from pathlib import Path

from rapidocr import RapidOCR

from tools.ocr_bench.memory import peak_kib


def main(folder: Path) -> None:
    """Read the last picture of each screen, with the models that the package brings."""
    logging.disable(logging.WARNING)
    engine = RapidOCR(params={"EngineConfig.onnxruntime.intra_op_num_threads": 1})
    for shot in json.loads((folder / "shots.json").read_text()):
        began = time.process_time()
        found = engine(str(folder / shot["pictures"][-1]))
        spent = time.process_time() - began
        words = (
            [_word(text, box) for text, box in zip(found.txts or (), found.boxes, strict=True)]
            if found.txts
            else []
        )
        print(json.dumps({"cpu": spent, "words": words}), flush=True)
    print(json.dumps({"rss_kib": peak_kib()}))


def _word(text: str, corners: list[list[float]]) -> list[object]:
    lefts, tops = [float(x) for x, _ in corners], [float(y) for _, y in corners]
    return [text, min(lefts), min(tops), max(lefts) - min(lefts), max(tops) - min(tops)]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
