"""The acquisition protocol that a header names, wherever its maker put it."""

from collections.abc import Iterable
from typing import Final

from pydicom.dataset import Dataset

from dosebook_protocol.dicom import header_access as access

# Protocol Name, then Acquisition Protocol Name of the enhanced objects.
_NAMES: Final = (0x00181030, 0x00189423)
_PERFORMED_PROTOCOL: Final = 0x00400260


def protocol_of(dataset: Dataset, further: Iterable[int] = ()) -> str:
    """Return the name of the protocol, "" where none is named.

    `further` are the tags in which the maker of the equipment is known to name it.
    """
    for tag in (*_NAMES, *further):
        name = access.text(dataset, tag)
        if name:
            return name
    performed = access.code(dataset, _PERFORMED_PROTOCOL)
    return (performed.meaning or performed.value) if performed is not None else ""
