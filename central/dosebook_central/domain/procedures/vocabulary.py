"""The standard procedures: names in the languages of the pages, regions, codes, and the words."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from dosebook_central.domain.procedures.lexicon import WordRow, word_row
from dosebook_central.domain.procedures.spelling import fold
from dosebook_central.dosimetry.sets import Library, view

LANGUAGES: Final = ("en", "fr", "de", "it", "es", "pl", "ja")
_LEADING: Final = frozenset({"exact", "narrower"})  # broader says less, close says something else
# What senders write for a code system, beside the name that the table uses.
_SCHEMES: Final = {"LN": "LOINC", "RPID": "RADLEX_PLAYBOOK", "RADLEX": "RADLEX_PLAYBOOK"}

# Modality codes that share names and machines: a C-arm room says XA or RF as it likes.
_FAMILIES: Final = {
    "ct": ("CT",),
    "rf": ("XA", "RF"),
    "dx": ("DX", "CR", "RG"),
    "mg": ("MG",),
    "nm": ("NM", "PT"),
    "dental": ("IO", "PX", "CBCT"),
}
OTHER_FAMILY: Final = "other"
# A family's names may also mean procedures that the table lists elsewhere.
_ALSO: Final = {
    "ct": frozenset({"cbct_dental_small", "cbct_dental_large"}),
    "dental": frozenset({"dx_cephalometric"}),
}
_FAMILY: Final = {code: family for family, codes in _FAMILIES.items() for code in codes}


def family_of(modality: str) -> str:
    """Return the family of a modality code: ct, rf, dx, mg, nm, dental or other."""
    return _FAMILY.get(modality.upper(), OTHER_FAMILY)


@dataclass(frozen=True, slots=True)
class Procedure:
    """One standard procedure; `regions` are ids of `anatomy-regions`, or `unmapped` for any."""

    id: str
    modality: str
    regions: tuple[str, ...]
    names: Mapping[str, str]

    def name(self, language: str = "en") -> str:
        """Return its name in a language, in English where there is none."""
        return self.names.get(language) or self.names["en"]

    @property
    def is_anywhere(self) -> bool:
        """Whether it may be of any region, so that a region in a name does not contradict it."""
        return bool({"unmapped", "limb_unspecified"} & set(self.regions))


@dataclass(frozen=True, slots=True)
class ProcedureCode:
    """A code that leads to one procedure; `match` is exact or narrower."""

    procedure_id: str
    scheme: str
    value: str
    meaning: str
    match: str


class Vocabulary:
    """All standard procedures of a registry; never changes, and equals one of the same content."""

    def __init__(
        self,
        procedures: Iterable[Procedure],
        codes: Iterable[ProcedureCode] = (),
        words: Iterable[WordRow] = (),
    ) -> None:
        self.words: Final = tuple(words)
        self.procedures: Final = {one.id: one for one in procedures}
        self.codes: Final = {
            (one.scheme, one.value): one for one in codes if one.procedure_id in self.procedures
        }

    @classmethod
    def from_rows(
        cls,
        procedures: Iterable[Mapping[str, str]],
        codes: Iterable[Mapping[str, str]],
        words: Iterable[Mapping[str, str]],
    ) -> "Vocabulary":
        """Make it of the rows of packages `procedures`, `procedure-codes` and `procedure-words`.

        Codes that say less than a procedure, and unverified ones, are left out.
        """
        return cls(
            (_procedure(row) for row in procedures),
            (
                ProcedureCode(
                    row["procedure_id"],
                    row["code_system"],
                    row["code"],
                    row["code_meaning"],
                    row["match"],
                )
                for row in codes
                if row["match"] in _LEADING and row["verified"] == "yes"
            ),
            (word_row(row) for row in words),
        )

    def of_family(self, family: str) -> tuple[Procedure, ...]:
        """Return the procedures that names of a family can mean, in the order of their ids."""
        return self._by_family.get(family, ())

    def by_code(self, scheme: str, value: str) -> ProcedureCode | None:
        """Return what a code leads to; codes are compared by value and scheme, never by meaning."""
        return self.codes.get((_SCHEMES.get(scheme.upper(), scheme.upper()), value.strip()))

    def search(self, text: str, family: str = "", limit: int = 12) -> list[Procedure]:
        """Find procedures by the beginnings of words in any language, those of a family first."""
        wanted = fold(text).split()
        found = [
            one
            for one in self.procedures.values()
            if wanted and all(_begins(part, self._searched[one.id]) for part in wanted)
        ]
        own = {one.id for one in self.of_family(family)}
        found.sort(key=lambda one: (one.id not in own, len(one.name()), one.id))
        return found[:limit]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self._content == other._content

    def __hash__(self) -> int:
        return hash(self._content)

    @cached_property
    def _content(self) -> str:
        """What it says: two of the same content share what is made of them."""
        said = (sorted(self.procedures.items()), sorted(self.codes.items()), self.words)
        return hashlib.sha256(repr(said).encode()).hexdigest()

    @cached_property
    def _by_family(self) -> dict[str, tuple[Procedure, ...]]:
        found: dict[str, list[Procedure]] = {}
        for one in sorted(self.procedures.values(), key=lambda procedure: procedure.id):
            found.setdefault(family_of(one.modality), []).append(one)
            for family, also in _ALSO.items():
                if one.id in also:
                    found.setdefault(family, []).append(one)
        return {family: tuple(members) for family, members in found.items()}

    @cached_property
    def _searched(self) -> dict[str, str]:
        return {
            one.id: " ".join(
                [
                    "",
                    *fold(" ".join(one.names.values())).replace("-", " ").split(),
                    one.modality.lower(),
                ]
            )
            for one in self.procedures.values()
        }


def _begins(part: str, text: str) -> bool:
    # Japanese has no spaces: any place in the text is the beginning of a word.
    return f" {part}" in text or (not part.isascii() and part in text)


def _procedure(row: Mapping[str, str]) -> Procedure:
    return Procedure(
        row["procedure_id"],
        row["modality"],
        tuple(row["body_regions"].split(";")),
        {language: row[f"name_{language}"] for language in LANGUAGES if row[f"name_{language}"]},
    )


def vocabulary_of(library: Library) -> Vocabulary:
    """Return the vocabulary of a library, made once; unverified codes are left out."""
    return view(library, _read)


def _read(library: Library) -> Vocabulary:
    return Vocabulary.from_rows(
        *(
            [row for package in library.of(kind) for row in package.rows_in_force]
            for kind in ("procedures", "procedure-codes", "procedure-words")
        )
    )
