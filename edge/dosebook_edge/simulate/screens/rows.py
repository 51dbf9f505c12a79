"""The rows of a CT dose report, invented or of a simulated exam."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from dosebook_edge.simulate.truth import ObjectTruth

Phantom = Literal["head", "body"]


@dataclass(frozen=True, slots=True)
class CtRow:
    """One irradiation as a dose report lists it; doses in mGy and mGy.cm."""

    series: int
    protocol: str
    is_helical: bool
    start_mm: Decimal
    end_mm: Decimal
    kv: int
    mas: int
    ctdi_vol: Decimal
    dlp: Decimal
    phantom: Phantom
    rotation_s: Decimal
    slice_mm: Decimal


def rows_of(report: ObjectTruth) -> tuple[CtRow, ...]:
    """Return the rows that a console shows of the exam whose dose report says the same."""
    rows: list[CtRow] = []
    for event in report.events:
        said = {value.quantity: value for value in event.values}
        if "dlp" not in said:
            continue
        ctdi_vol, dlp = Decimal(said["ctdi_vol"].value), Decimal(said["dlp"].value)
        over_cm = min(Decimal("1.2"), dlp / ctdi_vol / 2)
        rows.append(
            CtRow(
                series=len(rows) + 2,
                protocol="Scan",
                is_helical=True,
                start_mm=Decimal(120),
                end_mm=Decimal(120) - (dlp / ctdi_vol - over_cm) * 10,
                kv=120,
                mas=150,
                ctdi_vol=ctdi_vol,
                dlp=dlp,
                phantom="head" if said["dlp"].phantom == "16cm" else "body",
                rotation_s=Decimal("0.5"),
                slice_mm=Decimal("0.6"),
            )
        )
    return tuple(rows)
