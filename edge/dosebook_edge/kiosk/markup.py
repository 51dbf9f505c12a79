"""Templates of the kiosk: files of pieces of HTML."""

from functools import cache
from pathlib import Path
from typing import Final

from dosebook_protocol.markup import Markup, fill, joined

__all__ = ["Markup", "fill", "joined", "render"]

_FOLDER: Final = Path(__file__).parent / "templates"


def render(name: str, /, **values: object) -> Markup:
    """Fill a template file."""
    return fill(_text(name), **values)


@cache
def _text(name: str) -> str:
    return (_FOLDER / f"{name}.html").read_text(encoding="utf-8")
