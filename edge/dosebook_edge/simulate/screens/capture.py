"""A dose screen as a DICOM secondary capture (PS3.3 A.8): pixels, and no dose in the header."""

from datetime import datetime
from random import Random
from typing import Final

from pydicom.dataset import Dataset

from dosebook_edge.simulate.scene import Scene, finish, header, uid
from dosebook_edge.simulate.screens.truth import Screen
from dosebook_edge.simulate.screens.visit import Visit

SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"


def visit_of(rng: Random, scene: Scene) -> Visit:
    """Return what a screen shows of a scene's patient and order."""
    return Visit.of(rng, scene.patient, scene.accession_number)


def dose_capture(rng: Random, scene: Scene, screen: Screen, *, at: datetime) -> Dataset:
    """Return the object that a console stores of a screen, in colour and uncompressed."""
    dataset = header(scene, SECONDARY_CAPTURE, uid(rng), at)
    dataset.Modality = scene.vendor.modality
    dataset.ConversionType = "WSD"
    dataset.SeriesInstanceUID, dataset.SeriesNumber = uid(rng), "999"
    dataset.SeriesDescription = "Dose Report"
    dataset.InstanceNumber = "1"
    dataset.ImageType = ["DERIVED", "SECONDARY", "SCREEN SAVE"]
    dataset.BurnedInAnnotation = "YES"
    picture = screen.picture.convert("RGB")
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 3, "RGB"
    dataset.PlanarConfiguration = 0
    dataset.Columns, dataset.Rows = picture.size
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelRepresentation = 0
    pixels = picture.tobytes()
    dataset.PixelData = pixels + b"\0" * (len(pixels) % 2)
    dataset["PixelData"].VR = "OB"
    return finish(dataset, scene.vendor)
