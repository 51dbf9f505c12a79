"""Writes the telegrams of a profile: from numbers and facts to the bytes on the line."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from dosebook_edge.simulate.instrument.checks import CHECKS
from dosebook_edge.simulate.instrument.numbers import packed
from dosebook_edge.simulate.instrument.profile import Playable, Registers, UnplayableError

Fact = Decimal | str
_PLACE: Final = re.compile(r"\{([a-z][a-z0-9_]*)(?::([ +]?)(0?)([0-9]*)(?:\.([0-9]))?([fE]?))?\}")


class Writer:
    """Writes what one kind of instrument says.

    A telegram of text is a template with places `{fact}`, or `{fact:07.2f}` for a number; one of
    bytes is a whole frame whose items are replaced. Length and block check are put in last.
    """

    def __init__(self, profile: Playable) -> None:
        self._profile = profile

    def facts(self, telegram: str, numbers: Mapping[str, Decimal]) -> dict[str, Fact]:
        """The facts of a telegram by which it states these numbers, keyed by name of the value."""
        found: dict[str, Fact] = {}
        for value in self._profile.telegrams[telegram].get("value", []):
            if value["name"] not in numbers:
                continue
            number = numbers[value["name"]] / Decimal(value.get("scale", "1"))
            if "exponent" in value:
                number = number.scaleb(-int(self._profile.facts[value["exponent"]].lstrip("eE")))
            if "minutes" in value:
                found[value["minutes"]], number = divmod(number, 60)
            found[value["source"]] = number
        return found

    def write(self, telegram: str, facts: Mapping[str, Fact]) -> bytes:
        """A telegram that says these facts; the profile says the others."""
        said = {**self._profile.facts, **facts}
        if telegram in self._profile.text:
            frame = _PLACE.sub(
                lambda place: _text(place, said), self._profile.text[telegram]
            ).encode("latin-1")
        elif telegram in self._profile.binary:
            frame = self._items(telegram, self._profile.binary[telegram], said, stride=1)
        else:
            raise UnplayableError(f"{self._profile.id}: [simulate] does not write {telegram!r}")
        return self._closed(frame)

    def registers(self, block: Registers, facts: Mapping[str, Fact]) -> bytes:
        """The bytes of a block of registers that says these facts."""
        said = {**self._profile.facts, **facts}
        return self._items(block.answer, bytes(2 * block.count), said, stride=2)

    def _items(
        self, telegram: str, frame: bytes, said: Mapping[str, Fact], *, stride: int
    ) -> bytes:
        made = bytearray(frame)
        for item in self._profile.telegrams[telegram]["items"]:
            if item["name"] in said:
                data = _binary(item, said[item["name"]])
                at = item["at"] * stride
                made[at : at + len(data)] = data
        return bytes(made)

    def _closed(self, frame: bytes) -> bytes:
        made = bytearray(frame)
        framing = self._profile.framing
        if "length" in framing:
            field = framing["length"]
            size = Decimal(len(frame) - field.get("adds", 0))
            data = packed(size, field["type"], field.get("order", "ABCD"))
            made[field["at"] : field["at"] + len(data)] = data
        if "checksum" in framing:
            check = framing["checksum"]
            data = CHECKS[check["type"]](bytes(made[check.get("start", 0) : check["end"]]))
            start = len(made) + check["at"]
            made[start : start + len(data)] = data
        return bytes(made)


def _binary(item: Mapping[str, Any], fact: Fact) -> bytes:
    if item["type"] == "ascii":
        return str(fact).ljust(item["length"]).encode("latin-1")
    return packed(Decimal(fact), item["type"], item.get("order", "ABCD"))


def _text(place: re.Match[str], said: Mapping[str, Fact]) -> str:
    name, sign, zero, width, digits, kind = place.groups(default="")
    if name not in said:
        raise UnplayableError(f"nothing says {name!r}, which a template of [simulate] names")
    fact = said[name]
    if isinstance(fact, str):
        return fact.ljust(int(width or 0))
    # Decimal writes E-3 where instruments write E-03; a float of so few digits rounds the same.
    number: Decimal | float = float(fact) if kind == "E" else fact
    text = format(number, f"{sign}{zero}{width}{'.' + digits if digits else ''}{kind or 'f'}")
    if Decimal(text) != fact:
        raise UnplayableError(f"{name} {fact} becomes {text.strip()!r}: widen its template")
    return text
