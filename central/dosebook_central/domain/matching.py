"""Readings that name no patient and no study, and the exam that a person gave one to.

Only ways of capture that do not know the patient by themselves leave such readings: a dosimeter on
its wire, a picture of a screen, an entry by hand.
"""

from dataclasses import dataclass
from typing import Final

ASSIGNABLE: Final = frozenset({"instrument", "screen", "manual"})
"""Kinds of source whose readings may wait for a person; as literals in `store.models` too."""


@dataclass(frozen=True, slots=True)
class Match:
    """The exam that a reading belongs to by decision: its study, and its patient at that time.

    `identifier` is empty where nobody identified the patient.
    """

    study_uid: str
    identifier: str = ""
    issuer: str = ""
