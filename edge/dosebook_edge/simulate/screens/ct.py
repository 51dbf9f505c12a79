"""What a CT exam did, in the digits that its console shows."""

from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random
from typing import Final

from dosebook_edge.simulate.screens.rows import CtRow, Phantom
from dosebook_edge.simulate.screens.visit import Visit, Wish

_PHANTOMS: Final[tuple[Phantom, ...]] = ("head", "body", "body")
_PROTOCOLS: Final = {
    "head": ("Head", "Sinus", "NeckAngio", "HeadSeq"),
    "body": ("Thorax", "Abdomen", "ThorAbd", "Pelvis", "CorCTA"),
}


@dataclass(frozen=True, slots=True)
class CtExam:
    """One exam: its rows and the total that the console prints."""

    visit: Visit
    rows: tuple[CtRow, ...]
    total_dlp: Decimal


def ct_exam(rng: Random, wish: Wish, *, dlp_digits: int, max_rows: int) -> CtExam:
    """Show the wished rows, or invent some; the total is the sum of the rows, as printed."""
    phantom = rng.choice(_PHANTOMS)
    rows = wish.rows or tuple(
        _row(rng, number, phantom) for number in range(2, 2 + rng.randint(1, max_rows))
    )
    shown = tuple(_rounded(row, dlp_digits) for row in rows[:max_rows])
    return CtExam(wish.visit, shown, sum((row.dlp for row in shown), Decimal(0)))


def _rounded(row: CtRow, dlp_digits: int) -> CtRow:
    return replace(
        row,
        ctdi_vol=row.ctdi_vol.quantize(Decimal("0.01")),
        dlp=row.dlp.quantize(Decimal(1).scaleb(-dlp_digits)),
    )


def _row(rng: Random, series: int, phantom: Phantom) -> CtRow:
    is_helical = rng.random() < 0.8
    length_mm = Decimal(rng.randrange(800, 5500 if phantom == "body" else 2200)) / 10
    start = Decimal(rng.randrange(-4000, 4000)) / 8
    ctdi = Decimal(rng.randrange(120, 3200) if phantom == "body" else rng.randrange(1500, 7500))
    ctdi_vol = ctdi / 100
    over_cm = Decimal(rng.randrange(12, 60)) / 10 if is_helical else Decimal("0.2")
    return CtRow(
        series=series,
        protocol=rng.choice(_PROTOCOLS[phantom]),
        is_helical=is_helical,
        start_mm=start,
        end_mm=start - length_mm,
        kv=rng.choice((70, 80, 90, 100, 110, 120, 130, 140)),
        mas=rng.randint(22, 560),
        ctdi_vol=ctdi_vol,
        dlp=ctdi_vol * (length_mm / 10 + over_cm),
        phantom=phantom,
        rotation_s=rng.choice((Decimal("0.28"), Decimal("0.33"), Decimal("0.5"), Decimal("1.0"))),
        slice_mm=rng.choice((Decimal("0.6"), Decimal("1.2"), Decimal("0.75"))),
    )
