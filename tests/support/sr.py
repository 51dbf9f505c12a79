"""Structured reports for tests: content items in one line each, files in any encoding."""

import io
from typing import Any

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian

RDSR = "1.2.840.10008.5.1.4.1.1.88.67"
RRDSR = "1.2.840.10008.5.1.4.1.1.88.68"
ENHANCED_SR = "1.2.840.10008.5.1.4.1.1.88.22"

CodeTuple = tuple[str, str, str]

CT = ("77477000", "SCT", "Computed Tomography X-Ray")
PROJECTION = ("113704", "DCM", "Projection X-Ray")
MAMMOGRAPHY = ("71651007", "SCT", "Mammography")


def code(value: str, scheme: str = "DCM", meaning: str = "") -> Dataset:
    """Return one coded entry."""
    item = Dataset()
    if value:
        item.CodeValue = value
    item.CodingSchemeDesignator = scheme
    item.CodeMeaning = meaning or value
    return item


def _item(concept: Any, value_type: str, children: tuple[Dataset, ...]) -> Dataset:
    item = Dataset()
    item.RelationshipType = "CONTAINS"
    item.ValueType = value_type
    if concept:
        concept = (concept,) if isinstance(concept, str) else concept
        item.ConceptNameCodeSequence = Sequence([code(*concept)])
    if children:
        item.ContentSequence = Sequence(list(children))
    return item


def container(concept: Any, *children: Dataset) -> Dataset:
    """Return a CONTAINER."""
    return _item(concept, "CONTAINER", children)


def num(
    concept: Any, value: Any, unit: str = "", *children: Dataset, scheme: str = "UCUM"
) -> Dataset:
    """Return a NUM; value None is one without measured value."""
    item = _item(concept, "NUM", children)
    item.MeasuredValueSequence = Sequence([])
    if value is not None:
        measured = Dataset()
        measured.MeasurementUnitsCodeSequence = Sequence([code(unit, scheme, unit)])
        sent = value if isinstance(value, list) else str(value)
        # pydicom writes no DS that is no number, as devices do: then as another text VR.
        measured.add_new(0x0040A30A, "LO" if sent == "n/a" else "DS", sent)
        item.MeasuredValueSequence = Sequence([measured])
    return item


def coded(concept: Any, value: CodeTuple | None, *children: Dataset) -> Dataset:
    """Return a CODE; value None is an empty one."""
    item = _item(concept, "CODE", children)
    item.ConceptCodeSequence = Sequence([code(*value)] if value else [])
    return item


def text(concept: Any, value: str, *children: Dataset) -> Dataset:
    """Return a TEXT."""
    item = _item(concept, "TEXT", children)
    item.TextValue = value
    return item


def uid(concept: Any, value: str, *children: Dataset) -> Dataset:
    """Return a UIDREF."""
    item = _item(concept, "UIDREF", children)
    item.UID = value
    return item


def at(concept: Any, value: str) -> Dataset:
    """Return a DATETIME."""
    item = _item(concept, "DATETIME", ())
    item.DateTime = value
    return item


def document(
    *children: Dataset,
    root: Any = "113701",
    sop_class: str = RDSR,
    template: str = "10001",
    **attributes: Any,
) -> Dataset:
    """Return a whole report; keywords set attributes of its data set."""
    dataset = container(root, *children)
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = "2.25.1001"
    dataset.StudyInstanceUID = "2.25.1002"
    dataset.SeriesInstanceUID = "2.25.1003"
    dataset.Modality = "SR"
    dataset.PatientID = "T-1"
    dataset.PatientName = "Test^Person"
    dataset.ContentDate, dataset.ContentTime = "20260314", "092653"
    if template:
        entry = Dataset()
        entry.MappingResource, entry.TemplateIdentifier = "DCMR", template
        dataset.ContentTemplateSequence = Sequence([entry])
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def encoded(dataset: Dataset, *, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """Write a data set as a DICOM file."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = UID(syntax)
    dataset.file_meta = meta
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def ct_event(event_uid: str | None, *children: Dataset, **dose: Any) -> Dataset:
    """Return a CT Acquisition with a dose (ctdi, dlp, phantom as code value)."""
    parts = [coded("113820", ("116152004", "SCT", "Spiral Acquisition"))]
    if event_uid is not None:
        parts.append(uid("113769", event_uid))
    if dose:
        parts.append(
            container(
                "113829",
                num("113830", dose.get("ctdi", "10.0"), "mGy"),
                num("113838", dose.get("dlp", "100.0"), "mGy.cm"),
                coded("113835", (dose.get("phantom", "113691"), "DCM", "phantom")),
            )
        )
    return container("113819", *parts, *children)


def ct_totals(events: int, dlp: str, *children: Dataset) -> Dataset:
    """Return CT Accumulated Dose Data."""
    return container(
        "113811",
        num("113812", events, "{events}"),
        num("113813", dlp, "mGy.cm"),
        *children,
    )


def x_ray_event(event_uid: str | None, *children: Dataset, plane: str = "113622") -> Dataset:
    """Return Irradiation Event X-Ray Data."""
    parts = [coded("113764", (plane, "DCM", "plane"))]
    if event_uid is not None:
        parts.append(uid("113769", event_uid))
    return container("113706", *parts, *children)


def x_ray_totals(*children: Dataset, plane: str = "113622") -> Dataset:
    """Return Accumulated X-Ray Dose Data."""
    return container("113702", coded("113764", (plane, "DCM", "plane")), *children)


def odd_structures() -> list[tuple[str, bytes]]:
    """Return small files of every structure that a data set may have, explicit and implicit."""
    found = []
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
        for is_open in (False, True):
            dataset = document(
                ct_totals(1, "100.0"),
                ct_event("2.25.7", text("121106", "Grüße"), ctdi="1", dlp="100.0"),
                SpecificCharacterSet="ISO_IR 100",
                PatientName="Müller^Jörg",
            )
            block = dataset.private_block(0x0009, "DOSEBOOK TEST", create=True)
            inner = Dataset()
            inner.PatientComments = "inside"
            block.add_new(0x01, "SQ", Sequence([inner, Dataset()]))
            block.add_new(0x02, "OB", b"\x01\x02\x03\x04")
            block.add_new(0x03, "UN", b"unknown!")
            block.add_new(0x04, "FD", 1.5)
            dataset.add_new(0x00420011, "OB", b"\0" * 10)
            dataset.add_new(0x00187030, "FL", 2.0)
            if is_open:
                _open_sequences(dataset)
            found.append((f"odd {syntax} open={is_open}", encoded(dataset, syntax=syntax)))
    return found


def _open_sequences(dataset: Dataset) -> None:
    """Write every sequence and item with undefined length."""
    for element in dataset:
        if element.VR == "SQ":
            element.is_undefined_length = True
            for item in element.value:
                item.is_undefined_length_sequence_item = True
                _open_sequences(item)
