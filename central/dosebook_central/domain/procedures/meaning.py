"""Raw names as sets of meanings: what each word of the name says, with the word that said it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from dosebook_central.domain.procedures.lexicon import IMPLIED, LARGER, Kind, WordRow
from dosebook_central.domain.procedures.spelling import fold, is_japanese, sound, words

BOTH: Final = "both"  # without and with contrast: one meaning, other than either
_CONTRAST: Final = {"contrast", "nocontrast"}
# "Without … contrast" is without, whatever stands between; "native … contrast" is two phases.
_ALONE: Final = ("nati", "plain", "unenh", "non", "blanco", "basal", "単純", "非造影")
_WITH: Final = ("with ", "avec ", "mit", "con ", "z ", "w ")
_LONGEST_PHRASE: Final = 6
_MARK: Final = re.compile(r"[a-z]+[0-9]+[a-z0-9]*")
_MIN_TYPO: Final = 5  # letters of a word in which one wrong letter is forgiven


@dataclass(frozen=True, slots=True)
class Meanings:
    """What a text says: `said` maps each meaning to the words for it, `loose` are unknown words.

    `marks` are unknown words with digits, such as the numbers of a console's list; `repaired`
    counts the words that were understood in spite of a wrong letter.
    """

    said: Mapping[str, str]
    loose: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    repaired: int = 0

    @property
    def set(self) -> frozenset[str]:
        """The meanings alone."""
        return frozenset(self.said)

    def quote(self, meanings: Iterable[str]) -> str:
        """Quote the words of the name that say these meanings, in the order of the name."""
        wanted = set(meanings)
        said = dict.fromkeys(word for one, word in self.said.items() if one in wanted)
        return ", ".join(f"“{word}”" for word in said)


class Lexicon:
    """The words of one family: the rows of the package, and the names of its procedures."""

    def __init__(self, rows: Iterable[WordRow], family: str, names: Iterable[str] = ()) -> None:
        self.family: Final = family
        self._kinds: dict[str, Kind] = {BOTH: Kind.CONTRAST}
        self._exact: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._plain: dict[str, tuple[str, ...]] = {}
        self._stems: dict[int, dict[str, tuple[str, ...]]] = {}
        self._patterns: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
        for row in rows:
            self._add_row(row)
        self._typos: dict[str, tuple[str, ...]] = {}
        self._japanese = self._by_length()
        self._learn_names(sorted(names))
        self._japanese = self._by_length()
        self._typos = _near_misses(self._plain)

    def kind(self, meaning: str) -> Kind | None:
        """Return the kind of a meaning; None for a word that means itself."""
        return self._kinds.get(meaning)

    def read(self, text: str) -> Meanings:
        """Say what a raw name means."""
        said: dict[str, str] = {}
        unknown: list[str] = []
        repaired = 0
        tokens = self._tokens(text)
        heard = [sound(token) for token in tokens]
        at = 0
        while at < len(tokens):
            length, meanings = self._longest(heard, at)
            if length <= 1 and (heard[at],) not in self._exact:
                # A known word with a slip is nearer than a stem, which any ending may follow.
                mended = self._repair(tokens[at])
                if mended is not None and mended != meanings:
                    length, meanings = 1, mended
                    repaired += bool(mended)
            if not length:
                length = 1
                unknown.append(tokens[at])
            for meaning in meanings:
                said.setdefault(meaning, " ".join(tokens[at : at + length]))
            at += length
        return Meanings(
            _settle(said, self.family),
            tuple(dict.fromkeys(word for word in unknown if len(word) > 1 and word.isalpha())),
            tuple(dict.fromkeys(word for word in unknown if _MARK.fullmatch(word))),
            repaired,
        )

    def _learn_names(self, names: list[str]) -> None:
        """Let words of standard names that no row explains mean themselves; note all spellings."""
        for word in sorted({word for name in names for word in self.read(name).loose}):
            self._exact.setdefault((sound(word),), (sound(word),))
        for word in sorted({word for name in names for word in self._tokens(name)}):
            length, meanings = self._longest([sound(word)], 0)
            if length:
                self._plain.setdefault(word, meanings)

    def _by_length(self) -> list[str]:
        words_alone = (one[0] for one in self._exact if len(one) == 1 and not one[0].isascii())
        return sorted(words_alone, key=lambda word: (-len(word), word))

    def _add_row(self, row: WordRow) -> None:
        if row.family not in {"", self.family}:
            return
        for name in row.meanings:
            self._kinds.setdefault(name, row.kind)
        for phrase in row.phrases:
            self._add_phrase(phrase, row.meanings, is_own=bool(row.family))

    def _add_phrase(
        self, parts: tuple[str, ...], meanings: tuple[str, ...], *, is_own: bool
    ) -> None:
        keys = tuple(_pattern(fold(part)) for part in parts)
        if not keys:
            return
        if len(keys) == 1 and keys[0].endswith("*"):
            stems = self._stems.setdefault(len(keys[0]) - 1, {})
            if is_own or keys[0][:-1] not in stems:
                stems[keys[0][:-1]] = meanings
            self._exact.setdefault((sound(fold(parts[0][:-1])),), meanings)
        elif not any(key.endswith("*") for key in keys):
            if is_own or keys not in self._exact:
                self._exact[keys] = meanings
            if len(keys) == 1:
                self._plain[fold(parts[0])] = self._exact[keys]
        else:
            self._patterns.append((keys, meanings))

    def _longest(self, heard: list[str], at: int) -> tuple[int, tuple[str, ...]]:
        for length in range(min(_LONGEST_PHRASE, len(heard) - at), 0, -1):
            found = self._exact.get(tuple(heard[at : at + length]))
            if found is None and length > 1:
                found = self._by_pattern(heard[at : at + length])
            if found is None and length == 1:
                found = self._by_stem(heard[at])
            if found is not None:
                return length, found
        return 0, ()

    def _by_pattern(self, heard: list[str]) -> tuple[str, ...] | None:
        for keys, meanings in self._patterns:
            if len(keys) == len(heard) and all(map(_fits, keys, heard)):
                return meanings
        return None

    def _by_stem(self, word: str) -> tuple[str, ...] | None:
        for length in range(len(word), 1, -1):
            found = self._stems.get(length, {}).get(word[:length])
            if found is not None:
                return found
        return None

    def _repair(self, word: str) -> tuple[str, ...] | None:
        """Read a word with one letter wrong, missing, doubled or in the wrong place."""
        if len(word) < _MIN_TYPO or not word.isascii():
            return None
        near = {right for form in _forms(word) for right in self._typos.get(form, ())}
        found = {self._plain[right] for right in near if _is_one_slip(word, right)}
        return found.pop() if len(found) == 1 else None

    def _tokens(self, text: str) -> list[str]:
        found: list[str] = []
        for word in words(text):
            found += self._split_japanese(word) if is_japanese(word) else [word]
        return found

    def _split_japanese(self, run: str) -> list[str]:
        found: list[str] = []
        rest = ""
        while run:
            known = next((word for word in self._japanese if run.startswith(word)), "")
            if known:
                found += [rest, known] if rest else [known]
                rest, run = "", run[len(known) :]
            else:
                rest, run = rest + run[0], run[1:]
        return [*found, rest] if rest else found


def _settle(said: dict[str, str], family: str) -> dict[str, str]:
    """Name the larger region where a family knows only that, and drop what is implied."""
    for part, whole in LARGER.get(family, {}).items():
        if part in said:
            said.setdefault(whole, said[part])
            del said[part]
    if said.keys() >= _CONTRAST:
        without, contrast = said["nocontrast"], said.pop("contrast")
        if without == contrast or contrast.startswith(_WITH) or without.startswith(_ALONE):
            said[BOTH] = " … ".join(dict.fromkeys((said.pop("nocontrast"), contrast)))
    implied = frozenset[str]().union(
        *(IMPLIED.get(key, ()) for one in said for key in (one, f"{family}:{one}"))
    )
    # Two meanings that imply each other would both go: what implies must itself stay.
    return {one: word for one, word in said.items() if one not in implied}


def _pattern(part: str) -> str:
    return f"{_stem(part[:-1])}*" if part.endswith("*") else sound(part)


def _stem(part: str) -> str:
    """Spell a stem as `sound` spells words, but keep its end: the word goes on there."""
    heard = sound(f"{part}xx").removesuffix("x").removesuffix("x")
    return heard if len(part) >= 3 else part


def _fits(key: str, word: str) -> bool:
    return word.startswith(key[:-1]) if key.endswith("*") else word == key


def _forms(word: str) -> set[str]:
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def _near_misses(known: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for word in sorted(known):
        if len(word) >= _MIN_TYPO and word.isascii():
            for form in _forms(word):
                found.setdefault(form, []).append(word)
    return {form: tuple(wordlist) for form, wordlist in found.items()}


def _is_one_slip(word: str, right: str) -> bool:
    """Whether one letter more, less, other, or two exchanged ones make the one of the other."""
    if abs(len(word) - len(right)) > 1:
        return False
    start = 0
    while start < min(len(word), len(right)) and word[start] == right[start]:
        start += 1
    a, b = word[start:], right[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[2:] == b[2:] and a[:2] == b[:2][::-1])
