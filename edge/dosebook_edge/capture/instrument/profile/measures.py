"""What instruments measure: one storage unit for each dimension, and the exact way to it."""

from decimal import Decimal
from typing import Final, Literal

from dosebook_protocol.quantities import UnitError, convert, measures

InstrumentQuantity = Literal[
    "dose_area_product", "exposure_area_product", "air_kerma", "air_kerma_rate", "exposure",
    "dose_equivalent", "dose_equivalent_rate", "activity", "charge", "current", "count_rate",
    "count", "time", "indication",
]  # fmt: skip

# Dimension of the unit → quantity and storage unit. An indication is a number whose meaning the
# source of the profile does not tell: it is shown, and never becomes a dose.
_STORED: Final[dict[str, tuple[InstrumentQuantity, str]]] = {
    "kerma-area": ("dose_area_product", "Gy.cm2"),
    "exposure-area": ("exposure_area_product", "R.cm2"),
    "kerma": ("air_kerma", "mGy"),
    "kerma rate": ("air_kerma_rate", "mGy/h"),
    "exposure": ("exposure", "R"),
    "equivalent dose": ("dose_equivalent", "uSv"),
    "equivalent dose rate": ("dose_equivalent_rate", "uSv/h"),
    "activity": ("activity", "MBq"),
    "charge": ("charge", "C"),
    "current": ("current", "A"),
    "count rate": ("count_rate", "{count}/min"),
    "count": ("count", "{n}"),
    "time": ("time", "s"),
    "ratio": ("indication", "1"),
}


UNCALIBRATED: Final[frozenset[InstrumentQuantity]] = frozenset({"time", "count", "count_rate"})
"""Quantities that a calibration factor says nothing about."""


def quantity_of(unit: str) -> InstrumentQuantity:
    """The quantity that a unit measures; raises `UnitError` for a unit of something else."""
    return _stored(unit)[0]


def stored(value: Decimal, unit: str) -> tuple[Decimal, str]:
    """A value in the storage unit of its quantity, exactly, and that unit; raises `UnitError`."""
    target = _stored(unit)[1]
    return convert(value, unit, target), target


def _stored(unit: str) -> tuple[InstrumentQuantity, str]:
    dimension = measures(unit)
    if dimension not in _STORED:
        raise UnitError(f"{unit!r} measures {dimension}, which no instrument here states")
    return _STORED[dimension]
