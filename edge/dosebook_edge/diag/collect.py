"""One archive for support: numbered files, no keys, no evidence, nothing about patients."""

import dataclasses
import io
import json
import platform
import sys
import tarfile
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from dosebook_edge import __version__
from dosebook_edge.config import Loaded
from dosebook_edge.config.layers import flat
from dosebook_edge.diag.checks import CHECKS, run_checks
from dosebook_edge.diag.records import open_outbox
from dosebook_edge.diag.status import read_status
from dosebook_edge.outbox import OutboxError
from dosebook_protocol.reading import READER_VERSION

_PACKAGES: Final = ("cryptography", "paho-mqtt", "pydantic", "pydicom", "pynetdicom")
_LEDGER_ROWS: Final = 200


def collect_to(loaded: Loaded, path: Path) -> list[str]:
    """Write the archive; returns the names of its files."""
    parts: dict[str, Callable[[Loaded], Any]] = {
        "01_versions.json": _versions,
        "02_config.json": _config,
        "03_status.json": lambda one: read_status(one.settings.box.data_dir),
        "04_checks.json": _checks,
        "05_ledger.json": _ledger,
    }
    with tarfile.open(path, "x:gz") as archive:
        for name, make in parts.items():
            content = json.dumps(make(loaded), indent=2, default=str).encode()
            member = tarfile.TarInfo(f"dosebook-box/{name}")
            member.size, member.mtime = len(content), int(time.time())
            archive.addfile(member, io.BytesIO(content))
    return list(parts)


def _versions(_: Loaded) -> dict[str, str]:
    versions = {name: metadata.version(name) for name in _PACKAGES}
    return {
        "dosebook-edge": __version__,
        "reader": READER_VERSION,
        "python": sys.version,
        "platform": platform.platform(),
    } | versions


def _config(loaded: Loaded) -> dict[str, Any]:
    return {
        key: {"value": value, "origin": loaded.origins.get(key, "default")}
        for key, value in flat(loaded.settings).items()
    }


def _checks(loaded: Loaded) -> list[dict[str, str]]:
    return [dataclasses.asdict(one) for one in run_checks(loaded, sorted(CHECKS))]


def _ledger(loaded: Loaded) -> Any:
    try:
        outbox = open_outbox(loaded.settings)
    except OutboxError as error:
        return {"error": str(error)}
    try:
        return {
            "status": dataclasses.asdict(outbox.status()),
            "newest": [dataclasses.asdict(one) for one in outbox.entries(limit=_LEDGER_ROWS)],
        }
    finally:
        outbox.close()
