"""Machines, and what modality a person decided that their exams are (P36).

A console that makes radiographs and fluoroscopy may report both by the fluoroscopy template, and
one machine may be both. What it is, is decided per machine; what its objects said stays beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from dosebook_central.domain.evidence import Evidence
from dosebook_protocol.reading import Equipment

MODALITIES: Final = ("DX", "CR", "RF", "XA", "PX", "IO")
"""What projection exams may be decided to be."""


@dataclass(frozen=True, slots=True)
class Device:
    """A machine as its objects name it; `id` is "" where they do not name it at all.

    Manufacturer, model and serial number tell it, whatever its software and station name are then
    (P44); without a serial number the institution and the station take its place.
    """

    manufacturer: str = ""
    model: str = ""
    serial_number: str = ""
    institution: str = ""
    station: str = ""

    @property
    def id(self) -> str:
        """The same for all spellings of case and spaces."""
        parts: tuple[str, ...]
        if self.serial_number:
            parts = ("serial", self.manufacturer, self.model, self.serial_number)
        elif self.station or self.model:
            parts = ("station", self.manufacturer, self.model, self.institution, self.station)
        else:
            return ""
        said = "\x1f".join(" ".join(part.casefold().split()) for part in parts)
        return sha256(said.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class ModalityChoice:
    """What the exams of a machine are: the same for all, or by whether there was fluoroscopy."""

    with_fluoroscopy: str
    without_fluoroscopy: str

    def of(self, *, has_fluoroscopy: bool | None) -> str | None:
        """Return what an exam is; None where that depends on what its objects do not say (P29)."""
        if self.with_fluoroscopy == self.without_fluoroscopy:
            return self.with_fluoroscopy
        if has_fluoroscopy is None:
            return None
        return self.with_fluoroscopy if has_fluoroscopy else self.without_fluoroscopy


Choices = Mapping[str, ModalityChoice]
"""What was decided, by id of the machine."""
AS_REPORTED: Final[Choices] = {}


def device_of(evidences: Sequence[Evidence]) -> Device:
    """Return the machine of a part: as the first of its evidences says that names one."""
    devices = (_device(evidence.reading.equipment) for evidence in evidences)
    return next((one for one in devices if one.id), Device())


def _device(equipment: Equipment) -> Device:
    return Device(
        equipment.manufacturer.strip(),
        equipment.model.strip(),
        equipment.serial_number.strip(),
        equipment.institution.strip(),
        equipment.station_name.strip(),
    )
