"""Refuse compressed pixels that unpack to more than their object says, before they are unpacked.

Decoders look at what a frame itself states, or at nothing: 2 MB can hold a picture of 500 MB under
a header of 64 x 64 pixels, which is more than a small box has.
"""

import struct
from io import BytesIO
from typing import Final

from PIL import Image, UnidentifiedImageError
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames

from dosebook_edge.capture.screen.picture import PictureError

_RLE: Final = "1.2.840.10008.1.2.5"
_RLE_HEADER: Final = struct.Struct("<16I")
_NO_RUN: Final = 128


def refuse_swollen(dataset: Dataset, frames: int) -> None:
    """Raise `PictureError` for a frame that is larger than Rows and Columns; else do nothing."""
    syntax = dataset.file_meta.TransferSyntaxUID
    if not syntax.is_encapsulated:
        return
    stated = int(dataset.Columns), int(dataset.Rows)
    samples = int(dataset.get("SamplesPerPixel", 1)) * int(dataset.BitsAllocated) // 8
    for frame in generate_frames(dataset.PixelData, number_of_frames=frames):
        if syntax == _RLE:
            _refuse_runs(frame, stated[0] * stated[1] * samples)
        else:
            _refuse_size(frame, stated)


def _refuse_size(frame: bytes, stated: tuple[int, int]) -> None:
    try:
        with Image.open(BytesIO(frame)) as image:  # reads the header, no pixel
            size = image.size
    except UnidentifiedImageError:
        return  # another decoder's, if there is one
    if size != stated:
        raise PictureError(f"a frame of {size} in an object of {stated} pixels")


def _refuse_runs(frame: bytes, most: int) -> None:
    """Add up what the segments of a frame unpack to (PS3.5, annex G), up to what there may be."""
    count, *offsets = _RLE_HEADER.unpack_from(frame)
    starts = offsets[: min(count, len(offsets))]
    size = 0
    for start, end in zip(starts, [*starts[1:], len(frame)], strict=True):
        at = start
        while at < end:
            head = frame[at]
            if head < _NO_RUN:
                at, size = at + head + 2, size + head + 1
            else:
                at, size = at + 2, size + (257 - head if head > _NO_RUN else 0)
            # Each segment may be padded to an even number of bytes.
            if size > most + 2 * len(starts):
                raise PictureError(f"runs that unpack to more than {most} bytes")
