"""Templates of the kiosk: `string.Template`, every value escaped unless it is markup itself."""

from collections.abc import Iterable
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Final

_FOLDER: Final = Path(__file__).parent / "templates"


class Markup(str):
    """HTML that is not escaped again."""

    __slots__ = ()


def fill(template: str, /, **values: object) -> Markup:
    """Fill a piece of HTML; raises `KeyError` for a name that has no value."""
    return Markup(Template(template).substitute({name: _safe(one) for name, one in values.items()}))


def render(name: str, /, **values: object) -> Markup:
    """Fill a template file."""
    return fill(_text(name), **values)


def joined(parts: Iterable[Markup]) -> Markup:
    """Pieces one after the other."""
    return Markup("".join(parts))


def _safe(value: object) -> str:
    return value if isinstance(value, Markup) else escape(str(value), quote=True)


@cache
def _text(name: str) -> str:
    return (_FOLDER / f"{name}.html").read_text(encoding="utf-8")
