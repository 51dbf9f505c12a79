"""The folder of a box: names of its files, and whether a box holds it."""

import fcntl
from pathlib import Path
from typing import Final

STATUS: Final = "status.json"
LOCK: Final = "box.lock"
IDENTITY: Final = "identity"
PROFILES: Final = "screen-profiles"
DRAFTS: Final = "screen-drafts"


def is_running(folder: Path) -> bool:
    """Whether a box holds the folder."""
    try:
        with (folder / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
