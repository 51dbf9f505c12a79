"""What words of raw names mean: rows of the package `procedure-words`, and what they imply.

A row is a meaning with the words that carry it, in the languages of the pages and in Dutch. `*`
stands for any ending, several words make a phrase, and the longest phrase wins. A row with a family
holds for names of that family only, and there before the others. Spellings that differ by language
alone need one word (see `spelling.sound`). Words of standard procedures that stand in no row mean
themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a word says of a procedure; noise says nothing."""

    REGION = "region"
    CONTRAST = "contrast"
    VIEW = "view"
    TASK = "task"
    NOISE = "noise"


@dataclass(frozen=True, slots=True)
class WordRow:
    """The words of one meaning, or of several at once; noise has none."""

    family: str
    kind: Kind
    meanings: tuple[str, ...]
    phrases: tuple[tuple[str, ...], ...]


def word_row(row: Mapping[str, str]) -> WordRow:
    """Read a row of the package."""
    return WordRow(
        row["family"],
        Kind(row["kind"]),
        tuple(row["meaning"].split(";")) if row["meaning"] else (),
        tuple(tuple(phrase.split()) for phrase in row["words"].split("|")),
    )


# A meaning that says it all: what it implies adds nothing, in a raw name or in a standard one.
# With a family before it, it does so there only.
IMPLIED: Final[dict[str, frozenset[str]]] = {
    task: frozenset(implied.split())
    for task, implied in {
        "angio": "contrast nocontrast both",
        "pulmonary_artery": "chest angio contrast",
        "coronary": "heart contrast",
        "ct:coronary": "angio",
        "calcium_score": "coronary heart nocontrast angio",
        "tavi": "angio aorta heart chest abdomen pelvis contrast",
        "low_dose": "nocontrast",
        "high_resolution": "nocontrast",
        "stroke": "head",
        "multiphase": "contrast both abdomen",
        "stone": "nocontrast low_dose kidney urinary_tract bladder abdomen pelvis urography",
        "urography": "contrast both kidney urinary_tract abdomen pelvis",
        "colonography": "abdomen pelvis contrast nocontrast",
        "enterography": "abdomen pelvis contrast",
        "polytrauma": "trauma whole_body contrast head neck chest abdomen pelvis",
        "sinus": "face head",
        "orbit": "face head",
        "petrous": "head bone",
        "face": "head",
        "cervical_spine": "spine neck",
        "thoracic_spine": "spine chest",
        "lumbar_spine": "spine",
        "whole_spine": "spine",
        "ribs": "chest",
        "bone_age": "hand wrist bone",
        "skeletal_survey": "bone whole_body",
        "full_leg": "lower_limb",
        "cto": "coronary intervention",
        "enema": "contrast",
        "swallow": "contrast",
        "upper_gi": "swallow contrast",
        "small_bowel": "contrast enema",
        "liver": "abdomen",
        "kidney": "abdomen",
        "myocardium": "heart",
        "stereotactic": "biopsy",
        "bedside": "ap",
    }.items()
}

# Families whose procedures know only the larger region: a CT of a shoulder is of an upper limb.
LARGER: Final[dict[str, dict[str, str]]] = {
    "ct": {
        part: whole
        for whole, parts in {
            "upper_limb": "shoulder clavicle humerus elbow forearm wrist hand",
            "lower_limb": "femur knee tibia ankle foot",
        }.items()
        for part in parts.split()
    }
}
