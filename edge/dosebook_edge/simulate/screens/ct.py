"""What a CT exam did, in the digits that its console shows."""

from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Final, Literal

from dosebook_edge.simulate.screens.visit import Visit

Phantom = Literal["head", "body"]

_PHANTOMS: Final[tuple[Phantom, ...]] = ("head", "body", "body")
_PROTOCOLS: Final = {
    "head": ("Head", "Sinus", "NeckAngio", "HeadSeq"),
    "body": ("Thorax", "Abdomen", "ThorAbd", "Pelvis", "CorCTA"),
}


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


@dataclass(frozen=True, slots=True)
class CtExam:
    """One exam: its rows and the total that the console prints."""

    visit: Visit
    rows: tuple[CtRow, ...]
    total_dlp: Decimal


def ct_exam(rng: Random, visit: Visit, *, dlp_digits: int, max_rows: int) -> CtExam:
    """Invent an exam whose total is the sum of its rows, as printed."""
    phantom = rng.choice(_PHANTOMS)
    rows = tuple(
        _row(rng, number, phantom, dlp_digits) for number in range(2, 2 + rng.randint(1, max_rows))
    )
    total = sum((row.dlp for row in rows), Decimal(0))
    return CtExam(visit, rows, total)


def _row(rng: Random, series: int, phantom: Phantom, dlp_digits: int) -> CtRow:
    is_helical = rng.random() < 0.8
    length_mm = Decimal(rng.randrange(800, 5500 if phantom == "body" else 2200)) / 10
    start = Decimal(rng.randrange(-4000, 4000)) / 8
    ctdi = Decimal(rng.randrange(120, 3200) if phantom == "body" else rng.randrange(1500, 7500))
    ctdi_vol = ctdi / 100
    over_cm = Decimal(rng.randrange(12, 60)) / 10 if is_helical else Decimal("0.2")
    dlp = (ctdi_vol * (length_mm / 10 + over_cm)).quantize(Decimal(1).scaleb(-dlp_digits))
    return CtRow(
        series=series,
        protocol=rng.choice(_PROTOCOLS[phantom]),
        is_helical=is_helical,
        start_mm=start,
        end_mm=start - length_mm,
        kv=rng.choice((70, 80, 90, 100, 110, 120, 130, 140)),
        mas=rng.randint(22, 560),
        ctdi_vol=ctdi_vol,
        dlp=dlp,
        phantom=phantom,
        rotation_s=rng.choice((Decimal("0.28"), Decimal("0.33"), Decimal("0.5"), Decimal("1.0"))),
        slice_mm=rng.choice((Decimal("0.6"), Decimal("1.2"), Decimal("0.75"))),
    )
