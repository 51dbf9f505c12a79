"""Patient names as people write them, from DICOM's PN."""

from typing import Final

_SEXES: Final = {"M": "male", "F": "female", "O": "other"}


def name_text(name: str) -> str:
    """`DUPONT^Marie^^Dr` → `DUPONT Marie`; of several groups the ideographic one, then the first.

    PS3.5 §6.2.1.1: up to three groups (alphabetic, ideographic, phonetic) parted by `=`.
    """
    groups = [_group(group) for group in name.split("=")]
    main = groups[1] if len(groups) > 1 and groups[1] else groups[0]
    return main or "name not stated"


def other_name_text(name: str) -> str:
    """The groups that `name_text` does not show: kana and romanised form of a Japanese name."""
    groups = [_group(group) for group in name.split("=")]
    shown = name_text(name)
    return " · ".join(group for group in groups if group and group != shown)


def sex_text(sex: str) -> str:
    """DICOM's sex in a word; "" where none is stated."""
    return _SEXES.get(sex.upper(), "")


def _group(group: str) -> str:
    parts = [part.strip() for part in group.split("^")]
    family, given, middle = [*parts, "", "", ""][:3]
    return " ".join(part for part in (family, given, middle) if part)
