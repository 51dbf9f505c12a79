"""Coefficient sets as the pages show them: cards, rows with the reason why one does not count."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from dosebook_central.coefficients.shown import count_unverified, state, summary
from dosebook_central.dosimetry.package_columns import KINDS
from dosebook_central.dosimetry.row_status import is_dated
from dosebook_central.dosimetry.sets import DRL, UNVERIFIED, Row
from dosebook_central.store.queries.packages import Adopted, Switch

CONFIRMATION: Final = "I checked these rows"
STATES: Final = {"all": "All", "on": "On", "off": "Off", "unverified": "With unverified rows"}
STATUS_WORDS: Final = {
    "in_force": "in force",
    "registry_data": "registry data, not a reference level",
}


def by_kind(found: Iterable[Adopted]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return cards of sets under the titles of their kinds, those that are on first."""
    groups: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    for one in found:
        groups[one.package.manifest.kind].append(card(one))
    return [
        (KINDS[kind].title, sorted(cards, key=lambda one: one["state"] != "on"))
        for kind, cards in groups.items()
        if cards
    ]


def fits(one: Adopted, wanted: str, words: str = "") -> bool:
    """Whether a set is in a state and holds all words in what it says of itself."""
    fitting = wanted in ("all", state(one), "unverified" if count_unverified(one) else "")
    manifest = one.package.manifest
    said = f"{manifest.id} {manifest.title} {manifest.citation} {manifest.country}".casefold()
    return fitting and all(word in said for word in words.casefold().split())


def card(one: Adopted) -> dict[str, Any]:
    """Return a version of a set for a page, moments as moments."""
    choices = one.choices
    return summary(one) | {
        "kind_title": KINDS[one.package.manifest.kind].title,
        "status_words": STATUS_WORDS.get(one.package.manifest.status, one.package.manifest.status),
        "rows_unverified": count_unverified(one),
        "adopted_moment": one.adopted_at,
        "switched": _switched(choices.switched),
        "unverified_switched": _switched(choices.accepted),
    }


def columns(one: Adopted) -> tuple[list[str], dict[str, str]]:
    """Return the columns in which rows differ, and what all rows have in common, empty left out."""
    first, rows = one.package.rows[0], one.package.rows
    if len(rows) == 1:
        return [name for name, text in first.items() if text], {}
    common = {name: text for name, text in first.items() if all(row[name] == text for row in rows)}
    differing = [name for name in first if name not in common]
    return differing, {name: text for name, text in common.items() if text}


def rows(one: Adopted, words: str) -> list[tuple[Row, str]]:
    """Return the rows that hold all words, each with why it does not count, empty where it does."""
    wanted = words.casefold().split()
    in_force = {id(row) for row in one.package.rows_in_force}
    found: list[tuple[Row, str]] = []
    for row in one.package.rows:
        said = " ".join(row.values()).casefold()
        if all(word in said for word in wanted):
            found.append((row, "" if id(row) in in_force else _why_not(one, row)))
    return found


def is_confirmed(text: str) -> bool:
    """Whether a person wrote the confirmation, whatever its case and its full stop."""
    return text.strip().rstrip(".").casefold() == CONFIRMATION.casefold()


def _why_not(one: Adopted, row: Row) -> str:
    package = one.package
    if row.get("verified") == UNVERIFIED and not package.choices.with_unverified:
        return "not verified"
    if not package.is_in_force:
        return "set is off"
    if package.manifest.kind == DRL and not is_dated(row["status"]):
        return "not in force"
    return "not preferred"


def _switched(switch: Switch | None) -> dict[str, Any] | None:
    if switch is None:
        return None
    return {"by": switch.by, "at": datetime.fromisoformat(switch.at), "why": switch.why}
