"""Which standard procedure a raw name is, how sure that is, and why, in one sentence.

The order of evidence: what a person decided, a verified code, rules learned from decisions, words
of the name. What is not sure enough stays unmapped: a wrong guess biases every statistic that it
enters, an unmapped exam is counted and seen.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, Protocol

from dosebook_central.domain.procedures.meaning import Meanings
from dosebook_central.domain.procedures.names import RawName, raw_name
from dosebook_central.domain.procedures.rules import Lesson, RuleSet
from dosebook_central.domain.procedures.vocabulary import Procedure, ProcedureCode, Vocabulary
from dosebook_central.domain.procedures.wording import Match, Wordings

AUTOMATIC: Final = 0.85
"""A procedure is used without a person's word from this confidence on; below, it is only shown."""

SUGGESTED: Final = 0.5
"""What is less sure is not even suggested: several procedures are as likely."""

_EXACT_CODE: Final = 0.99
_NARROWER_CODE: Final = 0.98
_SUREST: Final = 0.99  # of what nobody decided


class Source(StrEnum):
    """What said which procedure it is."""

    NONE = ""
    DECISION = "decision"
    CODE = "code"
    RULES = "rules"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided on a name; without a procedure, that it names none."""

    procedure_id: str
    decided_by: str = ""
    decided_on: str = ""  # ISO date


@dataclass(frozen=True, slots=True)
class Resolution:
    """The procedure of a name, or None; then `suggestion_id` is the likely one, if any."""

    procedure_id: str | None
    source: Source
    confidence: float
    why: str
    suggestion_id: str = ""
    rule_version: int = 0
    is_ignored: bool = False


class NamedExam(Protocol):
    """What is read of an exam to name it; `dosimetry.inputs.ExamInputs` has all of it."""

    @property
    def modality(self) -> str:
        """Its modality code."""
        ...

    @property
    def descriptions(self) -> Sequence[str]:
        """What its study is called."""
        ...

    @property
    def procedures(self) -> Sequence[str]:
        """What was requested."""
        ...

    @property
    def protocols(self) -> Sequence[str]:
        """What its protocols are called."""
        ...

    @property
    def procedure_codes(self) -> Sequence[Any]:
        """The codes of what was requested."""
        ...

    @property
    def events(self) -> Sequence[Any]:
        """Its irradiation events."""
        ...


def name_of(exam: NamedExam) -> RawName:
    """Return the raw name of an exam."""
    return raw_name(
        exam.modality,
        (
            exam.descriptions,
            exam.procedures,
            exam.protocols,
            [event.protocol for event in exam.events],
        ),
        [(code.scheme, code.code, code.text) for code in exam.procedure_codes],
    )


def resolve(
    name: RawName,
    vocabulary: Vocabulary,
    rules: RuleSet | None = None,
    decisions: Mapping[str, Decision] | None = None,
) -> Resolution:
    """Say which procedure a name is; `decisions` maps the ids of names."""
    decided = (decisions or {}).get(name.id)
    if decided is not None:
        found = _by_decision(decided, vocabulary)
        if found is not None:
            return found
    return _by_codes(name, vocabulary) or _by_text(name, vocabulary, rules or RuleSet())


def candidates(name: RawName, vocabulary: Vocabulary) -> list[Procedure]:
    """Return the procedures that the words of a name leave possible, the likeliest first."""
    known = wordings(vocabulary, name.family)
    return [one.procedure for one in known.matches(known.lexicon.read(name.text))]


class Resolver:
    """Resolves exams by name, each name once; made anew when decisions, rules or list change."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        rules: RuleSet | None = None,
        decisions: Mapping[str, Decision] | None = None,
    ) -> None:
        self.vocabulary: Final = vocabulary
        self.rules: Final = rules or RuleSet()
        self.decisions: Final = dict(decisions or {})
        self._known: dict[RawName, Resolution] = {}

    def resolve(self, name: RawName) -> Resolution:
        """Say which procedure a name is."""
        found = self._known.get(name)
        if found is None:
            found = resolve(name, self.vocabulary, self.rules, self.decisions)
            self._known[name] = found
        return found

    def __call__(self, exam: NamedExam) -> tuple[str, str]:
        """Return an exam's procedure id and what said so; both empty for none."""
        found = self.resolve(name_of(exam))
        return (found.procedure_id or "", found.source.value if found.procedure_id else "")


@lru_cache(maxsize=64)
def wordings(vocabulary: Vocabulary, family: str) -> Wordings:
    """Return the wordings of a family, made once for each vocabulary."""
    return Wordings(vocabulary, family)


def reader(vocabulary: Vocabulary) -> Any:
    """Return what tells the meaning of a family's name, for `rules.learn`."""

    def read(family: str, text: str) -> Meanings:
        return wordings(vocabulary, family).lexicon.read(text)

    return read


def _by_decision(decided: Decision, vocabulary: Vocabulary) -> Resolution | None:
    who = f"{decided.decided_by or 'a person'} on {decided.decided_on or 'an unknown day'}"
    if not decided.procedure_id:
        return Resolution(
            None, Source.DECISION, 1.0, f"Set aside by {who}: not a procedure.", is_ignored=True
        )
    if decided.procedure_id not in vocabulary.procedures:
        return None
    return Resolution(
        decided.procedure_id,
        Source.DECISION,
        1.0,
        f"Confirmed by {who}.",
        suggestion_id=decided.procedure_id,
    )


