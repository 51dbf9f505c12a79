"""The child process: one request on standard input, lines of progress and one result out.

Run as `python -m dosebook_central.dosimetry.skin_dose.compute FOLDER`, the folder being for the
engine's tables; whoever starts it removes that, because this process may be killed.

A process of its own because the engine takes some 160 MB and the interpreter for itself, and can
be ended at any moment.
"""

import contextlib
import json
import os
import sys
import warnings
from pathlib import Path
from typing import Final

from dosebook_central.dosimetry.skin_dose.model import REQUEST

_POLITENESS: Final = 10  # beside ingest and pages


def main(folder: str) -> int:
    """Read a request, compute it, write what came out; 1 where PySkinDose failed."""
    os.nice(_POLITENESS)
    request = REQUEST.validate_json(sys.stdin.buffer.read())
    out = sys.stdout

    def say(**line: object) -> None:
        print(json.dumps(line), file=out, flush=True)

    # PySkinDose and what it imports print and warn of their own; the channel is not for them.
    with contextlib.redirect_stdout(sys.stderr):
        warnings.simplefilter("ignore")
        try:
            from dosebook_central.dosimetry.skin_dose import engine

            rows, hitting = engine.compute(request, Path(folder), lambda done: say(done=done))
        except Exception as error:  # noqa: BLE001 - a foreign library: whatever it raises is told
            say(error=f"{type(error).__name__}: {error}")
            return 1
        say(rows=rows.tolist(), hitting=hitting)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
