"""What a history page shows: one object in the address feeds chart, table and later exports."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from dosebook_central.store.queries.history import HistoryExam
from dosebook_central.web.arguments import Arguments
from dosebook_central.web.modalities import FAMILIES, family

QUANTITIES: Final = {
    "": "Each modality's own",
    "effective_dose": "Effective dose",
    "dlp": "DLP",
    "ctdi_vol": "CTDIvol",
    "dose_area_product": "KAP",
    "dose_rp": "Ka,r",
    "average_glandular_dose": "AGD",
    "administered_activity": "Administered activity",
}
SORTS: Final = ("started", "modality", "description", "region", "value", "effective", "evidence")


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """Filters, quantity and order; the defaults show everything, newest first."""

    families: tuple[str, ...] = ()
    region: str = ""
    since: str = ""
    until: str = ""
    quantity: str = ""
    sort: str = "-started"

    @classmethod
    def from_arguments(cls, arguments: Arguments) -> "HistoryQuery":
        """Read the address; what is not understood is left at its default."""
        sort = arguments.get("sort", "-started")
        quantity = arguments.get("quantity", "")
        return cls(
            families=tuple(key for key in FAMILIES if key in arguments.getlist("modality")),
            region=arguments.get("region", "").strip(),
            since=_year_or_day(arguments.get("since", "")),
            until=_year_or_day(arguments.get("until", "")),
            quantity=quantity if quantity in QUANTITIES else "",
            sort=sort if sort.lstrip("-") in SORTS else "-started",
        )

    def arguments(self, **changes: Any) -> dict[str, object]:
        """The address of this query with some changes, without defaults."""
        query = replace(self, **changes)
        found: dict[str, object] = {
            "modality": list(query.families),
            "region": query.region,
            "since": query.since,
            "until": query.until,
            "quantity": query.quantity,
            "sort": query.sort if query.sort != "-started" else "",
        }
        return {key: value for key, value in found.items() if value}

    def sort_arguments(self, column: str) -> dict[str, object]:
        """The address that sorts by a column, or turns its order round."""
        return self.arguments(sort=f"-{column}" if self.sort == column else column)

    @property
    def is_filtered(self) -> bool:
        """Whether any exam may be left out."""
        return bool(self.families or self.region or self.since or self.until)

    def select(self, exams: Iterable[HistoryExam]) -> list[HistoryExam]:
        """The exams that the filters let through."""
        return [exam for exam in exams if self._lets_through(exam)]

    def _lets_through(self, exam: HistoryExam) -> bool:
        if self.families and not {family(code) for code in exam.modalities} & set(self.families):
            return False
        if self.region and self.region not in exam.regions:
            return False
        day = exam.started[:10]
        if (self.since or self.until) and not day:
            return False
        return (not self.since or day[: len(self.since)] >= self.since) and (
            not self.until or day[: len(self.until)] <= self.until
        )


def _year_or_day(text: str) -> str:
    digits = text.replace("-", "")
    return text if digits.isdigit() and len(text) in {4, 7, 10} else ""


def facets(exams: Iterable[HistoryExam]) -> Mapping[str, list[str]]:
    """The families, regions and years that occur, for the filter bar."""
    listed = list(exams)
    present = {family(code) for exam in listed for code in exam.modalities}
    return {
        "families": [key for key in FAMILIES if key in present],
        "regions": sorted({region for exam in listed for region in exam.regions}),
        "years": sorted({exam.started[:4] for exam in listed if exam.started}),
    }
