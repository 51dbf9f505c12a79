"""Rules learned from the names that people confirmed: a list of word sets, each with its teachers.

A rule says: names that mean this, with these unknown words, are that procedure. Its confidence is
Laplace's rule of succession, (agreeing + 1) / (all + 2), over the confirmed names that it covers.
Learning is a function of the confirmed names alone, whatever their order.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import combinations
from typing import Final

from dosebook_central.domain.procedures.meaning import Meanings

_MOST_WORDS: Final = 2  # unknown words in one rule
_MOST_TEACHERS: Final = 3  # named with a suggestion
_UNSEEN: Final = 0.93  # for each word that no confirmed name had

Reader = Callable[[str, str], Meanings]


@dataclass(frozen=True, slots=True, order=True)
class Example:
    """A name that a person confirmed."""

    family: str
    text: str
    procedure_id: str


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """What names of a family with these meanings and words are; `agreeing` of `total` said so."""

    family: str
    meanings: tuple[str, ...]
    words: tuple[str, ...]
    procedure_id: str
    agreeing: int
    total: int
    taught_by: tuple[str, ...]

    @property
    def confidence(self) -> float:
        """How sure it is, by the rule of succession."""
        return (self.agreeing + 1) / (self.total + 2)


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the rules say of one name."""

    procedure_id: str
    confidence: float
    rule: Rule


@dataclass(frozen=True)
class RuleSet:
    """The rules of one learning run; version 0 knows nothing."""

    version: int = 0
    rules: tuple[Rule, ...] = ()
    known_words: frozenset[str] = frozenset()
    example_count: int = 0

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what it knows: two runs that learned the same have the same digest."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """Write the rules as they are stored."""
        said = {"rules": [asdict(rule) for rule in self.rules], "words": sorted(self.known_words)}
        return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str, version: int, example_count: int = 0) -> "RuleSet":
        """Read what `to_json` wrote."""
        said = json.loads(text)
        rules = tuple(
            Rule(
                row["family"],
                tuple(row["meanings"]),
                tuple(row["words"]),
                row["procedure_id"],
                row["agreeing"],
                row["total"],
                tuple(row["taught_by"]),
            )
            for row in said["rules"]
        )
        return cls(version, rules, frozenset(said["words"]), example_count)

    def apply(self, family: str, said: Meanings) -> Lesson | None:
        """Return what the rules say of a name; rules that contradict lower the confidence."""
        words = _words(said)
        fitting = [
            rule
            for rule in self._by_meanings.get((family, tuple(sorted(said.set))), ())
            if words.issuperset(rule.words)
        ]
        if not fitting:
            return None
        best = max(fitting, key=lambda rule: (rule.confidence, len(rule.words), rule))
        # A rule with more of the name's words that says otherwise is an exception to this one.
        doubt = max(
            (
                rule.confidence
                for rule in fitting
                if rule.procedure_id != best.procedure_id and len(rule.words) >= len(best.words)
            ),
            default=0.0,
        )
        unseen = sum(1 for word in said.loose if word not in self.known_words)
        confidence = min(best.confidence, 1 - doubt) * _UNSEEN**unseen
        return Lesson(best.procedure_id, confidence, best)

    @cached_property
    def _by_meanings(self) -> Mapping[tuple[str, tuple[str, ...]], tuple[Rule, ...]]:
        found: dict[tuple[str, tuple[str, ...]], list[Rule]] = {}
        for rule in self.rules:
            found.setdefault((rule.family, rule.meanings), []).append(rule)
        return {key: tuple(rules) for key, rules in found.items()}


def learn(examples: Iterable[Example], read: Reader, version: int) -> RuleSet:
    """Learn rules from confirmed names; `read` says what a family's name means."""
    sorted_examples = sorted(set(examples))
    read_examples = [(one, read(one.family, one.text)) for one in sorted_examples]
    groups: dict[tuple[str, tuple[str, ...]], list[tuple[Example, frozenset[str]]]] = {}
    for example, said in read_examples:
        key = (example.family, tuple(sorted(said.set)))
        groups.setdefault(key, []).append((example, _words(said)))
    rules = sorted(
        rule
        for (family, meanings), members in groups.items()
        for rule in _rules_of(family, meanings, members)
    )
    known = frozenset(word for _, said in read_examples for word in said.loose)
    return RuleSet(version, tuple(rules), known, len(sorted_examples))


def _rules_of(
    family: str, meanings: tuple[str, ...], members: list[tuple[Example, frozenset[str]]]
) -> list[Rule]:
    """Make the rules of the names that mean the same, those with fewer words first."""
    sets = {
        words
        for _, own in members
        for size in range(_MOST_WORDS + 1)
        for words in combinations(sorted(own), size)
        if words or meanings
    }
    kept: list[Rule] = []
    for words in sorted(sets, key=lambda one: (len(one), one)):
        covered = [example for example, own in members if own.issuperset(words)]
        rule = _rule(family, meanings, words, covered)
        if rule and not any(_makes_needless(one, rule) for one in kept):
            kept.append(rule)
    return kept


def _rule(
    family: str, meanings: tuple[str, ...], words: tuple[str, ...], covered: list[Example]
) -> Rule | None:
    by_procedure: dict[str, list[str]] = {}
    for example in covered:
        by_procedure.setdefault(example.procedure_id, []).append(example.text)
    procedure_id = max(by_procedure, key=lambda one: (len(by_procedure[one]), one))
    teachers = by_procedure[procedure_id]
    if len(teachers) * 2 <= len(covered):
        return None
    return Rule(
        family,
        meanings,
        words,
        procedure_id,
        len(teachers),
        len(covered),
        tuple(teachers[:_MOST_TEACHERS]),
    )


def _makes_needless(general: Rule, special: Rule) -> bool:
    return (
        general.procedure_id == special.procedure_id
        and set(general.words) <= set(special.words)
        and general.confidence >= special.confidence
    )


def _words(said: Meanings) -> frozenset[str]:
    return frozenset((*said.loose, *said.marks))
