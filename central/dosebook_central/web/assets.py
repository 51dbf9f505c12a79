"""Names of bundled scripts and styles → their hashed files."""

import json
from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).parent / "static"
MANIFEST: Final = STATIC / "dist" / "manifest.json"


class AssetsMissingError(RuntimeError):
    """The bundled scripts and styles are not there; its text says how to build them."""


class Assets:
    """The manifest, read again only when it changes."""

    def __init__(self, manifest: Path = MANIFEST) -> None:
        self._manifest = manifest
        self._changed_at = -1
        self._files: dict[str, str] = {}

    def path(self, name: str) -> str:
        """Return the path below `static/` of a bundled file; raises `AssetsMissingError`."""
        try:
            changed_at = self._manifest.stat().st_mtime_ns
            if changed_at != self._changed_at:
                self._files = json.loads(self._manifest.read_text())
                self._changed_at = changed_at
        except (OSError, ValueError):
            raise AssetsMissingError(
                "The pages' scripts and styles are not built. Run make demo, which builds them."
            ) from None
        if name not in self._files:
            raise AssetsMissingError(
                f"The bundle has no {name}: it is older than this registry. "
                "Run make demo, which builds it."
            )
        return f"dist/{self._files[name]}"
