"""The pictures of a DICOM object, as grey as the screen's other ways give them."""

from datetime import datetime
from io import BytesIO
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.pixels.utils import pixel_array

from dosebook_edge.capture.screen.picture import MOST_PIXELS, Grey, Picture, PictureError, Way
from dosebook_edge.capture.screen.pixels import luma
from dosebook_edge.capture.screen.swollen import refuse_swollen

WORDS: Final = "secondary capture"
_MOST_FRAMES: Final = 20
# JPEG baseline and extended, JPEG-LS near-lossless, JPEG 2000, HTJ2K: what may have lost pixels.
_LOSSY: Final = frozenset(
    f"1.2.840.10008.1.2.4.{number}" for number in ("50", "51", "81", "91", "93", "203")
)


def pictures_of(data: bytes, taken_at: datetime) -> list[Picture]:
    """Every frame of a DICOM file, none where it has no pixels; raises `PictureError`."""
    try:
        dataset = dcmread(BytesIO(data))
        if "PixelData" not in dataset:
            return []
        count = int(dataset.get("NumberOfFrames", 1) or 1)
        pixels = int(dataset.Rows) * int(dataset.Columns) * count
        if not 0 < pixels <= MOST_PIXELS or count > _MOST_FRAMES:
            raise PictureError(f"{count} frames of {dataset.Columns} x {dataset.Rows}")
        refuse_swollen(dataset, count)
        frames = [_grey(dataset, index) for index in range(count)]
    except PictureError:
        raise
    except Exception as error:  # noqa: BLE001 - pydicom and its plug-ins raise anything on broken pixels
        raise PictureError(f"pixels that cannot be read: {type(error).__name__}") from None
    return [Picture(frame, _way(dataset), taken_at, WORDS) for frame in frames]


def _way(dataset: Dataset) -> Way:
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    is_lossy = syntax in _LOSSY or str(dataset.get("LossyImageCompression", "")) == "01"
    return "grabbed" if is_lossy else "lossless"


def _grey(dataset: Dataset, index: int) -> Grey:
    frame: NDArray[Any] = pixel_array(dataset, index=index)
    kind = str(dataset.PhotometricInterpretation)
    if kind == "PALETTE COLOR":
        frame = apply_color_lut(frame, dataset)
        frame = frame >> 8 if frame.dtype == np.uint16 else frame
    elif frame.ndim == 3:
        frame = frame >> max(0, int(dataset.BitsStored) - 8)
    if frame.ndim == 3:
        return luma(frame[:, :, 0], frame[:, :, 1], frame[:, :, 2])
    grey = _eight_bits(frame, dataset)
    return 255 - grey if kind == "MONOCHROME1" else grey


def _eight_bits(frame: NDArray[Any], dataset: Dataset) -> Grey:
    """Grey levels of 0 to 255: as stored where they are eight bits, else as a viewer shows them.

    A window of the object (PS3.3, C.11.2.1.2) takes away what lies far outside of the screen's own
    levels, as padding does.
    """
    bits = int(dataset.BitsStored)
    if bits == 8 and not int(dataset.get("PixelRepresentation", 0)):
        return frame.astype(np.uint8)
    shown = apply_voi_lut(apply_modality_lut(frame, dataset), dataset)
    least, most = float(shown.min()), float(shown.max())
    return ((shown - least) * (255 / (most - least or 1.0))).astype(np.uint8)
