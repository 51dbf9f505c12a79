"""The process of a box: one on a folder, and anew when its configuration changes."""

import contextlib
import fcntl
import gc
import json
import logging
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from dosebook_edge import __version__
from dosebook_edge.box import Box, BoxError
from dosebook_edge.config import ConfigError, Loaded, load
from dosebook_edge.config.layers import DESIRED
from dosebook_edge.folder import LOCK
from dosebook_protocol.logs import log

_logger = logging.getLogger(__name__)

_TICK_S: Final = 1.0
_COLLECT_AFTER: Final = 50_000
_SWITCH_AFTER_S: Final = 0.02


def run(config: Path, stopping: threading.Event, ready: IO[str] | None = None) -> None:
    """Run a box until `stopping` is set, anew after each change of what the registry wants."""
    loaded = load(config)
    folder = loaded.settings.box.data_dir
    with _only_one(folder):
        while not stopping.is_set():
            box = Box(loaded)
            try:
                box.start()
                work_undisturbed()
                _announce(box, ready)
                changed = _wait_for_change(box, config, loaded, stopping)
            finally:
                box.stop()
            if changed is not None:
                loaded = changed
    log(_logger, logging.INFO, "box_stopped")


def work_undisturbed() -> None:
    """Let a thread finish an object before the garbage collector or another thread comes between.

    A report becomes ten thousand small objects, nearly all without cycles: at the interpreter's
    threshold a seventh of a report's CPU time went into looking for garbage among them. And where
    four associations take turns every 5 ms, most of a second object's time goes into waiting for
    the first: with 20 ms a third more objects come in.
    """
    sys.setswitchinterval(_SWITCH_AFTER_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, *gc.get_threshold()[1:])


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Hold the folder for this process; raises `BoxError` where another one does."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / LOCK).open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BoxError(
                f"another dosebook-box runs on {folder}. See it with: dosebook-box status"
            ) from None
        held.write(str(os.getpid()))
        held.flush()
        yield


def _announce(box: Box, ready: IO[str] | None) -> None:
    ports = {one["name"]: one["port"] for one in box.status()["sources"]}
    log(_logger, logging.INFO, "box_ready", version=__version__, sources=ports)
    if ready is not None:
        ready.write(json.dumps({"event": "box_ready", "sources": ports}) + "\n")
        ready.flush()


def _wait_for_change(
    box: Box, config: Path, loaded: Loaded, stopping: threading.Event
) -> Loaded | None:
    """Do the chores until the box is to stop (None) or to run under another configuration."""
    desired = loaded.settings.box.data_dir / DESIRED
    seen = 0.0  # a wish may have come while the box started: the first look takes any
    while not stopping.wait(_TICK_S):
        box.tick()
        stamp = _stamp(desired)
        if stamp == seen:
            continue
        seen = stamp
        try:
            changed = load(config)
        except ConfigError as error:
            log(_logger, logging.ERROR, "config_not_reloaded", reason=str(error))
            continue
        if changed.settings != loaded.settings or changed.problems != loaded.problems:
            log(_logger, logging.INFO, "config_changed")
            return changed
    return None


def _stamp(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
