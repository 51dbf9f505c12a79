"""Reference levels as typed values in storage units, and which of them an exam may be held against.

Like is held against like: per-acquisition CTDIvol with one event, per-examination DLP with the sum
of the imaging acquisitions, the right phantom, group, procedure and day (design rule 8, P14).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from dosebook_central.domain.drl.band import Group, group_of
from dosebook_central.dosimetry.row_status import Period
from dosebook_central.dosimetry.sets import Library, Package, Row, view
from dosebook_protocol.quantities import QUANTITIES, convert
from dosebook_protocol.reading import Phantom

Scope = Literal["event", "exam"]

_QUANTITIES: Final = {
    "CTDIvol": "ctdi_vol",
    "DLP": "dlp",
    "DAP": "dose_area_product",
    "ESAK": "entrance_dose",
    "AGD": "average_glandular_dose",
    "fluoro_time": "fluoro_time",
    "Ka_r": "dose_rp",
    "administered_activity": "administered_activity",
}
_SCOPES: Final[dict[str, Scope]] = {
    "per_examination": "exam",
    "per_administration": "exam",
    "per_acquisition": "event",
    "per_sequence": "event",
    "per_exposure": "event",
}
_PHANTOMS: Final[dict[str, Phantom]] = {
    "16": "16cm",
    "16 cm": "16cm",
    "32": "32cm",
    "32 cm": "32cm",
}
_PER_MASS: Final = "MBq/kg"
_UNMAPPED: Final = "unmapped"


@dataclass(frozen=True, slots=True)
class Level:
    """One reference level: `value` in the storage unit of its quantity.

    `kind` is DRL or achievable; `per_kg` levels are to be multiplied by the patient's mass.
    """

    package_id: str
    country: str
    authority: str
    year: str
    modality: str
    procedure: str
    region: str
    group: Group
    quantity: str
    value: Decimal
    unit: str
    scope: Scope
    kind: Literal["DRL", "achievable"]
    phantom: Phantom | None = None
    percentile: str = ""
    match: str = ""
    days: Period = field(default_factory=Period)
    per_kg: bool = False
    notes: str = ""

    @property
    def name(self) -> str:
        """How people name it: country, year, procedure, group."""
        return f"{self.country} {self.year}, {self.procedure}, {self.group.text}"


def levels_for(library: Library, country: str, procedure_id: str, day: date) -> tuple[Level, ...]:
    """Return the levels of a country that a standard procedure may be held against on a day."""
    known = view(library, _levels).get((country, procedure_id), ())
    return tuple(level for level in known if day in level.days)


def countries(library: Library) -> tuple[str, ...]:
    """Return the countries that any package holds levels of."""
    packages = (package for package in library.packages if package.manifest.kind == "drl")
    return tuple(sorted({package.manifest.country for package in packages} - {""}))


def procedures_of(library: Library, country: str) -> frozenset[str]:
    """Return the standard procedures that a country has levels for on any day."""
    return frozenset(name for own, name in view(library, _levels) if own == country)


def _levels(library: Library) -> Mapping[tuple[str, str], tuple[Level, ...]]:
    """All levels of all days, by country and standard procedure.

    By the name of the procedure, not by package: a superseded set names its procedures as its
    successor does.
    """
    named: dict[tuple[str, str, str], list[Level]] = {}
    for package in library.of("drl"):
        for row in package.rows_in_force:
            for level in _level(package, row):
                key = (level.country, level.modality, level.procedure)
                named.setdefault(key, []).append(level)
    found: dict[tuple[str, str], list[Level]] = {}
    for row in _rows(library.of("procedure-drl")):
        for level in named.get((row["country"], row["drl_modality"], row["drl_procedure"]), ()):
            own = found.setdefault((row["country"], row["procedure_id"]), [])
            own.append(replace(level, match=row["match"]))
    return {key: tuple(levels) for key, levels in found.items()}


def _rows(packages: Iterable[Package]) -> Iterator[Row]:
    for package in packages:
        yield from package.rows_in_force


def _level(package: Package, row: Row) -> Iterator[Level]:
    quantity = _QUANTITIES.get(row["quantity"])
    group = group_of(row["patient_group"])
    scope = _SCOPES.get(row["scope"])
    kind = row["level_type"]
    if not (quantity and group and scope) or row["body_region"] == _UNMAPPED:
        return
    if kind not in {"DRL", "achievable"}:
        return
    unit = QUANTITIES[quantity].unit
    per_kg = row["unit"] == _PER_MASS
    sent = Decimal(row["value"])
    yield Level(
        package_id=package.manifest.id,
        country=package.manifest.country,
        authority=row["authority"],
        year=row["year"],
        modality=row["modality"],
        procedure=row["procedure"],
        region=row["body_region"],
        group=group,
        quantity=quantity,
        value=sent if per_kg else convert(sent, row["unit"], unit),
        unit=unit,
        scope=scope,
        kind="DRL" if kind == "DRL" else "achievable",
        phantom=_PHANTOMS.get(row["phantom"]),
        percentile=row["percentile"],
        days=package.days_of(row),
        per_kg=per_kg,
        notes=row["notes"],
    )
