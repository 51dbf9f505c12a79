"""Compare what a raw name says with what the names of standard procedures say."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dosebook_central.domain.procedures.lexicon import Kind
from dosebook_central.domain.procedures.meaning import Lexicon, Meanings
from dosebook_central.domain.procedures.vocabulary import LANGUAGES, Procedure, Vocabulary

# Confidence is stated, not computed from a model: measured on seeded names, see the documents.
SAME: Final = 0.97  # the name says what the procedure's name says
_CONTRAST_EXTRA: Final = 0.9  # and contrast, where the list does not tell by contrast
_ONLY_ONE: Final = 0.75  # the name says less, but only one procedure fits
_LOOSE: Final = 0.93  # for each word that nobody knows
_REPAIRED: Final = 0.93  # for each word with a wrong letter
_CLOSE: Final = 0.05  # two procedures this near are both possible
_LEAST: Final = 0.05
_BRACKETS: Final = re.compile(r"\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Wording:
    """One way of naming a procedure."""

    procedure: Procedure
    language: str
    text: str
    meanings: frozenset[str]


@dataclass(frozen=True, slots=True)
class Match:
    """A procedure that a name may mean, how sure that is, and the wording that it resembles."""

    procedure: Procedure
    confidence: float
    wording: Wording
    is_whole: bool  # the name says all that the wording says


class Wordings:
    """All wordings of one family's procedures."""

    def __init__(self, vocabulary: Vocabulary, family: str) -> None:
        procedures = vocabulary.of_family(family)
        texts = [
            (procedure, language, text)
            for procedure in procedures
            for language in LANGUAGES
            for text in _variants(procedure.names.get(language, ""))
        ]
        self.lexicon: Final = Lexicon(vocabulary.words, family, (text for _, _, text in texts))
        self._wordings: Final = tuple(self._read(texts))
        self._by_meanings: Final = {one.meanings for one in self._wordings}

    def matches(self, said: Meanings) -> list[Match]:
        """Return the procedures that a name may mean, the likeliest first, each once."""
        best: dict[str, Match] = {}
        for wording in self._wordings:
            match = self._compare(wording, said)
            known = best.get(wording.procedure.id)
            if match and (known is None or match.confidence > known.confidence):
                best[wording.procedure.id] = match
        found = sorted(best.values(), key=lambda one: (-one.confidence, one.procedure.id))
        return self._weigh(found, said)

    def _read(self, texts: list[tuple[Procedure, str, str]]) -> Iterator[Wording]:
        for procedure, language, text in texts:
            meanings = self.lexicon.read(text).set
            if meanings:
                yield Wording(procedure, language, text, meanings)

    def _compare(self, wording: Wording, said: Meanings) -> Match | None:
        names = said.set
        if not names & wording.meanings:
            return None
        extra = names - wording.meanings
        if wording.procedure.is_anywhere:
            extra = frozenset(one for one in extra if self.lexicon.kind(one) is not Kind.REGION)
        missing = wording.meanings - names
        if missing:
            # Contrast alone names nothing: that much every procedure shares.
            if extra or not any(self.lexicon.kind(one) is not Kind.CONTRAST for one in names):
                return None
            return Match(wording.procedure, _LEAST, wording, is_whole=False)
        if not extra:
            return Match(wording.procedure, SAME, wording, is_whole=True)
        only_contrast = all(self.lexicon.kind(one) is Kind.CONTRAST for one in extra)
        if only_contrast and not self._tells_by_contrast(wording):
            return Match(wording.procedure, _CONTRAST_EXTRA, wording, is_whole=True)
        return None

    def _tells_by_contrast(self, wording: Wording) -> bool:
        core = self._without_contrast(wording.meanings)
        return any(
            other != core and self._without_contrast(other) == core for other in self._by_meanings
        )

    def _weigh(self, found: list[Match], said: Meanings) -> list[Match]:
        """Lower the confidence of what is not alone, and of names with words that nobody knows."""
        if not found:
            return []
        doubt = _LOOSE ** len(said.loose) * _REPAIRED**said.repaired
        if not found[0].is_whole and len(found) == 1:
            # A region alone tells nothing, even where only one procedure has it.
            is_telling = any(self.lexicon.kind(one) in {None, Kind.TASK} for one in said.set)
            return [_at(found[0], (_ONLY_ONE if is_telling else _LEAST) * doubt)]
        rivals = [one for one in found if found[0].confidence - one.confidence <= _CLOSE]
        if len(rivals) == 1:
            return [_at(found[0], found[0].confidence * doubt), *found[1:]]
        return [_at(one, 0.5 / len(rivals) * doubt) for one in rivals]

    def _without_contrast(self, meanings: frozenset[str]) -> frozenset[str]:
        return frozenset(one for one in meanings if self.lexicon.kind(one) is not Kind.CONTRAST)


def _at(match: Match, confidence: float) -> Match:
    return Match(match.procedure, round(confidence, 3), match.wording, match.is_whole)


def _variants(text: str) -> tuple[str, ...]:
    """Return a name as it stands, and without what its brackets add."""
    return tuple(dict.fromkeys(one for one in (text, _BRACKETS.sub(" ", text)) if one.strip()))
