"""The safelist of X-ray systems whose geometry is validated for skin dose maps (P19)."""

import re
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, Literal

from dosebook_protocol.reading import Equipment

_FILE: Final = "safelist.toml"


@dataclass(frozen=True, slots=True)
class Geometry:
    """One validated system and its coordinate conventions; `safelist.toml` explains the fields."""

    id: str
    title: str
    manufacturer: re.Pattern[str]
    model: re.Pattern[str]
    software: re.Pattern[str]
    engine_model: str
    validated: str
    axes: tuple[str, str, str]
    offset_cm: tuple[Decimal, Decimal, Decimal]
    direction: tuple[int, int, int]
    angles: tuple[int, int]
    field: Literal["area", "shutters"]
    detector_side_cm: int
    filters: frozenset[tuple[Decimal, Decimal]]

    def fits(self, equipment: Equipment) -> bool:
        """Whether this row was validated for that system and its software."""
        return all(
            pattern.fullmatch(text.strip())
            for pattern, text in (
                (self.manufacturer, equipment.manufacturer),
                (self.model, equipment.model),
                (self.software, equipment.software_versions),
            )
        )


@dataclass(frozen=True, slots=True)
class Safelist:
    """All validated systems, and the version of the list."""

    version: str
    geometries: tuple[Geometry, ...]

    def find(self, equipment: Equipment) -> Geometry | None:
        """Return the row of a system; None where it is not validated."""
        return next((row for row in self.geometries if row.fits(equipment)), None)

    def refusal(self, equipment: Equipment) -> str:
        """Say in one sentence why a system has no skin dose map, and which systems have."""
        named = " ".join(filter(None, (equipment.manufacturer.strip(), equipment.model.strip())))
        software = equipment.software_versions.strip()
        known = "; ".join(row.title for row in self.geometries)
        return (
            f"the geometry of {named or 'a system without a name'}"
            f"{f', software {software},' if software else ' (software not stated)'} "
            f"is not validated for skin dose maps (validated: {known})"
        )


@lru_cache(maxsize=1)
def safelist() -> Safelist:
    """Return the list that this version ships."""
    text = files(__package__).joinpath(_FILE).read_text(encoding="utf-8")
    data = tomllib.loads(text)
    return Safelist(data["version"], tuple(_geometry(row) for row in data["geometry"]))


def _geometry(row: dict[str, Any]) -> Geometry:
    patterns = {
        name: re.compile(row[name], re.IGNORECASE) for name in ("manufacturer", "model", "software")
    }
    numbers = {
        "axes": tuple(row["axes"]),
        "offset_cm": tuple(Decimal(text) for text in row["offset_cm"]),
        "direction": tuple(row["direction"]),
        "angles": tuple(row["angles"]),
        "filters": frozenset((Decimal(cu), Decimal(al)) for cu, al in row["filters"]),
    }
    return Geometry(**row | patterns | numbers)
