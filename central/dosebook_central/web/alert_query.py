"""What the page of alerts shows: one object in the address feeds table, count and pages."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from dosebook_central.store.queries.alert_list import AlertFilter
from dosebook_central.web.arguments import Arguments, asked_days, page_number
from dosebook_central.web.rule_form import LEVELS


@dataclass(frozen=True, slots=True)
class AlertQuery:
    """Level, rule, room and the days on which alerts were raised, both included."""

    level: str = ""
    rule: str = ""
    room: str = ""
    since: str = ""
    until: str = ""
    page: int = 1

    @classmethod
    def from_arguments(
        cls, arguments: Arguments, rules: Collection[str], rooms: Collection[str]
    ) -> "AlertQuery":
        """Read the address; what is not known is left at its default."""
        level, rule = arguments.get("level", ""), arguments.get("rule", "")
        room = arguments.get("room", "")
        since, until = asked_days(arguments)
        return cls(
            level if level in LEVELS else "",
            rule if rule in rules else "",
            room if room in rooms else "",
            since,
            until,
            page_number(arguments),
        )

    @property
    def is_filtered(self) -> bool:
        """Whether it shows less than all alerts that stand."""
        return bool(self.level or self.rule or self.room or self.since or self.until)

    def filter(self) -> AlertFilter:
        """The alerts that are meant; days are those of the registry's own zone."""
        after = date.fromisoformat(self.until) + timedelta(days=1) if self.until else None
        return AlertFilter(
            self.level,
            self.rule,
            self.room,
            _start(date.fromisoformat(self.since)) if self.since else None,
            _start(after) if after else None,
        )

    def arguments(self, page: int = 1) -> Mapping[str, str]:
        """The address of a page of this query."""
        query = replace(self, page=page)
        found = {name: str(getattr(query, name)) for name in query.__slots__}
        return {name: text for name, text in found.items() if text and (name, text) != _FIRST}


_FIRST = ("page", "1")


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min).astimezone()
