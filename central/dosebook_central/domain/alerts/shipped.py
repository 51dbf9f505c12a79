"""The rules that a new registry starts with: thresholds of the shipped package, as rules.

Rows whose source was read are on; the others come switched off, to be checked and changed by a
physicist. Rows that no exam of today's evidence can be judged by are left out and named.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from dosebook_central.domain.alerts.rule import Band, Conditions, Kind, Level, Rule
from dosebook_central.dosimetry.sets import UNVERIFIED, Library, Row
from dosebook_protocol.quantities import QUANTITIES, convert

PACKAGE: Final = "alert-thresholds"
FIVE_YEARS_D: Final = 1826
_QUANTITIES: Final = {
    "Ka_r": "dose_rp",
    "PSD": "peak_skin_dose",
    "DAP": "dose_area_product",
    "fluoro_time": "fluoro_time",
    "CTDIvol": "ctdi_vol",
    "effective_dose": "effective_dose",
}
_LEVELS: Final[dict[str, Level]] = {
    "notification": "notification",
    "alert": "alert",
    "substantial_radiation_dose": "substantial",
    "sentinel_event": "substantial",
    "information": "information",
    "at_risk": "information",
    "watch": "information",
}
_AGES: Final[dict[str, tuple[str | None, str | None]]] = {
    "adult": ("18", None),
    "<2 y": (None, "2"),
    "2-5 y": ("2", "6"),
    "<10 y": (None, "10"),
    "all": (None, None),
}
_TORSO: Final = (
    "chest",
    "abdomen",
    "pelvis",
    "chest_abdomen",
    "abdomen_pelvis",
    "chest_abdomen_pelvis",
)
_BAND: Final = "SKIN_BAND"
_BOLUS: Final = ("DCM:113806",)  # stationary acquisition, PS3.16 CID 10013
_PERFUSION: Final = "CT_NV_PERF"  # beside the values for plain scans of the head
_INTERVENTIONAL: Final = ("XA", "RF")


@dataclass(frozen=True, slots=True)
class ShippedRule:
    """A rule as shipped, and whether it is on before anybody decides."""

    rule: Rule
    is_enabled: bool


def shipped_rules(library: Library) -> tuple[ShippedRule, ...]:
    """Return the rules of the package of thresholds and this program's own suggestions."""
    package = library.find(PACKAGE)
    rows = package.rows if package else ()
    return (*_from_rows(rows), *_suggestions())


def _from_rows(rows: tuple[Row, ...]) -> Iterator[ShippedRule]:
    for row in rows:
        quantity = _QUANTITIES.get(row["quantity"])
        if quantity is None or row["operator"] not in {">", ">="}:
            continue
        if row["domain"] == "tissue_reaction" and not row["alert_id"].startswith(_BAND):
            continue  # single thresholds, which the bands of the same source hold as well
        is_sum = row["scope"].startswith("cumulative; ")
        if row["scope"].startswith("cumulative") and not is_sum:
            continue  # over one field of skin or one table position: needs what no report states
        yield ShippedRule(_rule(row, quantity, is_sum=is_sum), row["verified"] != UNVERIFIED)


def _rule(row: Row, quantity: str, *, is_sum: bool) -> Rule:
    kind: Kind = "sum" if is_sum else "event" if quantity == "ctdi_vol" else "exam"
    unit = QUANTITIES[quantity].unit if quantity in QUANTITIES else "mGy"
    is_perfusion = row["alert_id"] == _PERFUSION
    is_plain_head = quantity == "ctdi_vol" and row["body_region"] == "head" and not is_perfusion
    low, high = _AGES[row["patient_group"]]
    region = row["body_region"]
    head_or_torso = (region,) if region in {"head", "heart"} else _TORSO if region else ()
    return Rule(
        id=row["alert_id"].lower().replace("_", "-"),
        title=row["suggested_action"],
        kind=kind,
        quantity=quantity,
        comparison=">" if row["operator"] == ">" else ">=",
        threshold=convert(Decimal(row["value"]), row["unit"], unit),
        when=Conditions(
            modalities=tuple(_modalities(row["modality"])),
            regions=head_or_torso,
            age_from=_number(low),
            age_below=_number(high),
            phantom=_phantom(row["notes"]),
            except_event_types=_BOLUS if quantity == "ctdi_vol" and not is_perfusion else (),
            acquisitions=("perfusion",) if is_perfusion else (),
            except_acquisitions=("perfusion",) if is_plain_head else (),
        ),
        level=_LEVELS[row["level"]],
        action=row["suggested_action"],
        source=row["source"],
        period_days=FIVE_YEARS_D if is_sum else None,
        is_at_risk=is_sum,
    )


