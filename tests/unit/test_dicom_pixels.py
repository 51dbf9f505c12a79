"""Where a data set is cut before its pixels."""

import io
import zlib

import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from dosebook_protocol.dicom.part10 import MAX_INFLATED_BYTES
from dosebook_protocol.dicom.pixels import (
    DEFLATED,
    EncodingError,
    file_without_pixels,
    without_pixels,
)
from dosebook_protocol.dicom.read import read_object

SYNTAXES = [
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
]


def _file(syntax, *, pixels=True):
    image = FileDataset("", {}, preamble=bytes(128), file_meta=FileMetaDataset())
    image.SOPClassUID = image.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    image.file_meta.TransferSyntaxUID = syntax
    image.Modality, image.ImageAndFluoroscopyAreaDoseProduct = "DX", "1.5"
    nested = Dataset()
    nested.CodeValue = "X"
    image.ProcedureCodeSequence = [nested]
    image["ProcedureCodeSequence"].is_undefined_length = True
    if pixels:
        image.BitsAllocated = 8
        image.add_new(0x7FE00010, "OB", bytes(4096))
    stream = io.BytesIO()
    order = syntax != ExplicitVRBigEndian
    image.set_original_encoding(is_implicit_vr=False, is_little_endian=order)
    image.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda one: one.name)
def test_file_ends_before_its_pixels(syntax):
    """A file of any uncompressed syntax loses its pixels and reads the same."""
    whole = _file(syntax)
    header = file_without_pixels(whole)
    assert read_object(header) == read_object(whole)
    assert header == _file(syntax, pixels=False) or len(header) < len(whole)
    assert bytes(64) not in header[132:]


@pytest.mark.parametrize("syntax", SYNTAXES[:3], ids=lambda one: one.name)
def test_data_set_without_meta_ends_before_its_pixels(syntax):
    """A bare data set is cut too: its syntax is seen from its first element."""
    whole = _file(syntax)
    start = whole.index(b"\x08\x00" if syntax != ExplicitVRBigEndian else b"\x00\x08", 300)
    header = file_without_pixels(whole[start:])
    assert len(header) < len(whole) - start - 4000


def test_file_without_pixels_stays_as_it_is():
    """Where there are no pixels, and where the bytes are no data set, nothing is cut."""
    plain = _file(ExplicitVRLittleEndian, pixels=False)
    assert file_without_pixels(plain) == plain
    for odd in (b"", b"x", b"no DICOM at all, but some text", plain[:-3]):
        assert file_without_pixels(odd) == odd


def test_wrong_encoding_is_never_cut_by_chance():
    """A value that looks like the tag of pixels is not one: broken bytes are refused instead."""
    with pytest.raises(EncodingError):
        without_pixels(b"\x08\x00\x16\x00UI\x04\x001.2\x00\x01\x02\x03\x04\xe0\x7f\x10\x00", "")


def test_deflated_bomb_is_unpacked_as_far_as_its_limit_only():
    """A small object that unpacks without end costs a bounded amount of memory."""
    packer = zlib.compressobj(9, wbits=-15)
    bomb = packer.compress(b"\x08\x00\x16\x00UI\x04\x001.2\x00")
    for _ in range(2 * MAX_INFLATED_BYTES // 2**22):
        bomb += packer.compress(bytes(2**22))
    with pytest.raises(EncodingError):
        without_pixels(bomb + packer.flush(), DEFLATED)
