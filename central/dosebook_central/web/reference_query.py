"""What the page of reference levels shows: one object in the address feeds all of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from dosebook_central.web.arguments import Arguments, day


@dataclass(frozen=True, slots=True)
class ReferenceQuery:
    """A country's levels, a period in days (both included), one modality or all."""

    country: str
    since: str
    until: str
    modality: str = ""
    procedure: str = ""
    level: str = ""  # `level_words.level_key`; with it a sample is meant
    room: str = ""

    @classmethod
    def from_arguments(
        cls, arguments: Arguments, today: date, countries: tuple[str, ...], home: str
    ) -> "ReferenceQuery":
        """Read the address; the default is the last year, by the levels of the home country."""
        country = arguments.get("country", "")
        if country not in countries:
            country = home if home in countries else (countries[0] if countries else "")
        until = day(arguments.get("until", "")) or today
        since = day(arguments.get("since", "")) or _year_before(until)
        if since > until:
            since, until = until, since
        return cls(
            country,
            since.isoformat(),
            until.isoformat(),
            arguments.get("modality", "").strip()[:8],
            arguments.get("procedure", "").strip()[:80],
            arguments.get("level", "").strip()[:20],
            arguments.get("room", "").strip()[:200],
        )

    def arguments(self, **changes: str) -> Mapping[str, str]:
        """The address of this query with some changes."""
        query = replace(self, **changes)
        found = {
            "country": query.country,
            "since": query.since,
            "until": query.until,
            "modality": query.modality,
            "procedure": query.procedure,
            "level": query.level,
            "room": query.room,
        }
        return {name: value for name, value in found.items() if value}


def _year_before(last: date) -> date:
    return last - timedelta(days=364)
