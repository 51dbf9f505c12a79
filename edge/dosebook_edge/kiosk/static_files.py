"""Scripts and styles of the box's page: its own, and those that it shares with the registry."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from dosebook_edge.kiosk.server import Answer

_OWN: Final = Path(__file__).parent / "static"
_SHARED: Final = files("dosebook_protocol.screen_drawing") / "page"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def static_file(path: str) -> Answer | None:
    """The file of an address, `/kiosk.css` or `/shared/editor.js`; None where there is none."""
    body = _files().get(path)
    if body is None:
        return None
    return Answer(body=body, media_type=_TYPES[Path(path).suffix])


@cache
def _files() -> dict[str, bytes]:
    own = {f"/{one.name}": one.read_bytes() for one in _OWN.iterdir()}
    shared = {f"/shared/{one.name}": one.read_bytes() for one in _SHARED.iterdir()}
    return {name: body for name, body in (own | shared).items() if Path(name).suffix in _TYPES}
