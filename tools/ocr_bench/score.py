"""Counts what each reader made of the dose values on the same screens."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from tools.ocr_bench.bounds import lower_bound, upper_bound
from tools.ocr_bench.screens import Shot, Wanted

_BEFORE = ("first day", "first picture", "first picture of a known exam")
WAYS = ("lossless", *_BEFORE, "grabbed")
"""First day: lossless, before any capture of that console was confirmed; first picture: ever."""


def of_dosebook(shots: Iterable[Shot], answers: list[dict[str, Any]]) -> dict[str, Counter[str]]:
    """Per layout and way: values accepted, accepted but wrong, reviewed, refused; and exact."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for shot, answer in zip(shots, answers, strict=True):
        _count(counts[f"{shot.layout}, {shot.way}"], shot, answer)
        for way in _BEFORE:
            if way in answer:
                _count(counts[f"{shot.layout}, {way}"], shot, answer[way])
    return counts


def _count(row: Counter[str], shot: Shot, answer: dict[str, Any]) -> None:
    for wanted in shot.wanted:
        text, value, state = answer["values"].get(wanted.name, ("", None, "missing"))
        right = value is not None and Decimal(value) == Decimal(wanted.value)
        outcome = "refused" if answer["refusal"] else "reviewed"
        if state == "accepted":
            outcome = "accepted" if right else "wrong"
        row.update({"values": 1, outcome: 1, "exact": text == wanted.text})


def of_words(shots: Iterable[Shot], answers: list[dict[str, Any]]) -> dict[str, Counter[str]]:
    """The same for a reader of whole pages: exact where the words in a cell are its very text."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for shot, answer in zip(shots, answers, strict=True):
        for wanted in shot.wanted:
            text = _inside(answer["words"], wanted)
            row = counts[f"{shot.layout}, {shot.way}"]
            row.update({"values": 1, "exact": text == wanted.text, "missing": not text})
    return counts


def table(counts: dict[str, Counter[str]]) -> str:
    """Ours for a person: shares with one-sided 95 % bounds of Clopper and Pearson."""
    head = f"{'layout and way':46} values  accepted  at least  wrong   at most  reviewed  refused"
    rows = [head]
    for name, row in [*sorted(counts.items()), *_sums(counts).items()]:
        taken = row["accepted"] + row["wrong"]
        least, most = lower_bound(taken, row["values"]), upper_bound(row["wrong"], max(1, taken))
        rows.append(
            f"{name:46} {row['values']:6}   {_share(taken, row)}   {100 * least:6.2f}%"
            f"  {row['wrong']:5}  {100 * most:7.3f}%   {_share(row['reviewed'], row)}"
            f"  {_share(row['refused'], row)}"
        )
    return "\n".join(rows)


def total(counts: dict[str, Counter[str]], way: str = "") -> Counter[str]:
    """All layouts together; of one way where given."""
    kept = [row for name, row in counts.items() if name.endswith(way)]
    return sum(kept, Counter())


def _sums(counts: dict[str, Counter[str]]) -> dict[str, Counter[str]]:
    return {f"all, {way}": total(counts, way) for way in WAYS}


def _share(part: int, row: Counter[str]) -> str:
    return f"{100 * part / max(1, row['values']):6.2f}%"


def _inside(words: list[Any], wanted: Wanted) -> str:
    """The words whose middles lie in the cell, from left to right, without gaps."""
    left, top, width, height = wanted.box
    found = [
        (x, text)
        for text, x, y, wide, high in words
        if left <= x + wide / 2 <= left + width and top <= y + high / 2 <= top + height
    ]
    return "".join(text for _, text in sorted(found)).replace(" ", "")
