"""Names as sites write them: seeded, in seven languages, with vendors' prefixes, typos and habits.

The truth beside each name is what the site means by it, which its words do not always say: a house
writes `THORAX` and means without contrast, or numbers its protocols. None stands for what is no
procedure of the list, such as a test object.
"""

import random
from dataclasses import dataclass

from dosebook_central.domain.procedures.vocabulary import LANGUAGES, Vocabulary, family_of

# What sites shorten, as (written out, shortened) in lower case.
_SHORTER = (
    ("without contrast", "w/o"),
    ("with contrast", "C+"),
    ("sans injection", "sans iv"),
    ("avec injection", "inj"),
    ("mit kontrastmittel", "mit KM"),
    ("senza mdc", "s/mdc"),
    ("con contraste", "c/c"),
    ("sin contraste", "s/c"),
    ("abdomen", "abd"),
    ("abdominal", "abdo"),
    ("scanner", "TDM"),
    ("radiograph", "XR"),
    ("radiographie", "RX"),
    ("cervical spine", "c-spine"),
    ("lumbar spine", "L spine"),
    ("rachis", "col."),
)
_BEFORE = ("", "", "", "{m}^", "{m} ", "1.2 ", "12_", "Z_", "{m}-")
_AFTER = ("", "", "", " (Adult)", "_ADULT", " ROUTINE", " 2mm", " std", " V2", " - standard")
_HOUSE = ("dr martin", "salle", "siemens", "opt", "nachsorge", "kontrolle", "tx4", "p12", "asir")
_TESTS = ("DAILY QA", "Phantom", "QC wasser", "Calibration air", "TEST PATIENT^QA", "FANTOME CTDI")
_UNLISTED = {
    "CT": ("CT infiltration L5", "CT ABLATION", "arthroscanner epaule", "CT puncture"),
    "DX": ("XR nasal bones", "RX sternum", "Orbita Fremdkörper"),
    "XA": ("PICC exchange", "sclerotherapy", "ASD closure"),
    "NM": ("lymphoscintigraphy arm", "SIRT work-up"),
}
_FAVOURITES = (
    "ct_head ct_chest ct_chest_contrast ct_abdomen_pelvis_contrast ct_chest_abdomen_pelvis "
    "ct_cspine dx_chest_pa dx_knee dx_pelvis dx_hand xa_coronary xa_pci mg_screening nm_bone "
    "pt_fdg_oncology"
).split()
# What a house leaves out, and still means.
_HABITS = (" without contrast", " sans injection", " nativ", " senza mdc", " sin contraste", " PA")


@dataclass(frozen=True)
class SiteName:
    """One raw name with what the site means, and how many exams bear it."""

    modality: str
    text: str
    truth: str | None
    exams: int


def site_names(vocabulary: Vocabulary, seed: int = 7, count: int = 1000) -> list[SiteName]:
    """Make distinct names of one registry, the most used first."""
    dice = random.Random(seed)
    procedures = list(vocabulary.procedures.values())
    weights = [12 if one.id in _FAVOURITES else 1 for one in procedures]
    made: dict[tuple[str, str], SiteName] = {}
    while len(made) < count:
        modality, text, truth = _name(dice, procedures, weights)
        exams = int(2000 / (len(made) + 1) ** 0.9) + 1
        made.setdefault(
            (family_of(modality), text.casefold()), SiteName(modality, text, truth, exams)
        )
    return list(made.values())


def _name(dice, procedures, weights):
    chance = dice.random()
    if chance < 0.03:
        return dice.choice(("CT", "DX", "XA")), _vary(dice, dice.choice(_TESTS), "CT"), None
    if chance < 0.06:
        modality = dice.choice(sorted(_UNLISTED))
        return modality, _vary(dice, dice.choice(_UNLISTED[modality]), modality), None
    procedure = dice.choices(procedures, weights)[0]
    language = dice.choices(LANGUAGES, (6, 6, 4, 3, 3, 2, 1))[0]
    text = procedure.name(language)
    if dice.random() < 0.15:
        for habit in _HABITS:
            text = text.removesuffix(habit)
    return procedure.modality, _vary(dice, text, procedure.modality), procedure.id


def _vary(dice, text, modality):
    lower = text.casefold()
    for long, short in _SHORTER:
        if long in lower and dice.random() < 0.4:
            text = lower.replace(long, short)
            lower = text.casefold()
    if "(" in text and dice.random() < 0.6:
        text = text[: text.index("(")].strip()
    words = text.split()
    if len(words) > 2 and dice.random() < 0.1:
        words.append(words.pop(0))
    if dice.random() < 0.12:
        words.insert(dice.randrange(len(words) + 1), dice.choice(_HOUSE))
    words = [_mistype(dice, word) if dice.random() < 0.04 else word for word in words]
    joint = dice.choice((" ", " ", " ", "_", "^", "  "))
    text = dice.choice(_BEFORE).format(m=modality) + joint.join(words) + dice.choice(_AFTER)
    return dice.choice((str.upper, str.lower, str, str))(text)


def _mistype(dice, word):
    if len(word) < 6:
        return word
    at = dice.randrange(1, len(word) - 2)
    return dice.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at] + word[at:],
        )
    )
