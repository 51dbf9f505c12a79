"""Image objects whose headers state a dose: DX, MG, PET and CT, with a token of pixel data."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from pydicom.dataset import Dataset

from dosebook_edge.simulate.scene import DT_FORMAT, Scene, finish, header, uid
from dosebook_edge.simulate.values import ds

DX_IMAGE: Final = "1.2.840.10008.5.1.4.1.1.1.1"
MG_IMAGE: Final = "1.2.840.10008.5.1.4.1.1.1.2"
PET_IMAGE: Final = "1.2.840.10008.5.1.4.1.1.128"
CT_IMAGE: Final = "1.2.840.10008.5.1.4.1.1.2"
_SIDE_PIXELS: Final = 8


@dataclass(frozen=True, slots=True)
class Series:
    """One series of a scene."""

    uid: str
    number: int
    description: str


def _image(
    rng: Random, scene: Scene, sop_class: str, series: Series, *, index: int, at: datetime
) -> Dataset:
    dataset = header(scene, sop_class, uid(rng), at)
    dataset.SeriesInstanceUID, dataset.SeriesNumber = series.uid, str(series.number)
    dataset.SeriesDescription = series.description
    dataset.InstanceNumber = str(index)
    dataset.AcquisitionDate = at.strftime("%Y%m%d")
    dataset.AcquisitionTime = at.strftime("%H%M%S")
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows = dataset.Columns = _SIDE_PIXELS
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    pixels = b"".join(rng.randrange(4096).to_bytes(2, "little") for _ in range(_SIDE_PIXELS**2))
    dataset.PixelData = pixels
    dataset["PixelData"].VR = "OW"
    return finish(dataset, scene.vendor)


def dx_image(
    rng: Random,
    scene: Scene,
    series: Series,
    *,
    index: int,
    at: datetime,
    event_uid: str,
    dap_dgy_cm2: Decimal,
    kvp: int,
    exposure_ms: int,
    exposure_uas: int,
    body_part: str,
    view: str,
) -> Dataset:
    """Return a DX image; its dose-area product (0018,115E) is in dGy.cm2 by the standard."""
    dataset = _image(rng, scene, DX_IMAGE, series, index=index, at=at)
    dataset.Modality = "DX"
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.IrradiationEventUID = event_uid
    dataset.BodyPartExamined, dataset.ViewPosition = body_part, view
    dataset.KVP, dataset.ExposureTime = str(kvp), str(exposure_ms)
    dataset.Exposure = str(round(exposure_uas / 1000))
    dataset.ExposureInuAs = str(exposure_uas)
    dataset.ImageAndFluoroscopyAreaDoseProduct = ds(dap_dgy_cm2)
    dataset.ExposureIndex, dataset.TargetExposureIndex = str(rng.randint(180, 520)), "400"
    return dataset


def mg_image(
    rng: Random,
    scene: Scene,
    series: Series,
    *,
    index: int,
    at: datetime,
    event_uid: str,
    agd_mgy: Decimal,
    entrance_mgy: Decimal,
    side: str,
    view: str,
    kvp: Decimal,
    exposure_ms: int,
    exposure_uas: int,
    thickness_mm: int,
) -> Dataset:
    """Return a mammogram; Organ Dose (0040,0316) is in dGy, as the standard has it (P3)."""
    dataset = _image(rng, scene, MG_IMAGE, series, index=index, at=at)
    dataset.Modality = "MG"
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.IrradiationEventUID = event_uid
    dataset.BodyPartExamined, dataset.ImageLaterality = "BREAST", "L" if side == "left" else "R"
    dataset.ViewPosition = view
    dataset.KVP, dataset.ExposureTime = ds(kvp), str(exposure_ms)
    dataset.Exposure = str(round(exposure_uas / 1000))
    dataset.ExposureInuAs = str(exposure_uas)
    dataset.AnodeTargetMaterial, dataset.FilterMaterial = "TUNGSTEN", "RHODIUM"
    dataset.BodyPartThickness = str(thickness_mm)
    dataset.CompressionForce = str(rng.randint(70, 140))
    dataset.OrganDose, dataset.OrganExposed = ds(agd_mgy / 100), "BREAST"
    dataset.EntranceDoseInmGy = ds(entrance_mgy)
    return dataset


def pet_image(
    rng: Random,
    scene: Scene,
    series: Series,
    *,
    index: int,
    injected: datetime,
    event_uid: str,
    activity_mbq: Decimal,
) -> Dataset:
    """Return a PET slice; Radionuclide Total Dose (0018,1074) is in Bq."""
    at = injected + timedelta(minutes=60, seconds=index)
    dataset = _image(rng, scene, PET_IMAGE, series, index=index, at=at)
    dataset.Modality = "PT"
    dataset.Units, dataset.CountsSource = "BQML", "EMISSION"
    dataset.DecayCorrection = "START"
    tracer = Dataset()
    tracer.Radiopharmaceutical = "Fluorodeoxyglucose"
    tracer.RadiopharmaceuticalStartDateTime = injected.strftime(DT_FORMAT)
    tracer.RadiopharmaceuticalStartTime = injected.strftime("%H%M%S")
    tracer.RadionuclideTotalDose = ds(activity_mbq * 1_000_000)
    tracer.RadionuclideHalfLife = "6586.2"
    tracer.RadiopharmaceuticalAdministrationEventUID = event_uid
    nuclide = Dataset()
    nuclide.CodeValue, nuclide.CodingSchemeDesignator = "C-111A1", "SRT"
    nuclide.CodeMeaning = "^18^Fluorine"
    tracer.RadionuclideCodeSequence = [nuclide]
    dataset.RadiopharmaceuticalInformationSequence = [tracer]
    return dataset


def ct_image(
    rng: Random,
    scene: Scene,
    series: Series,
    *,
    index: int,
    at: datetime,
    event_uid: str,
    kvp: int,
    ctdi_mgy: Decimal,
) -> Dataset:
    """Return a CT slice with its CTDIvol (0018,9345) in mGy."""
    dataset = _image(rng, scene, CT_IMAGE, series, index=index, at=at)
    dataset.Modality = "CT"
    dataset.IrradiationEventUID = event_uid
    dataset.KVP, dataset.SliceThickness = str(kvp), "5"
    dataset.CTDIvol = float(ctdi_mgy)
    dataset.RescaleIntercept, dataset.RescaleSlope = "-1024", "1"
    return dataset
