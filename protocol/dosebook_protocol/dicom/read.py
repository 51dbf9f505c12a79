"""`read_object`: bytes of any one object in, what can be read from it out. Never raises."""

import io
from typing import Final, Literal, cast

import pydicom.charset
import pydicom.config
from pydicom.dataset import Dataset
from pydicom.filereader import read_partial

from dosebook_protocol.dicom import convert, part10, tree
from dosebook_protocol.dicom.errors import UnreadableError
from dosebook_protocol.dicom.node import Node
from dosebook_protocol.reading import Outcome, Reading

MAX_OBJECT_BYTES: Final = 256 * 1024 * 1024
MAX_TOP_LEVEL_ELEMENTS: Final = 100_000

DICOM: Final = "application/dicom"
DICOM_JSON: Final = "application/dicom+json"
DICOM_XML: Final = "application/dicom+xml"

MppsMessage = Literal["n-create", "n-set", "merged"]
FileMeta = tuple[str, str, int]

_PIXELS: Final = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_DIRECTORY: Final = "1.2.840.10008.1.3.10"
_MPPS_CLASS: Final = "1.2.840.10008.3.1.2.3.3"
_SR_CLASSES: Final = "1.2.840.10008.5.1.4.1.1.88."
_SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"

# Values that break their VR are judged by the readers, with a deviation, not by a warning that
# would quote a patient's name on standard error.
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE

# Latin alphabet No. 9 (PS3.3 C.12.1.1.2), which pydicom lacks, and the Chinese and Korean sets by
# the names that devices make of them after the pattern of the others.
pydicom.charset.python_encoding.update(
    {
        "ISO_IR 203": "iso8859_15",
        "ISO_IR 58": "iso_ir_58",
        "ISO_IR 149": "euc_kr",
    }
)


def read_object(data: bytes, media_type: str = DICOM) -> Reading:
    """Read one object; whatever it holds, the answer is a `Reading`, with the reason if refused.

    Media types: `application/dicom` (with or without file meta), `application/dicom+json` and
    `application/dicom+xml`; the parameter `mpps=n-create`, `n-set` or `merged` marks MPPS messages.
    """
    try:
        if len(data) > MAX_OBJECT_BYTES:
            raise UnreadableError(f"{len(data)} bytes are more than the limit {MAX_OBJECT_BYTES}")
        return _read(data, media_type)
    except UnreadableError as refusal:
        return _quarantined(str(refusal))
    except Exception as failure:  # noqa: BLE001 - a hostile object must never stop its receiver
        return _quarantined(f"the object could not be parsed ({type(failure).__name__})")


def _read(data: bytes, media_type: str) -> Reading:
    base, message = _media(media_type)
    if base == DICOM_JSON:
        return read_dataset(convert.from_json(data), message)
    if base == DICOM_XML:
        return read_dataset(convert.from_xml(data), message)
    if base != DICOM:
        raise UnreadableError(f"{base!r} is not a media type of DICOM objects")
    if data.startswith(part10.PREFIX):
        data = part10.PREAMBLE + data
    meta = part10.file_meta(data)
    root = _sr_tree(data, meta)
    if root is not None and message is None:
        return _read_sr(root)
    if meta is not None and meta[0] == _DIRECTORY:
        return _directory()
    return read_dataset(_parse(data), message)


def read_dataset(dataset: Dataset, message: MppsMessage | None = None) -> Reading:
    """Read a data set that was parsed already, by its content; may raise on a broken one."""
    from dosebook_protocol.dicom import dose_sc, header, header_exposures, mpps

    sop_class = str(dataset.get("SOPClassUID", "") or "")
    if message is not None:
        return mpps.read_mpps(dataset, message)
    if sop_class.startswith(_SR_CLASSES) or "ContentSequence" in dataset:
        return _read_sr(tree.from_dataset(dataset))
    if sop_class == _MPPS_CLASS or (not sop_class and "PerformedProcedureStepStatus" in dataset):
        return mpps.read_mpps(dataset, "merged")
    is_capture = sop_class == _SECONDARY_CAPTURE or sop_class.startswith(f"{_SECONDARY_CAPTURE}.")
    if is_capture or header_exposures.is_ct_dose_list(dataset):
        return dose_sc.read_dose_sc(dataset)
    return header.read_header(dataset)


def _read_sr(root: Node) -> Reading:
    from dosebook_protocol.dicom import sr_read

    return sr_read.read_sr(root)


def _directory() -> Reading:
    return Reading(
        outcome=Outcome.NO_DOSE,
        kind="other",
        reader="read",
        reason="a DICOMDIR: it lists the objects of a medium and holds none",
        sop_class_uid=_DIRECTORY,
    )


def _sr_tree(data: bytes, meta: FileMeta | None) -> Node | None:
    """Walk a native structured report the fast way; None for all that pydicom has to parse."""
    if meta is None:
        return None
    sop_class, syntax, start = meta
    part10.refuse_bomb(data, syntax, start)
    return tree.read_sr(data, sop_class, syntax, start)


def _parse(data: bytes) -> Dataset:
    """Parse with pydicom, pixels left out; without preamble or meta as it can best be guessed."""
    meta = part10.file_meta(data)
    start = meta[2] if meta is not None else 0
    if data[start : start + 2] == b"\0\0":
        raise UnreadableError("it begins with command elements (group 0000) instead of a data set")
    dataset = read_partial(io.BytesIO(data), stop_when=_TopLevel().stops, force=True)
    if not dataset:
        raise UnreadableError("no DICOM data element was found in it")
    return dataset


class _TopLevel:
    """Where parsing stops: at the pixels, or refused after more elements than any object has."""

    __slots__ = ("_count",)

    def __init__(self) -> None:
        self._count = 0

    def stops(self, tag: int, _vr: str | None, _length: int) -> bool:
        """Be pydicom's question before each element of the data set."""
        self._count += 1
        if self._count > MAX_TOP_LEVEL_ELEMENTS:
            raise UnreadableError(f"more than {MAX_TOP_LEVEL_ELEMENTS} elements in one data set")
        return tag in _PIXELS


def _media(media_type: str) -> tuple[str, MppsMessage | None]:
    base, _, parameters = media_type.partition(";")
    name, _, value = parameters.strip().partition("=")
    message = value.strip().lower()
    if name.strip().lower() != "mpps":
        return base.strip().lower(), None
    if message not in ("n-create", "n-set", "merged"):
        raise UnreadableError(f"{message!r} is no MPPS message: n-create, n-set or merged is")
    return base.strip().lower(), cast(MppsMessage, message)


def _quarantined(reason: str) -> Reading:
    return Reading(outcome=Outcome.QUARANTINED, kind="other", reader="read", reason=reason)
