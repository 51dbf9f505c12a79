"""What a cumulative page shows: one object in the address feeds figure, chart and tables (P43)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from dosebook_central.store.queries.cumulative import ExamLine
from dosebook_central.web.arguments import Arguments, asked_days
from dosebook_central.web.cumulative_choices import CHOICES, Choice
from dosebook_central.web.modalities import FAMILIES, family

PERIODS: Final = {"12w": "12 weeks", "1y": "1 year", "5y": "5 years", "": "All"}
DIAGNOSTIC: Final = "diagnostic"
THERAPEUTIC: Final = "therapeutic"
_WEEKS: Final = {"12w": 12}
_YEARS: Final = {"1y": 1, "5y": 5}


@dataclass(frozen=True, slots=True)
class CumulativeQuery:
    """Quantity, period, modalities, intent and region; the defaults show all diagnostic exams.

    A period ends today and moves with the day; `since` and `until` (ISO dates, both days counted)
    stand in its place when one of them is given.
    """

    today: date
    quantity: str = "effective_dose"
    period: str = ""
    since: str = ""
    until: str = ""
    families: tuple[str, ...] = ()
    intent: str = DIAGNOSTIC
    with_outside: bool = True
    region: str = ""

    @classmethod
    def from_arguments(cls, arguments: Arguments, today: date) -> "CumulativeQuery":
        """Read the address; what is not understood is left at its default."""
        quantity, span = arguments.get("quantity", ""), arguments.get("period", "")
        since, until = asked_days(arguments)
        return cls(
            today=today,
            quantity=quantity if quantity in CHOICES else "effective_dose",
            period=span if span in PERIODS else "",
            since=since,
            until=until,
            families=tuple(key for key in FAMILIES if key in arguments.getlist("modality")),
            intent=THERAPEUTIC if arguments.get("intent", "") == THERAPEUTIC else DIAGNOSTIC,
            with_outside=arguments.get("outside", "") != "no",
            region=arguments.get("region", "").strip(),
        )

    def arguments(self, **changes: Any) -> dict[str, object]:
        """The address of this query with some changes, without defaults."""
        query = replace(self, **changes)
        found: dict[str, object] = {
            "quantity": query.quantity if query.quantity != "effective_dose" else "",
            "period": query.period,
            "since": query.since,
            "until": query.until,
            "modality": list(query.families),
            "intent": query.intent if query.intent != DIAGNOSTIC else "",
            "outside": "" if query.with_outside else "no",
            "region": query.region,
        }
        return {key: value for key, value in found.items() if value}

    @property
    def choice(self) -> Choice:
        """The chosen quantity."""
        return CHOICES[self.quantity]

    @property
    def window(self) -> tuple[str, str]:
        """First and last day that count, ISO; empty where the period is open."""
        if self.since or self.until:
            return self.since, self.until
        if self.period in _WEEKS:
            return (self.today - timedelta(weeks=_WEEKS[self.period])).isoformat(), ""
        if self.period in _YEARS:
            return _years_before(self.today, _YEARS[self.period]).isoformat(), ""
        return "", ""

    @property
    def is_narrowed(self) -> bool:
        """Whether any exam may be left out by period, modality or origin."""
        return any(self.window) or bool(self.families) or not self.with_outside

    def select(self, exams: Iterable[ExamLine]) -> list[ExamLine]:
        """The exams that count: of one intent only, because intents never mix (R100)."""
        return [exam for exam in exams if self._is_of_intent(exam) and self.lets_through(exam)]

    def lets_through(self, exam: ExamLine) -> bool:
        """Whether period, modality and origin let an exam count, of whatever intent."""
        if self.families and family(exam.modality) not in self.families:
            return False
        if not self.with_outside and exam.origin == "imported":
            return False
        since, until = self.window
        day = exam.started[:10]
        if (since or until) and not day:
            return False
        return (not since or day >= since) and (not until or day <= until)

    def _is_of_intent(self, exam: ExamLine) -> bool:
        return exam.is_therapeutic == (self.intent == THERAPEUTIC)


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)
