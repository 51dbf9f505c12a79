"""Identity of an irradiation event that an image header leaves unnamed.

An image is not an exposure: the For Processing and For Presentation images of one mammogram, all
slices of a CT acquisition and all frames of a PET scan show one event. The UID is synthesised from
what is equal in all of them and differs in the next exposure, so every box and every re-read makes
the same one (P8).
"""

import hashlib
from decimal import Decimal
from typing import Final

from pydicom.dataset import Dataset

from dosebook_protocol.dicom import header_access as access
from dosebook_protocol.quantities import plain
from dosebook_protocol.reading import DoseValue

_NAMESPACE: Final = "dosebook irradiation event 1"
_TECHNIQUE: Final = ("kvp", "exposure_time", "tube_current", "exposure")
_DATE_LENGTH: Final = 8
# Study, series, object and device.
_NAMES_OF_OTHERS: Final = (0x0020000D, 0x0020000E, 0x00080018, 0x00181002)
_ANGLES: Final = ("positioner_primary_angle", "positioner_secondary_angle")


def synthesised_uid(*parts: str) -> str:
    """Return the 2.25 UID (PS3.5 B.2) that stands for exactly these parts."""
    text = "\x1f".join((_NAMESPACE, *parts))
    digest = bytearray(hashlib.sha256(text.encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80  # UUID version 8 (RFC 9562), variant 1
    digest[8] = digest[8] & 0x3F | 0x80
    return f"2.25.{int.from_bytes(digest, 'big')}"


def stated_uids(sources: list[tuple[Dataset, str]]) -> list[str]:
    """Return the Irradiation Event UIDs (0008,3010) of an image, each once, in order."""
    uids: dict[str, None] = {}
    for ds, _ in sources:
        uids.update(dict.fromkeys(uid for uid in access.raw_texts(ds, 0x00083010) if uid))
    for frame in access.items(sources[0][0], 0x52009230):
        for macro in access.items(frame, 0x00189477):
            uids.update(dict.fromkeys(uid for uid in access.raw_texts(macro, 0x00083010) if uid))
    return list(uids)


def own_uids(ds: Dataset, uids: list[str]) -> list[str]:
    """Return the UIDs that can be those of events.

    One that names the study, series, object or device, or none at all, would make one event of
    several exposures, and lose the dose of all but one (P8).
    """
    others = {access.first(ds, tag) for tag in _NAMES_OF_OTHERS}
    return [uid for uid in uids if uid not in others and "." in uid]


def acquired_at(ds: Dataset) -> str:
    """Return the acquisition date and time as one text, "" where the header states no time.

    A date alone in Acquisition DateTime would be the same in every exposure of a day.
    """
    combined = access.first(ds, 0x0008002A)
    if len(combined) > _DATE_LENGTH:
        return _seconds(combined)
    time = access.first(ds, 0x00080032)
    return _seconds(access.first(ds, 0x00080022) + time) if time else ""


def _seconds(sent: str) -> str:
    """Drop the zeros that pad a fraction of a second: `132223.000000` is `132223`."""
    whole, _, fraction = sent.partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def projection_key(ds: Dataset, modality: str, values: list[DoseValue]) -> tuple[str, ...]:
    """Return what is equal in all images of one projection exposure and differs in the next.

    With an acquisition time: study, modality, time, laterality, view and technique. Without it
    technique cannot tell two exposures apart, so the key is the image from which this one was
    derived, or this one.
    """
    study, when = access.first(ds, 0x0020000D), acquired_at(ds)
    if not when:
        return (study, modality, _source_image(ds) or access.first(ds, 0x00080018))
    laterality = access.first(ds, 0x00200062) or access.first(ds, 0x00200060)
    view = access.first(ds, 0x00185101)
    names = (*_TECHNIQUE, *_ANGLES) if modality in {"XA", "RF"} else _TECHNIQUE
    return (study, modality, when, laterality, view, *_technique(values, names))


def _source_image(ds: Dataset) -> str:
    sources = access.items(ds, 0x00082112)
    if access.first(ds, 0x00080008) != "DERIVED" or len(sources) != 1:
        return ""
    return access.first(sources[0], 0x00081155)


def _technique(values: list[DoseValue], names: tuple[str, ...]) -> list[str]:
    stated: dict[str, Decimal] = {}
    for value in values:
        stated.setdefault(value.quantity, value.value)
    return [str(plain(stated[name])) if name in stated else "" for name in names]


def ct_key(ds: Dataset, values: list[DoseValue]) -> tuple[str, ...]:
    """Return what is equal in all slices and reconstructions of one CT acquisition.

    Tube current and acquisition time vary from slice to slice, so neither is part of it. Without an
    Acquisition Number (0020,0012) the series stands for the acquisition.
    """
    study, number = access.first(ds, 0x0020000D), access.first(ds, 0x00200012)
    localizer = "LOCALIZER" if is_localizer(ds) else ""
    if not number:
        return (study, "CT", localizer, access.first(ds, 0x0020000E))
    settings = _technique(values, ("kvp", "pitch_factor", "total_collimation_width"))
    return (study, "CT", localizer, number, access.text(ds, 0x00181030), *settings)


def is_localizer(ds: Dataset) -> bool:
    """Tell whether Image Type (0008,0008) value 3 names a localizer."""
    image_type = access.raw_texts(ds, 0x00080008)
    return len(image_type) > 2 and image_type[2].upper() == "LOCALIZER"


def is_secondary(ds: Dataset) -> bool:
    """Tell whether Image Type (0008,0008) value 2 says that the image was made afterwards."""
    image_type = access.raw_texts(ds, 0x00080008)
    return len(image_type) > 1 and image_type[1].upper() == "SECONDARY"
