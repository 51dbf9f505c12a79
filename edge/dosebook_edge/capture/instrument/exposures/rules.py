"""The rules by which one instrument's readings become exposures: its profile, then the site."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from dosebook_edge.capture.instrument.profile.exposing import Exposing
from dosebook_edge.capture.instrument.profile.measures import stored
from dosebook_edge.capture.instrument.profile.model import Profile

# Rate → what it adds up to, the unit of that, and the seconds of the rate's unit of time.
INTEGRALS: Final[dict[str, tuple[str, str, int]]] = {
    "air_kerma_rate": ("air_kerma", "mGy", 3600),
    "dose_equivalent_rate": ("dose_equivalent", "uSv", 3600),
    "count_rate": ("count", "{n}", 60),
    "current": ("charge", "C", 1),
}


class NotCountedError(ValueError):
    """The profile does not say what an exposure is; the text says what to add."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules of one instrument; `gap_s`: readings further apart leave something unobserved."""

    exposing: Exposing
    gap_s: float
    factor: Decimal = Decimal(1)

    def wraps_at(self, profile: Profile, telegram: str) -> Decimal | None:
        """Where the followed value of a telegram begins again at zero, in its storage unit."""
        for one in profile.telegram:
            for value in one.value if one.name == telegram else ():
                if value.name != self.exposing.value:
                    continue
                if value.wraps_at is not None and value.unit is not None:
                    return stored(value.wraps_at, value.unit)[0]
        return None


def rules_of(
    profile: Profile,
    *,
    factor: Decimal = Decimal(1),
    idle_s: float | None = None,
    above: Decimal | None = None,
) -> Rules:
    """Rules of a profile, with what the site sets otherwise; raises `NotCountedError`."""
    exposing = profile.exposure
    if exposing is None:
        raise NotCountedError(
            f"the profile {profile.id} has no [exposure] table, so nothing that it reads becomes "
            "an exposure: add one with the name of the value that is counted"
        )
    changes = {"idle_s": idle_s, "above": above}
    chosen = {name: value for name, value in changes.items() if value is not None}
    return Rules(exposing.model_copy(update=chosen), profile.timing.stale_after_s, factor)
