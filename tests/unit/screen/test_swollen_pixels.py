"""Compressed pixels that unpack to more than their object says are refused before they are."""

import struct
from datetime import UTC, datetime
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit, RLELossless, generate_uid

from dosebook_edge.capture.screen.picture import PictureError
from dosebook_edge.capture.screen.pixel_data import pictures_of

SIDE = 64
AT = datetime(2026, 3, 2, tzinfo=UTC)


def capture(syntax, *frames):
    """A grey secondary capture of 64 x 64 pixels, as a file."""
    made = Dataset()
    made.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    made.SOPInstanceUID = generate_uid()
    made.Rows = made.Columns = SIDE
    made.NumberOfFrames = len(frames)
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 8, 8, 7, 0
    made.add_new(0x7FE00010, "OB", encapsulate(list(frames)))
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    written = BytesIO()
    made.save_as(written, enforce_file_format=True)
    return written.getvalue()


def picture(form, side, **options):
    """A black picture in a form of Pillow's."""
    written = BytesIO()
    Image.new("L", (side, side)).save(written, form, **options)
    return written.getvalue()


def runs(count):
    """An RLE frame of runs of 128 zeros."""
    return struct.pack("<16I", 1, 64, *[0] * 14) + b"\x81\x00" * count


@pytest.mark.parametrize(
    ("syntax", "frame"),
    [
        (JPEGBaseline8Bit, picture("JPEG", 4000)),
        (JPEG2000Lossless, picture("JPEG2000", 2000, no_jp2=True)),
        (RLELossless, runs(500_000)),  # 1 MB unpacks to 64 MB
    ],
    ids=["JPEG", "JPEG 2000", "RLE"],
)
def test_a_frame_larger_than_its_object_is_not_unpacked(syntax, frame):
    """The reason says by what."""
    with pytest.raises(PictureError, match=r"a frame of|runs that unpack to more than 4096 bytes"):
        pictures_of(capture(syntax, frame), AT)


def test_frames_of_the_stated_size_are_read():
    """What is as large as it says is a picture."""
    for syntax, frame in (
        (JPEGBaseline8Bit, picture("JPEG", SIDE)),
        (RLELossless, runs(SIDE * SIDE // 128)),
    ):
        (found,) = pictures_of(capture(syntax, frame), AT)
        assert np.array_equal(found.grey, np.zeros((SIDE, SIDE)))
