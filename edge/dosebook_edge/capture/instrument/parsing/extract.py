"""From the bytes of one frame to named texts, as a telegram of the profile lays them out."""

import re
from functools import cache

from dosebook_edge.capture.instrument.profile.model import Item, Telegram
from dosebook_edge.capture.instrument.profile.numbers import WIDTH, binary_text

Facts = dict[str, str]


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of a profile; a dot matches any character."""
    return re.compile(pattern, re.DOTALL)


def extract(telegram: Telegram, data: bytes, *, stride: int = 1) -> Facts | None:
    """The named texts of a frame, or None where it is not this telegram.

    Args:
        telegram: layout, by pattern or by items.
        data: bytes of the frame; the registers of a Modbus answer.
        stride: bytes that one step of `Item.at` is: 2 for registers.
    """
    if telegram.pattern is not None:
        match = compiled(telegram.pattern).fullmatch(data.decode("latin-1"))
        return None if match is None else {k: v or "" for k, v in match.groupdict().items()}
    if telegram.size is not None and len(data) != telegram.size:
        return None
    facts: Facts = {}
    for item in telegram.items:
        part = data[item.at * stride : item.at * stride + width(item)]
        if len(part) < width(item):
            return None
        facts[item.name] = binary_text(part, item.type, item.order)
    if not all(compiled(text).fullmatch(facts[name]) for name, text in telegram.when.items()):
        return None
    return facts


def width(item: Item) -> int:
    """Bytes of an item."""
    return item.length if item.type == "ascii" else WIDTH[item.type]


def names_of(telegram: Telegram) -> set[str]:
    """The facts that a telegram has."""
    if telegram.pattern is not None:
        return set(compiled(telegram.pattern).groupindex)
    return {item.name for item in telegram.items}