_OF_ROOMS: Final = (
    "dlp_imaging",
    "dose_area_product",
    "dose_rp",
    "average_glandular_dose",
    "administered_activity",
)
_OWN_SOURCE: Final = "own suggestion; a physicist sets the numbers"


def _suggestions() -> Iterator[ShippedRule]:
    """Rules of this program's own: a start for a site's thresholds, most of them switched off."""
    yield ShippedRule(_SKIN_OF_ONE_REGION, is_enabled=True)
    for quantity in _OF_ROOMS:
        yield ShippedRule(_times_room(quantity), is_enabled=True)
    for rule in (_RECURRENT_CT, _REPEATED_CT_OF_A_CHILD, _CT_BY_WEIGHT):
        yield ShippedRule(rule, is_enabled=False)
    for quantity in ("dlp_imaging", "dose_area_product"):
        yield ShippedRule(_times_drl(quantity), is_enabled=False)


_SKIN_OF_ONE_REGION: Final = Rule(
    id="skin-same-region",
    title="procedures on one region add up on the same skin; plan a skin follow-up",
    kind="sum",
    quantity="dose_rp",
    threshold=Decimal(5000),
    when=Conditions(modalities=_INTERVENTIONAL),
    period_days=180,
    same_region=True,
    level="substantial",
    is_at_risk=True,
    source="AAPM fluoroscopy practice guideline 2022; the period is this site's choice",
)
_RECURRENT_CT: Final = Rule(
    id="recurrent-ct",
    title="review whether all of these CT exams were needed",
    kind="count",
    quantity="exams",
    threshold=Decimal(6),
    when=Conditions(modalities=("CT",)),
    period_days=365,
    level="information",
    is_at_risk=True,
    source=_OWN_SOURCE,
)
_REPEATED_CT_OF_A_CHILD: Final = Rule(
    id="child-repeated-ct",
    title="a child with repeated CT of one region",
    kind="count",
    quantity="exams",
    threshold=Decimal(2),
    when=Conditions(modalities=("CT",), age_below=Decimal(18)),
    period_days=30,
    same_region=True,
    level="information",
    is_at_risk=True,
    source=_OWN_SOURCE,
)
_CT_BY_WEIGHT: Final = Rule(
    id="ct-by-weight",
    title="check size, centring and repeated scans",
    kind="event",
    quantity="ctdi_vol",
    comparison=">",
    bands=(
        Band("weight_kg", Decimal(15), high=Decimal(60)),
        Band("weight_kg", Decimal(20), low=Decimal(60), high=Decimal(90)),
        Band("weight_kg", Decimal(35), low=Decimal(90)),
    ),
    when=Conditions(
        modalities=("CT",),
        regions=_TORSO,
        phantom="32cm",
        age_from=Decimal(18),
        except_event_types=_BOLUS,
    ),
    level="notification",
    source=_OWN_SOURCE,
)


def _times_room(quantity: str) -> Rule:
    return Rule(
        id=f"off-room-{quantity.replace('_', '-')}",
        title="look for a wrong unit or a wrong procedure before using the value",
        kind="exam",
        quantity=quantity,
        times_room=Decimal(5),
        level="alert",
        source="own rule: five times off the room's own median (P1)",
    )


def _times_drl(quantity: str) -> Rule:
    return Rule(
        id=f"drl-multiple-{quantity.replace('_', '-')}",
        title="check the record for a data error, then the protocol",
        kind="exam",
        quantity=quantity,
        comparison=">",
        times_drl=Decimal(2),
        level="notification",
        source="own suggestion; a physicist sets the multiple",
    )


def _modalities(text: str) -> Iterator[str]:
    for name in text.split("/"):
        if name not in {"", "all"}:
            yield name


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _phantom(notes: str) -> Any:
    for phantom in ("16", "32"):
        if notes.startswith(f"{phantom} cm phantom"):
            return f"{phantom}cm"
    return None
