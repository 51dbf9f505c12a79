"""Why presentation contexts were rejected, in words."""

from collections.abc import Iterable
from typing import Any, Final

from pydicom.uid import UID

_SHOWN: Final = 4
_TRANSFER_SYNTAXES_NOT_SUPPORTED: Final = 0x04


def contexts_reason(proposed: Iterable[Any], results: Iterable[Any]) -> str:
    """Why presentation contexts were rejected (PS3.8 table 9-18), naming what was proposed."""
    syntaxes = {context.context_id: context.transfer_syntax for context in proposed}
    words: list[str] = []
    for context in results:
        name = UID(str(context.abstract_syntax)).name
        if context.result == _TRANSFER_SYNTAXES_NOT_SUPPORTED:
            offered = ", ".join(UID(str(one)).name for one in syntaxes.get(context.context_id, ()))
            reason = f"{name} in {offered}: no such transfer syntax is taken"
        else:
            reason = f"{name} is not taken"
        if reason not in words:
            words.append(reason)
    more = len(words) - _SHOWN
    text = "; ".join(words[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
    return f"no common presentation context: {text}"
