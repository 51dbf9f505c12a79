"""Presentation contexts that the box accepts (PS3.4 annex B, F and J)."""

from typing import Any, Final

from pynetdicom import build_context
from pynetdicom.presentation import PresentationContext
from pynetdicom.service_class import StorageServiceClass
from pynetdicom.sop_class import _STORAGE_CLASSES, register_uid

VERIFICATION: Final = "1.2.840.10008.1.1"
STORAGE_COMMITMENT: Final = "1.2.840.10008.1.20.1"
MPPS: Final = "1.2.840.10008.3.1.2.3.3"

SR_PREFIX: Final = "1.2.840.10008.5.1.4.1.1.88."

# Structured reports: those that state dose (88.67, .68, .73, .76), and those in which vendors put
# dose before there was a class for it, or beside it.
SR_CLASSES: Final = tuple(
    SR_PREFIX + suffix
    for suffix in ("67", "76", "68", "73", "75", "74", "11", "22", "33", "34", "35", "40")
)
_IMAGE: Final = "1.2.840.10008.5.1.4.1.1."
IMAGE_CLASSES: Final = tuple(
    _IMAGE + suffix
    for suffix in (
        "1",  # CR
        "1.1",  # DX
        "1.1.1",
        "1.2",  # MG
        "1.2.1",
        "1.3",  # IO
        "1.3.1",
        "2",  # CT
        "2.1",
        "2.2",
        "12.1",  # XA
        "12.1.1",
        "12.2",  # RF
        "12.2.1",
        "12.3",  # XA biplane, retired
        "13.1.1",  # 3D XA
        "13.1.2",
        "13.1.3",  # breast tomosynthesis
        "13.1.4",
        "13.1.5",
        "20",  # NM
        "5",  # NM, retired
        "128",  # PT
        "128.1",
        "130",
        "7",  # secondary capture: dose screens
        "7.1",
        "7.2",
        "7.3",
        "7.4",
        "4",  # MR of a PET/MR: no dose, but the association must not fail for it
        "4.1",
        "481.1",  # RT image
    )
)
PERFORMED_PROTOCOLS: Final = (_IMAGE + "200.2", _IMAGE + "200.8")
STORAGE_CLASSES: Final = (*SR_CLASSES, *IMAGE_CLASSES, *PERFORMED_PROTOCOLS)

EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
IMPLICIT_LITTLE: Final = "1.2.840.10008.1.2"
EXPLICIT_BIG: Final = "1.2.840.10008.1.2.2"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"

# In the order in which they are chosen where several are offered.
UNCOMPRESSED: Final = (EXPLICIT_LITTLE, IMPLICIT_LITTLE, DEFLATED, EXPLICIT_BIG)
COMPRESSED: Final = tuple(
    "1.2.840.10008.1.2." + suffix
    for suffix in (
        "4.50",  # JPEG baseline
        "4.51",
        "4.57",
        "4.70",  # JPEG lossless, SV1
        "4.80",  # JPEG-LS
        "4.81",
        "4.90",  # JPEG 2000
        "4.91",
        "4.92",
        "4.93",
        "4.201",  # HTJ2K
        "4.202",
        "4.203",
        "4.100",  # MPEG2
        "4.101",
        "4.102",  # MPEG-4
        "4.103",
        "4.104",
        "4.105",
        "4.106",
        "4.107",  # HEVC
        "4.108",
        "5",  # RLE
    )
)


class SharedContexts(list[PresentationContext]):
    """Contexts that every association reads and none changes.

    pynetdicom copies the list deeply for each association, which costs more than reading a dose
    report does.
    """

    def __deepcopy__(self, memo: dict[int, Any]) -> "SharedContexts":
        return self


def supported_contexts() -> SharedContexts:
    """Contexts for a source, without Storage Commitment's reverse role."""
    _register_retired()
    uncompressed = list(UNCOMPRESSED)
    images = [*uncompressed, *COMPRESSED]
    contexts = SharedContexts()
    contexts += [build_context(one, uncompressed) for one in (VERIFICATION, MPPS)]
    contexts.append(build_context(STORAGE_COMMITMENT, uncompressed))
    contexts += [build_context(one, uncompressed) for one in SR_CLASSES]
    contexts += [build_context(one, images) for one in IMAGE_CLASSES]
    contexts += [build_context(one, uncompressed) for one in PERFORMED_PROTOCOLS]
    return contexts


def _register_retired() -> None:
    known = set(_STORAGE_CLASSES.values())
    for uid, keyword in (
        (_IMAGE + "12.3", "XRayAngiographicBiPlaneImageStorage"),
        (_IMAGE + "5", "NuclearMedicineImageStorageRetired"),
    ):
        if uid not in known:
            register_uid(uid, keyword, StorageServiceClass)
