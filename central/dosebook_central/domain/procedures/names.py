"""The raw name of an exam: which of its texts stands for the procedure, and its identity."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from dosebook_central.domain.procedures.spelling import name_key
from dosebook_central.domain.procedures.vocabulary import family_of

Code = tuple[str, str, str]  # scheme, value, meaning

# What a dose report calls its own series says nothing of the procedure.
_REPORT_SERIES: Final = frozenset(
    """
    dose report|dose info|dose information|radiation dose information|radiation dose report
    x-ray radiation dose report|x-ray radiation dose sr|patient protocol|dose record
    exam protocol sr|rdsr|radiation dose structured report|dose summary|exposure report
    unknown protocol
    """.replace("\n", "|")
    .replace("    ", "")
    .split("|")
)
_MOST_PROTOCOLS: Final = 5


@dataclass(frozen=True, slots=True)
class RawName:
    """What an exam is called: its family of modality, the text, and codes beside it.

    Family and text are its identity: one name is decided once, for every exam that bears it.
    """

    family: str
    text: str
    codes: tuple[Code, ...] = ()

    @property
    def id(self) -> str:
        """The identity of family and text, whatever the case and the separators."""
        return name_id(self.family, self.text)


def raw_name(
    modality: str,
    texts: Iterable[Sequence[str]],
    codes: Iterable[Code] = (),
) -> RawName:
    """Choose the name of an exam.

    Args:
        modality: the exam's modality code.
        texts: descriptions, requested procedures, protocols and protocols of events, in this
            order; the first kind with a text that says something names the exam, several texts of
            that kind together.
        codes: procedure codes as (scheme, value, meaning).
    """
    said = [[text for text in kind if _says_something(text)] for kind in texts]
    # A study has one description, the strongest evidence's; an exam has all of its protocols.
    chosen = [
        kind[:1] if place < 2 else sorted(set(kind))[:_MOST_PROTOCOLS]
        for place, kind in enumerate(said)
    ]
    text = next((" · ".join(kind) for kind in chosen if kind), "")
    return RawName(family_of(modality), text, tuple(codes))


def name_of_facts(
    modality: str, facts: Mapping[str, Any], event_protocols: Sequence[str] = ()
) -> RawName:
    """Return the raw name of an exam from its facts (`domain.facts.exam_facts`)."""
    return raw_name(
        modality,
        (
            facts.get("descriptions", ()),
            facts.get("procedures", ()),
            facts.get("protocols", ()),
            event_protocols,
        ),
        [(scheme, value, meaning) for scheme, value, meaning in facts.get("procedure_codes", ())],
    )


@lru_cache(maxsize=65536)
def name_id(family: str, text: str) -> str:
    """Return the id of a name."""
    return hashlib.sha256(f"{family}\x1f{name_key(text)}".encode()).hexdigest()[:24]


def _says_something(text: str) -> bool:
    key = name_key(text)
    return any(letter.isalnum() for letter in key) and key not in _REPORT_SERIES
