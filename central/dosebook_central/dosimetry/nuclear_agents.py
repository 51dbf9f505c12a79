"""Which radiopharmaceutical was given: by its code, else by an exact name with its radionuclide.

An agent is named as the coefficient sets name it, its radionuclide first: "F-18 FDG". A code that
several agents share is told apart by the radionuclide only; what stays open has no agent.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from dosebook_central.dosimetry.factors import published
from dosebook_central.dosimetry.inputs import Concept, EventInputs
from dosebook_central.dosimetry.sets import Library, view
from dosebook_protocol.codes import Key, canonical

# Radionuclides of PS3.16 CID 18 and CID 4020 that are in clinical use.
_NUCLIDES: Final[Mapping[Key, str]] = {
    ("40565003", "SCT"): "C-11",
    ("21576001", "SCT"): "N-13",
    ("129504001", "SCT"): "O-15",
    ("77004003", "SCT"): "F-18",
    ("32505007", "SCT"): "P-32",
    ("52745005", "SCT"): "Cr-51",
    ("3932008", "SCT"): "Cu-64",
    ("2008008", "SCT"): "Ga-67",
    ("35337001", "SCT"): "Ga-68",
    ("43239002", "SCT"): "Se-75",
    ("61716009", "SCT"): "Kr-81m",
    ("79197006", "SCT"): "Rb-82",
    ("7770004", "SCT"): "Sr-89",
    ("63360001", "SCT"): "Zr-89",
    ("14691008", "SCT"): "Y-90",
    ("72454006", "SCT"): "Tc-99m",
    ("56609000", "SCT"): "In-111",
    ("21572004", "SCT"): "I-123",
    ("40937006", "SCT"): "I-124",
    ("68630002", "SCT"): "I-125",
    ("1368003", "SCT"): "I-131",
    ("80751004", "SCT"): "Xe-133",
    ("419804008", "SCT"): "Sm-153",
    ("C1943", "NCIt"): "Ho-166",
    ("447553000", "SCT"): "Lu-177",
    ("395865006", "SCT"): "Re-186",
    ("423578007", "SCT"): "Re-188",
    ("60057003", "SCT"): "Tl-201",
    ("24853006", "SCT"): "Ra-223",
}
_ELEMENTS: Final = {
    "CARBON": "C", "NITROGEN": "N", "OXYGEN": "O", "FLUORINE": "F", "FLUOR": "F", "GALLIUM": "Ga",
    "TECHNETIUM": "Tc", "INDIUM": "In", "IODINE": "I", "THALLIUM": "Tl", "LUTETIUM": "Lu",
    "RUBIDIUM": "Rb", "YTTRIUM": "Y", "RADIUM": "Ra", "ZIRCONIUM": "Zr", "COPPER": "Cu",
    "CHROMIUM": "Cr", "XENON": "Xe", "KRYPTON": "Kr", "SAMARIUM": "Sm", "STRONTIUM": "Sr",
}  # fmt: skip
_SYMBOLS: Final = {symbol.upper(): symbol for symbol in _ELEMENTS.values()}
_NUCLIDE_TEXT: Final = re.compile(
    r"\W*(?:(\d{1,3}M?)\W*([A-Z]+)|([A-Z]+)\W*(\d{1,3}M?))\W*", re.ASCII
)
_MIBG: Final[Key] = ("395789007", "SCT")  # one code for the agents of two radionuclides
_OF_NUCLIDE: Final[Mapping[Key, Mapping[str, str]]] = {
    _MIBG: {"I-123": "I-123 MIBG", "I-131": "I-131 MIBG"}
}


@dataclass(frozen=True, slots=True)
class Agent:
    """A radiopharmaceutical, what said so, and whether that was a code."""

    name: str
    nuclide: str
    said_by: str
    is_coded: bool = True


@dataclass(frozen=True, slots=True)
class NoAgent:
    """Why no agent is known, in one sentence; the radionuclide may still be."""

    reason: str
    nuclide: str = ""
    is_conflict: bool = False


def agent_of(event: EventInputs, library: Library) -> Agent | NoAgent:
    """Return the agent of one administration, or why it is not known."""
    nuclide = nuclide_of(event.coded.get("radionuclide"))
    stated = event.coded.get("radiopharmaceutical_agent")
    if stated is None:
        return NoAgent("the object names no radiopharmaceutical", nuclide)
    by_code, by_name = view(library, _agents)
    found: Agent | NoAgent
    if stated.code:
        key = canonical(stated.code, stated.scheme)
        found = _by_code(key, stated, nuclide, by_code)
    else:
        found = _by_name(stated.text, nuclide, by_name)
    if isinstance(found, Agent) and nuclide and found.nuclide != nuclide:
        reason = f"the object names {found.name} with the radionuclide {nuclide}"
        return NoAgent(f"{reason}: one of them is wrong", nuclide, is_conflict=True)
    return found


def nuclide_of(concept: Concept | None) -> str:
    """Return a radionuclide as "Tc-99m", by code, else by its text; "" where it is not known."""
    if concept is None:
        return ""
    if concept.code:
        return _NUCLIDES.get(canonical(concept.code, concept.scheme), "")
    return _nuclide_in(concept.text)


def _by_code(
    key: Key, stated: Concept, nuclide: str, by_code: Mapping[Key, str]
) -> Agent | NoAgent:
    said_by = f"code {key[0]} ({key[1]})"
    several = _OF_NUCLIDE.get(key)
    if several is not None:
        name = several.get(nuclide, "")
        reason = f"{said_by} is that of {' and '.join(several.values())}"
        if not name:
            return NoAgent(f"{reason}, and no radionuclide tells them apart", nuclide)
        return Agent(name, nuclide, f"{said_by} and radionuclide {nuclide}")
    name = by_code.get(key, "")
    if not name:
        label = stated.text or key[0]
        return NoAgent(f"no coefficient set knows the radiopharmaceutical {label!r}", nuclide)
    return Agent(name, name.partition(" ")[0], said_by)


def _by_name(text: str, nuclide: str, by_name: Mapping[tuple[str, str], str]) -> Agent | NoAgent:
    """Take a name only where it is exactly one of the sets' and its radionuclide is stated."""
    name = by_name.get((nuclide, text.strip().upper()), "") if nuclide else ""
    if name:
        return Agent(name, nuclide, f"the text {text.strip()!r} with {nuclide}", is_coded=False)
    return NoAgent(
        f"the radiopharmaceutical is a text, {text.strip()!r}, that is no exact name of a known "
        "agent; a code in the object makes it certain",
        nuclide,
    )


def _agents(library: Library) -> tuple[Mapping[Key, str], Mapping[tuple[str, str], str]]:
    """Read agents by code, and by radionuclide and name; several names of one agent are split."""
    by_code = {
        canonical(row["code"], row["scheme"]): row["agent_in_effective_dose_factors"]
        for package in library.of("agents")
        for row in package.rows_in_force
        if row["agent_in_effective_dose_factors"]
    }
    names = {factor.subject for factor in published(library, "effective-dose-nm")}
    by_name: dict[tuple[str, str], str] = {}
    for name in sorted(names | set(by_code.values())):
        nuclide, _, rest = name.partition(" ")
        for part in (rest, *re.split(r"[/()]", rest)):
            if part.strip():
                by_name.setdefault((nuclide, part.strip().upper()), name)
    return by_code, by_name


@lru_cache(maxsize=1024)
def _nuclide_in(text: str) -> str:
    found = _NUCLIDE_TEXT.fullmatch(text.upper().replace("^", " "))
    if found is None:
        return ""
    mass, word = found[1] or found[4], found[2] or found[3]
    symbol = _SYMBOLS.get(word) or _ELEMENTS.get(word)
    return f"{symbol}-{mass.lower()}" if symbol else ""
