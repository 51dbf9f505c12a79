"""Vendor quirks: data rows with a fingerprint, applied to the reports of that equipment only.

Each row of `data/quirks.toml` names manufacturer, model and software by regular expression, and one
or more effects: `concepts` gives private codes the standard concept they stand for,
`carry_forward` names quantities that the maker states only when they change, `header_units` gives
quantities of image headers the unit that the maker writes them in, `header_protocol` the tags in
which it names the protocol, `note` is a remark.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import Final

from dosebook_protocol.codes import Key, canonical
from dosebook_protocol.dicom.deviations import Deviations
from dosebook_protocol.reading import DoseValue, Equipment, IrradiationEvent


@dataclass(frozen=True, slots=True)
class Quirk:
    """One way in which one maker's reports differ, and which equipment it is met on."""

    name: str
    why: str
    manufacturer: re.Pattern[str]
    model: re.Pattern[str]
    software: re.Pattern[str]
    concepts: Mapping[Key, Key]
    carry_forward: frozenset[str]
    header_units: Mapping[str, str]
    header_protocol: tuple[int, ...]
    note: str

    def fits(self, equipment: Equipment) -> bool:
        """Say whether the fingerprint matches."""
        return (
            self.manufacturer.search(equipment.manufacturer) is not None
            and self.model.search(equipment.model) is not None
            and self.software.search(equipment.software_versions) is not None
        )


@dataclass(frozen=True, slots=True)
class Quirks:
    """The quirks of one piece of equipment, joined."""

    concepts: Mapping[Key, Key]
    carry_forward: frozenset[str]
    header_units: Mapping[str, str]
    header_protocol: tuple[int, ...]
    notes: tuple[tuple[str, str], ...] = ()

    def carried_forward(
        self, events: Iterable[tuple[str, IrradiationEvent]], notes: Deviations
    ) -> list[tuple[str, IrradiationEvent]]:
        """Give events the last stated value of what is stated only when it changes, per plane."""
        last: dict[tuple[str, str], tuple[DoseValue, ...]] = {}
        filled = []
        for path, event in events:
            values = event.values
            for quantity in sorted(self.carry_forward):
                key = (quantity, event.plane or "")
                own = tuple(v for v in event.values if v.quantity == quantity)
                if own:
                    last[key] = own
                elif key in last:
                    values += last[key]
                    detail = f"{quantity} taken from the event before, as this maker means it"
                    notes.add("carried-forward", path, detail, per=quantity)
            filled.append(
                (path, event if values is event.values else replace(event, values=values))
            )
        return filled


def load(text: str) -> tuple[Quirk, ...]:
    """Read quirk rows from TOML text."""
    return tuple(_quirk(row) for row in tomllib.loads(text)["quirk"])


def _quirk(row: dict[str, object]) -> Quirk:
    fingerprint = {k: str(row.get(k, "")) for k in ("manufacturer", "model", "software")}
    concepts, units = row.get("concepts", {}), row.get("header_units", {})
    carry, protocol = row.get("carry_forward", []), row.get("header_protocol", [])
    if not isinstance(concepts, dict) or not isinstance(units, dict):
        raise TypeError(f"quirk {row.get('name')!r}: concepts and header_units are tables")
    if not isinstance(carry, list) or not isinstance(protocol, list):
        raise TypeError(f"quirk {row.get('name')!r}: carry_forward and header_protocol are lists")
    return Quirk(
        name=str(row["name"]),
        why=str(row["why"]),
        manufacturer=re.compile(fingerprint["manufacturer"], re.IGNORECASE),
        model=re.compile(fingerprint["model"], re.IGNORECASE),
        software=re.compile(fingerprint["software"], re.IGNORECASE),
        concepts={_key(sent): _key(meant) for sent, meant in concepts.items()},
        carry_forward=frozenset(str(quantity) for quantity in carry),
        header_units={str(quantity): str(unit) for quantity, unit in units.items()},
        header_protocol=tuple(int(str(tag), 16) for tag in protocol),
        note=str(row.get("note", "")),
    )


def _key(text: object) -> Key:
    """Read `scheme:value`."""
    scheme, _, value = str(text).partition(":")
    return canonical(value, scheme)


QUIRKS: Final = load(
    files("dosebook_protocol").joinpath("data", "quirks.toml").read_text(encoding="utf-8")
)


@lru_cache(maxsize=256)
def quirks_of(equipment: Equipment) -> Quirks:
    """Return the joined quirks of one piece of equipment."""
    fitting = [quirk for quirk in QUIRKS if quirk.fits(equipment)]
    concepts = {sent: meant for quirk in fitting for sent, meant in quirk.concepts.items()}
    carry = frozenset(quantity for quirk in fitting for quantity in quirk.carry_forward)
    units = {name: unit for quirk in fitting for name, unit in quirk.header_units.items()}
    protocol = tuple(tag for quirk in fitting for tag in quirk.header_protocol)
    remarks = tuple((quirk.name, quirk.note) for quirk in fitting if quirk.note)
    return Quirks(concepts, carry, units, protocol, remarks)
