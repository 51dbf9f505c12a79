"""Which factor turns a DLP into an effective dose: by region, age, phantom and tube voltage.

E = DLP × k (European Guidelines EUR 16262; AAPM Report 96, section 5.2). A factor belongs to one
phantom; paediatric ones refer to the 16 cm phantom, for the body too (P11). An adult's factor is
never used for a child (P30), nor one region's for another (P32).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

from dosebook_central.dosimetry.ages import AgedFactor, at_age
from dosebook_central.dosimetry.anatomy_tables import UNMAPPED, Atlas, atlas
from dosebook_central.dosimetry.factors import Factor, published
from dosebook_central.dosimetry.intervals import REFERENCE_PERSON
from dosebook_central.dosimetry.patient import ADULT
from dosebook_central.dosimetry.sets import Library, view
from dosebook_central.dosimetry.values import Input, Method
from dosebook_protocol.reading import Phantom

KIND: Final = "effective-dose-ct"
VERSION: Final = "1"
HELD_FROM: Final = Decimal(10)
"""The last reference age of AAPM 96 in years: its factor is held up to 18, never the adult's."""
ONE_SET: Final = "no interval: only one published set has a factor for this region, age and phantom"
_PHANTOM_UNREAD: Final = (
    "the phantom that this factor refers to is inferred, not read in the report: the DLP is taken "
    "as the scanner states it"
)
_PHANTOM_UNSTATED: Final = "the publication does not state the phantom that its factor refers to"


@dataclass(frozen=True, slots=True)
class KFactor:
    """The factor for one event: mSv/(mGy·cm), and between which others published ones lie."""

    value: Decimal
    low: Decimal
    high: Decimal
    weighting: str
    method: Method
    input: Input
    notes: tuple[str, ...]

    @property
    def has_range(self) -> bool:
        """Whether other published sets have another factor."""
        return self.low != self.high


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no factor, in one sentence with its cure."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Series:
    """The factors of one set for one region and procedure, by tube voltage (None: any)."""

    region: str
    subject: str
    is_in_force: bool
    rows: Mapping[Decimal | None, tuple[Factor, ...]]

    def at_voltage(self, kvp: Decimal | None) -> list[tuple[Factor, ...]]:
        """Return the rows of the nearest voltage; all of them where none is stated."""
        known = [voltage for voltage in self.rows if voltage is not None]
        if kvp is None or not known:
            return list(self.rows.values())
        return [self.rows[min(known, key=lambda voltage: (abs(voltage - kvp), voltage))]]


Chooser = Callable[[str, Decimal, Phantom, Decimal | None], KFactor | Refusal]


def k_factor(
    library: Library, region: str, age: Decimal | None, phantom: Phantom | None, kvp: Decimal | None
) -> KFactor | Refusal:
    """Return the factor in force for a region (id), age in years, phantom and voltage in kV."""
    if region == UNMAPPED:
        return Refusal(
            "no-region", "no region is known for it; map the procedure to a standard procedure"
        )
    if phantom is None:
        return Refusal(
            "no-phantom",
            "the phantom that its DLP refers to (16 or 32 cm) is not stated, so no factor fits",
        )
    if age is None:
        return Refusal(
            "no-age",
            "the age is not known, and no adult is assumed; correct the patient's birth date",
        )
    # All adults have one factor, so that they share one remembered answer.
    return view(library, _chooser)(region, min(age, ADULT), phantom, kvp)


def _chooser(library: Library) -> Chooser:
    """Make the function that chooses for one library; it remembers its answers."""
    series = _series(published(library, KIND))
    tables = view(library, atlas)

    @lru_cache(maxsize=16384)
    def choose(
        region: str, age: Decimal, phantom: Phantom, kvp: Decimal | None
    ) -> KFactor | Refusal:
        of_region = [one for one in series if one.region == region]
        refused: Refusal | None = None
        for one in of_region:
            if not one.is_in_force:
                continue
            found = _at(one, age, kvp)
            if isinstance(found, Refusal):
                refused = refused or found
            elif not _fits(found.rows, phantom):
                refused = refused or _wrong_phantom(tables, region, age, phantom, found.rows)
            else:
                return _chosen(tables, found, of_region, age, phantom, kvp)
        return refused or _none(tables, region, of_region)

    return choose


