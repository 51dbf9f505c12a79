"""Pieces of HTML: `string.Template`, every value escaped unless it is markup itself."""

from collections.abc import Iterable
from html import escape
from string import Template


class Markup(str):
    """HTML that is not escaped again; template engines that know `__html__` agree."""

    __slots__ = ()

    def __html__(self) -> str:
        """The same HTML."""
        return self


NOTHING = Markup("")


def fill(template: str, /, **values: object) -> Markup:
    """Fill a piece of HTML; raises `KeyError` for a name that has no value."""
    return Markup(Template(template).substitute({name: _safe(one) for name, one in values.items()}))


def joined(parts: Iterable[Markup]) -> Markup:
    """Pieces one after the other."""
    return Markup("".join(parts))


def _safe(value: object) -> str:
    return value if isinstance(value, Markup) else escape(str(value), quote=True)