def _by_codes(name: RawName, vocabulary: Vocabulary) -> Resolution | None:
    """Follow the verified codes, unless they lead to several procedures or to another family."""
    own = {one.id for one in vocabulary.of_family(name.family)}
    found = [
        code
        for scheme, value, _ in name.codes
        if (code := vocabulary.by_code(scheme, value)) is not None and code.procedure_id in own
    ]
    if len({code.procedure_id for code in found}) != 1:
        return None
    code = min(found, key=lambda one: (one.match, one.scheme, one.value))
    return Resolution(
        code.procedure_id,
        Source.CODE,
        _EXACT_CODE if code.match == "exact" else _NARROWER_CODE,
        _code_sentence(code),
        suggestion_id=code.procedure_id,
    )


def _code_sentence(code: ProcedureCode) -> str:
    says = "is" if code.match == "exact" else "is one kind of it:"
    return f"Code {code.value} ({code.scheme}) {says} “{code.meaning}”."


def _by_text(name: RawName, vocabulary: Vocabulary, rules: RuleSet) -> Resolution:
    known = wordings(vocabulary, name.family)
    said = known.lexicon.read(name.text)
    matches = known.matches(said)
    lesson = rules.apply(name.family, said)
    if lesson is not None and lesson.procedure_id not in vocabulary.procedures:
        lesson = None
    if lesson is None:
        return _by_words(matches, said, rules.version)
    agreeing = next((one for one in matches if one.procedure.id == lesson.procedure_id), None)
    surest = matches[0] if matches else None
    if surest and surest.procedure.id != lesson.procedure_id and surest.confidence >= AUTOMATIC:
        return _by_two_voices(lesson, surest, said, rules.version)
    confidence = lesson.confidence
    if agreeing is not None and agreeing.is_whole:
        # Both read the same words: one opinion, not two.
        confidence = max(confidence, agreeing.confidence)
    elif agreeing is not None:
        confidence = 1 - (1 - confidence) * (1 - agreeing.confidence)
    return _weighed(
        lesson.procedure_id, Source.RULES, confidence, _rule_sentence(lesson), rules.version
    )


def _by_words(matches: Sequence[Match], said: Meanings, version: int) -> Resolution:
    if not matches:
        return Resolution(None, Source.NONE, 0.0, _nothing_sentence(said), rule_version=version)
    best = matches[0]
    rivals = [one for one in matches if one.confidence >= best.confidence]
    quoted = said.quote(best.wording.meanings)
    if len(rivals) > 1:
        others = " or ".join(f"“{one.procedure.name()}”" for one in rivals[:3])
        why = f"{quoted}: {len(rivals)} procedures fit, such as {others}; it does not say which."
    elif best.is_whole:
        why = f"{quoted} says what “{best.wording.text}” says."
    else:
        why = f"{quoted}: “{best.procedure.name()}” alone fits, but the name says less."
    return _weighed(best.procedure.id, Source.WORDS, best.confidence, why + _doubts(said), version)


def _by_two_voices(lesson: Lesson, words: Match, said: Meanings, version: int) -> Resolution:
    """Weigh confirmed names against words that say otherwise: only many names outvote the words."""
    quoted = said.quote(words.wording.meanings)
    why = f"{_rule_sentence(lesson)[:-1]}; but {quoted} says what “{words.wording.text}” says."
    if lesson.confidence >= AUTOMATIC:
        return _weighed(lesson.procedure_id, Source.RULES, lesson.confidence, why, version)
    return Resolution(
        None, Source.RULES, round(lesson.confidence, 3), why, lesson.procedure_id, version
    )


def _weighed(
    procedure_id: str, source: Source, confidence: float, why: str, version: int
) -> Resolution:
    sure = round(min(confidence, _SUREST), 3)
    used = procedure_id if sure >= AUTOMATIC else None
    shown = procedure_id if sure >= SUGGESTED else ""
    return Resolution(used, source if shown else Source.NONE, sure, why, shown, version)


def _rule_sentence(lesson: Lesson) -> str:
    rule = lesson.rule
    named = _listed(f"“{text}”" for text in rule.taught_by)
    more = rule.agreeing - len(rule.taught_by)
    others = f" and {more} more" if more > 0 else ""
    against = rule.total - rule.agreeing
    but = f", {against} of {rule.total} otherwise" if against else ""
    return f"Like {named}{others}, which {'was' if rule.agreeing == 1 else 'were'} confirmed{but}."


def _nothing_sentence(said: Meanings) -> str:
    if "quality_control" in said.set:
        return f"{said.quote(['quality_control'])} looks like a test, not like a patient's exam."
    if said.said:
        return f"No procedure of the list is what {said.quote(said.set)} says."
    return "No word of the name says what was examined."


def _doubts(said: Meanings) -> str:
    doubts = []
    if said.repaired:
        doubts.append("a word was read in spite of its spelling")
    if said.loose:
        doubts.append(f"not understood: {_listed(f'“{word}”' for word in said.loose[:3])}")
    return f" {'; '.join(doubts)[0].upper()}{'; '.join(doubts)[1:]}." if doubts else ""


def _listed(items: Iterable[str]) -> str:
    return ", ".join(items)
