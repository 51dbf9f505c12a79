"""From the cells that the engine computed to a result, or to the reason why they are none."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from dosebook_central.dosimetry.skin_dose.model import (
    Interval,
    Refusal,
    Request,
    SkinDoseResult,
    UnusedEvent,
)
from dosebook_central.dosimetry.skin_dose.request import LEAST_PERCENT, kerma_percent
from dosebook_central.dosimetry.skin_dose.skin_map import cells_of, make_map

METHOD: Final = (
    "sum over events of Ka,r × inverse square × medium × backscatter × table and pad, for each "
    "cell of the phantom's surface that the beam enters; the largest cell, PySkinDose"
)
# Malchair et al., Physica Medica 80 (2020) 75-83: 22 programs reviewed; the 12 that were tested on
# phantoms agreed with measurement within 25 %, the two tested on patients within 43 % and 76 %.
DOUBT: Final = Decimal("0.76")
DOUBT_SOURCE: Final = (
    "±\u00a076\u00a0%: the widest agreement of skin dose software with measurements on patients "
    "in the review of Malchair et al., Physica Medica 80 (2020) 75–83; on phantoms ±\u00a025\u00a0%"
)
DOMINANT: Final = "size and position of the patient on the table, which no report states"
_MISSED: Final = "the beam met no cell of the phantom"
_BEAM_MISSED: Final = (
    "the beam missed the phantom in every event, so there is no dose to state: the patient did not "
    "lie where the map assumes, or the table position is not what it seems"
)


@dataclass(frozen=True, slots=True)
class Computed:
    """What the engine returned: dose of each cell in mGy by rows, and the events that hit."""

    rows: Sequence[Sequence[float]]
    hitting: Sequence[int]


def conclude(request: Request, computed: Computed, digest: str) -> SkinDoseResult | Refusal:
    """Return the result of a computation; a peak of zero is a refusal, never a dose of 0."""
    kerma = {beam.event: Decimal(str(beam.kerma_mgy)) for beam in request.beams}
    hitting = set(computed.hitting)
    missed = [UnusedEvent(n, _MISSED, k) for n, k in kerma.items() if n not in hitting]
    unused = tuple(sorted([*request.unused, *missed], key=lambda one: one.event))
    skin = make_map(computed.rows, request.cylinder)
    cells = cells_of(skin)
    top = max(range(len(cells)), key=cells.__getitem__)
    percent = kerma_percent(request.kerma_mgy, unused)
    if cells[top] <= 0:
        return Refusal("beam-missed", _BEAM_MISSED, unused)
    if percent < LEAST_PERCENT:
        reason = f"only {percent} % of the Ka,r met the phantom: {_MISSED} in {len(missed)} events"
        return Refusal("beam-missed", reason, unused)
    peak = _four_digits(cells[top])
    is_complete = percent == 100 and all(one.kerma_mgy is not None for one in unused)
    return SkinDoseResult(
        peak_mgy=peak,
        peak_row=top // skin.columns,
        peak_column=top % skin.columns,
        map=skin,
        interval=Interval(
            _four_digits(peak * (1 - DOUBT)),
            _four_digits(peak * (1 + DOUBT)) if is_complete else None,
            DOMINANT,
            DOUBT_SOURCE,
        ),
        event_count=request.event_count,
        events=tuple(sorted(hitting)),
        unused=unused,
        kerma_percent=percent,
        assumptions=request.assumptions,
        geometry=request.geometry,
        method=METHOD,
        software=request.software,
        adapter=request.adapter,
        input_sha256=digest,
    )


def _four_digits(value: float | Decimal) -> Decimal:
    return Decimal(f"{value:.4g}")
