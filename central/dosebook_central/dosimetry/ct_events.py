"""What kind of CT acquisition an event is, so that totals and rules can tell them apart (P14, P15).

Typed by CT Acquisition Type (113820, DCM), PS3.16 CID 10013; by words only where the type leaves it
open or a console sends none.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from dosebook_central.dosimetry.anatomy_tables import folded
from dosebook_central.dosimetry.inputs import EventInputs
from dosebook_protocol.codes import canonical

WIDE_BEAM_MM: Final = 40
"""A stationary acquisition of this length or more is a volume scan, not bolus monitoring.

Our own bound: monitoring uses one narrow slice (1 to 20 mm), volume scanners 80 to 160 mm.
"""


class AcquisitionKind(StrEnum):
    """What one CT event is for; the value is what people read."""

    SPIRAL = "spiral acquisition"
    SEQUENCED = "sequenced acquisition"
    FREE = "free acquisition"
    CONE_BEAM = "cone beam acquisition"
    STATIONARY = "stationary volume acquisition"
    PERFUSION = "perfusion"
    LOCALISER = "localiser"
    MONITORING = "bolus monitoring"
    UNSTATED = "acquisition of unstated type"


_PLANNING: Final = frozenset({AcquisitionKind.LOCALISER, AcquisitionKind.MONITORING})
_BY_CODE: Final = {
    ("116152004", "SCT"): AcquisitionKind.SPIRAL,
    ("113804", "DCM"): AcquisitionKind.SEQUENCED,
    ("113807", "DCM"): AcquisitionKind.FREE,
    ("702569007", "SCT"): AcquisitionKind.CONE_BEAM,
    ("113805", "DCM"): AcquisitionKind.LOCALISER,
    ("113806", "DCM"): AcquisitionKind.STATIONARY,
}
_LOCALISER_WORDS: Final = frozenset(
    "LOCALIZER LOCALISER LOCALIZERS SCOUT SURVIEW TOPOGRAM TOPO SCANOGRAM".split()
)
_MONITORING_WORDS: Final = frozenset(
    "MONITORING PREMONITORING MONITOR BOLUS TRACKER BOLUSTRACKING SMARTPREP SURESTART".split()
)
_PERFUSION_WORDS: Final = frozenset("PERFUSION PERF VPCT CTP NEUROPERFUSION SHUTTLE".split())
_DUAL_ENERGY_WORDS: Final = frozenset("DECT GSI DUALENERGY".split())
# A spiral or a cone beam is never one, whatever its name says.
_MAY_BE_PLANNING: Final = frozenset(
    {AcquisitionKind.SEQUENCED, AcquisitionKind.FREE, AcquisitionKind.UNSTATED}
)


@dataclass(frozen=True, slots=True)
class Acquisition:
    """One CT event typed; perfusion, dual source and dual energy raise CTDIvol by design (P15)."""

    kind: AcquisitionKind
    is_perfusion: bool = False
    is_dual_energy: bool = False
    is_multi_source: bool = False
    by_words: bool = False  # the protocol's words decided, not the coded type

    @property
    def is_imaging(self) -> bool:
        """Whether it counts in comparisons: neither localiser nor bolus monitoring (P14)."""
        return self.kind not in _PLANNING


TypedEvent = tuple[EventInputs, Acquisition]


def acquisition_of(event: EventInputs) -> Acquisition:
    """Type one CT event."""
    kind = event.coded.get("event_type")
    length = event.values.get("scanning_length")
    sources = event.values.get("number_of_x_ray_sources")
    return _typed(
        canonical(kind.code, kind.scheme) if kind else None,
        event.protocol,
        is_wide=length is not None and length >= WIDE_BEAM_MM,
        is_multi_source=sources is not None and sources > 1,
        is_dual_energy=event.is_dual_energy,
    )


@lru_cache(maxsize=16384)
def _typed(
    code: tuple[str, str] | None,
    protocol: str,
    *,
    is_wide: bool,
    is_multi_source: bool,
    is_dual_energy: bool,
) -> Acquisition:
    listed = folded(protocol).split()
    words = frozenset(listed)
    kind = _BY_CODE.get(code, AcquisitionKind.UNSTATED) if code else AcquisitionKind.UNSTATED
    by_words = False
    is_perfusion = kind is not AcquisitionKind.LOCALISER and not words.isdisjoint(_PERFUSION_WORDS)
    if kind is AcquisitionKind.STATIONARY and not is_perfusion:
        if not is_wide or not words.isdisjoint(_MONITORING_WORDS):
            kind = AcquisitionKind.MONITORING
    elif kind is AcquisitionKind.STATIONARY:
        kind = AcquisitionKind.PERFUSION
    elif kind in _MAY_BE_PLANNING:
        said = _by_words(words)
        by_words = said is not None
        kind = said or kind
    return Acquisition(
        kind,
        is_perfusion=is_perfusion,
        is_dual_energy=(
            is_dual_energy
            or not words.isdisjoint(_DUAL_ENERGY_WORDS)
            or {"DUAL", "ENERGY"} <= words
            or listed[:1] == ["DE"]  # elsewhere it is a preposition
        ),
        is_multi_source=is_multi_source,
        by_words=by_words,
    )


def _by_words(words: frozenset[str]) -> AcquisitionKind | None:
    """Tell a localiser that a console sends as a scan, or without any type, by its name."""
    if not words.isdisjoint(_LOCALISER_WORDS):
        return AcquisitionKind.LOCALISER
    if not words.isdisjoint(_MONITORING_WORDS):
        return AcquisitionKind.MONITORING
    return None