def _series(factors: Iterable[Factor]) -> tuple[_Series, ...]:
    grouped: dict[tuple[str, str, str, bool], dict[Decimal | None, list[Factor]]] = {}
    for one in factors:
        key = (one.set_id, one.region, one.subject, one.is_in_force)
        grouped.setdefault(key, {}).setdefault(one.kv, []).append(one)
    return tuple(
        _Series(region, subject, is_in_force, {kv: tuple(rows) for kv, rows in by_kv.items()})
        for (_, region, subject, is_in_force), by_kv in grouped.items()
    )


def _at(series: _Series, age: Decimal, kvp: Decimal | None) -> AgedFactor | Refusal:
    """Return the factor of a series at an age and tube voltage."""
    rows, *others = series.at_voltage(kvp)
    if others:
        return Refusal("no-voltage", "its set has a factor for each tube voltage; none is stated")
    value = at_age(rows, age, HELD_FROM)
    if value is None:
        who = "adults" if age >= ADULT else f"a child of {age} years"
        name = rows[0].set_id
        return Refusal(
            "no-coefficient",
            f"the set {name} has no factor for {who} and this region; "
            "no factor of another age is used",
        )
    return value


def _fits(rows: tuple[Factor, ...], phantom: Phantom) -> bool:
    return all(row.phantom in {None, phantom} or _is_adult_neck(row) for row in rows)


def _is_adult_neck(row: Factor) -> bool:
    """Its phantom was not read in the report, and scanners use either for the neck."""
    return row.region == "neck" and row.is_adult


def _chosen(
    tables: Atlas,
    found: AgedFactor,
    of_region: list[_Series],
    age: Decimal,
    phantom: Phantom,
    kvp: Decimal | None,
) -> KFactor:
    spread = [found.factor]
    spread += [
        other.factor
        for one in of_region
        for rows in one.at_voltage(kvp)
        if (other := at_age(rows, age, HELD_FROM)) is not None
        and all(row.phantom == phantom for row in other.rows)
    ]
    row = found.rows[0]
    low, high = min(spread), max(spread)
    notes = [REFERENCE_PERSON]
    if row.phantom is None:
        notes.append(_PHANTOM_UNSTATED)
    elif _is_adult_neck(row):
        notes.append(_PHANTOM_UNREAD)
    if low == high:
        notes.append(ONE_SET)
    return KFactor(
        found.factor,
        low,
        high,
        row.weighting,
        _method(tables, found, phantom),
        Input("k", str(found.factor), "mSv/(mGy.cm)", row.set_id),
        tuple(notes),
    )


def _method(tables: Atlas, found: AgedFactor, phantom: Phantom) -> Method:
    row = found.rows[0]
    voltage = f", {row.kv} kV" if row.kv is not None else ""
    return Method(
        "ct-dlp-k",
        f"DLP × k, k of {tables.label(row.region)}, {found.words}{voltage}, "
        f"{phantom.removesuffix('cm')} cm phantom, {row.weighting or 'weighting not stated'}",
        VERSION,
        row.source,
        row.set_id,
        row.set_version,
    )


def _wrong_phantom(
    tables: Atlas, region: str, age: Decimal, phantom: Phantom, rows: tuple[Factor, ...]
) -> Refusal:
    wanted, given = rows[0].phantom, phantom
    who = "adults" if age >= ADULT else "children"
    return Refusal(
        "phantom-mismatch",
        f"its DLP refers to the {given} phantom, the factor of {rows[0].set_id} for "
        f"{tables.label(region)} of {who} to the {wanted} phantom, and no verified conversion "
        "between them is known; switch on a set for this phantom if you have one",
    )


def _none(tables: Atlas, region: str, of_region: list[_Series]) -> Refusal:
    others = sorted({row.set_id for one in of_region for rows in one.rows.values() for row in rows})
    cure = f"; sets with one that are not in force: {', '.join(others)}" if others else ""
    if len(tables.parts.get(region, ())) > 1:
        return Refusal(
            "mixed-regions",
            f"it covers several regions ({tables.label(region)}) and no set in force has a factor "
            f"for them together{cure}",
        )
    return Refusal(
        "no-coefficient", f"no set in force has a factor for {tables.label(region)}{cure}"
    )
