"""How pages name reference levels, and whose they are."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from dosebook_central.domain.drl.levels import Level
from dosebook_central.dosimetry.sets import Library
from dosebook_protocol.printed import unit_text

COUNTRY_NAMES: Final = {
    "AU": "Australia",
    "BE": "Belgium",
    "CH": "Switzerland",
    "DE": "Germany",
    "ES": "Spain",
    "EU": "European Union",
    "FR": "France",
    "GB": "United Kingdom",
    "IE": "Ireland",
    "JP": "Japan",
    "PL": "Poland",
    "US": "United States",
}


def country_name(code: str) -> str:
    """A country in words, or its code where it has none here."""
    return COUNTRY_NAMES.get(code, code)


def level_key(level: Level) -> str:
    """What names a level in an address; the same as long as the level says the same."""
    said = (level.package_id, level.quantity, level.scope, level.procedure, level.group.text)
    text = "|".join((*said, str(level.value), level.days.first.isoformat()))
    return sha256(text.encode()).hexdigest()[:12]


def level_unit(level: Level) -> str:
    """The unit of a level as people read it."""
    return f"{unit_text(level.unit)}{'/kg' if level.per_kg else ''}"


def procedure_names(library: Library) -> Mapping[str, str]:
    """The standard procedures in words."""
    return {
        row["procedure_id"]: row["name_en"]
        for package in library.of("procedures")
        for row in package.rows_in_force
    }
