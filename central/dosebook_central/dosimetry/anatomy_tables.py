"""What a library says of anatomy, as lookups: regions, codes, body parts, words, procedures."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from dosebook_central.dosimetry.sets import Library, Row
from dosebook_protocol.codes import canonical

UNMAPPED: Final = "unmapped"
WHOLE_BODY: Final = "whole_body"
HEAD_REGIONS: Final = frozenset({"head", "face_sinuses", "teeth_jaw"})
TRUNK_REGIONS: Final = frozenset(
    {"chest", "heart", "breast", "thoracic_spine", "abdomen", "lumbar_spine", "pelvis"}
)
# A base region that lies inside another: evidence of the outer one does not contradict it.
_INSIDE: Final[Mapping[str, frozenset[str]]] = {
    "face_sinuses": frozenset({"head"}),
    "teeth_jaw": frozenset({"head"}),
    "cervical_spine": frozenset({"neck"}),
    "heart": frozenset({"chest"}),
    "breast": frozenset({"chest"}),
    "thoracic_spine": frozenset({"chest"}),
    "lumbar_spine": frozenset({"abdomen", "pelvis"}),
}
_NOT_WORDS: Final = re.compile(r"[^A-Z0-9]+")


@dataclass(frozen=True, slots=True)
class Atlas:
    """Anatomy as one library has it; regions are ids of the set `anatomy-regions`."""

    parts: Mapping[str, tuple[str, ...]]  # base parts of each region, itself for a base region
    labels: Mapping[str, str]
    codes: Mapping[tuple[str, str], str]  # by (code, scheme) as `codes.canonical` gives it
    body_parts: Mapping[str, str]
    procedures: Mapping[str, str]
    words: Callable[[str, str], tuple[str, ...]]  # text, modality code → regions, the best first

    def covers(self, outer: str, inner: str) -> bool:
        """Whether all of one region lies within the other."""
        if outer == WHOLE_BODY:
            return True
        wide = self.parts.get(outer, ())
        return all(
            part in wide or not _INSIDE.get(part, _NOWHERE).isdisjoint(wide)
            for part in self.parts.get(inner, (inner,))
        )

    def agree(self, one: str, other: str) -> bool:
        """Whether two statements can both be true of one exposure."""
        return self.covers(one, other) or self.covers(other, one)

    def label(self, region: str) -> str:
        """Name a region for people, in English."""
        return " + ".join(self.labels.get(one, one) for one in region.split(";"))


_NOWHERE: Final[frozenset[str]] = frozenset()


def atlas(library: Library) -> Atlas:
    """Make the lookups of a library; use through `sets.view`."""
    regions = _rows(library, "anatomy-regions")
    parts = {row["region_id"]: _parts(row) for row in regions}
    labels = {row["region_id"]: row["label_en"] for row in regions}
    procedures = _procedures(library, parts)
    for region in procedures.values():  # a procedure may combine what the regions do not name
        parts.setdefault(region, tuple(region.split(";")))
    return Atlas(
        parts=parts,
        labels=labels,
        codes={
            canonical(row["code"], row["scheme"]): row["region_id"]
            for row in _rows(library, "anatomy-codes")
        },
        body_parts={
            row["body_part_examined"]: row["region_id"]
            for row in _rows(library, "anatomy-body-parts")
        },
        procedures=procedures,
        words=_finder(_rows(library, "anatomy-keywords")),
    )


def folded(text: str) -> str:
    """Strip accents and punctuation and raise the case, as the keyword rules expect."""
    plain = unicodedata.normalize("NFKD", text.upper()).encode("ascii", "ignore").decode()
    return _NOT_WORDS.sub(" ", plain).strip()


def _rows(library: Library, kind: str) -> list[Row]:
    return [row for package in library.of(kind) for row in package.rows_in_force]


def _parts(row: Row) -> tuple[str, ...]:
    return tuple(row["parts"].split(";")) if row["parts"] else (row["region_id"],)


def _procedures(library: Library, parts: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Map each procedure to one region: the composite that has its parts, else the list itself."""
    by_parts = {frozenset(base): region for region, base in parts.items()}
    found: dict[str, str] = {}
    for row in _rows(library, "procedures"):
        listed = row["body_regions"]
        found[row["procedure_id"]] = by_parts.get(frozenset(listed.split(";")), listed)
    return found


def _finder(rows: list[Row]) -> Callable[[str, str], tuple[str, ...]]:
    rules = [
        (re.compile(row["regex"]), frozenset(row["modality"].split("/")), row["region_id"])
        for row in sorted(rows, key=lambda row: int(row["priority"]))
    ]

    @lru_cache(maxsize=16384)
    def find(text: str, modality: str) -> tuple[str, ...]:
        words = folded(text)
        found = (
            region
            for rule, modalities, region in rules
            if ("any" in modalities or modality in modalities) and rule.search(words)
        )
        return tuple(dict.fromkeys(found))

    return find
