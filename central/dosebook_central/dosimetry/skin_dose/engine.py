"""PySkinDose at work: the only module that imports it, always in the child process.

The functions are PySkinDose's own; the loop over events is ours, because its own recurses once an
event (a procedure may have more than Python's recursion limit), tells no progress, and goes wrong
where fewer than four cells are hit or where the planes' sources differ in distance. On its example
procedures both give the same dose in every cell, which the tests show.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from pyskindose.beam_class import Beam as XrayBeam
from pyskindose.corrections import calculate_k_bs, calculate_k_med
from pyskindose.geom_calc import (
    check_table_hits,
    fetch_and_append_hvl,
    position_patient_phantom_on_table,
    scale_field_area,
)
from pyskindose.helpers.calculate_rotation_matrices import calculate_rotation_matrices
from pyskindose.phantom_class import Phantom

from dosebook_central.dosimetry.skin_dose.model import Beam, Cylinder, Request

_TABLE = {"table_length": 281.5, "table_width": 45, "table_thickness": 5}
_PAD = {"pad_length": 281.5, "pad_width": 45, "pad_thickness": 4}
_REFERENCE_POINT_CM = 15


def compute(
    request: Request, folder: Path, tell: Callable[[int], None]
) -> tuple[np.ndarray[Any, Any], list[int]]:
    """Return the dose of every cell in mGy, as rows from the head end, and the events that hit.

    `folder` is for PySkinDose's tables; `tell` hears how many events are done.
    """
    tables = str(folder / "corrections.db")
    beams = fetch_and_append_hvl(_frame(request), request.inherent_filtration_mm_al, tables)
    patient, table, pad = _phantoms(request.cylinder)
    backscatter = calculate_k_bs(beams)
    dose = np.zeros(len(patient.r))
    hitting = []
    for index, beam in enumerate(request.beams):
        cells, added = _event_dose(
            beams, index, (patient, table, pad), backscatter[index], tables, request
        )
        if len(added):
            dose[cells] += added
            hitting.append(beam.event)
        tell(index + 1)
    columns = len(np.arange(0, 2 * np.pi, 0.1))  # as PySkinDose makes its sparse cylinder
    return dose.reshape(-1, columns), hitting


def _event_dose(
    beams: pd.DataFrame,
    index: int,
    phantoms: Sequence[Phantom],
    backscatter: Callable[[Any], Any],
    tables: str,
    request: Request,
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return which cells one event hits, and what it gives each: K · k_isq · k_med · k_bs · k_tab.

    The chain is PySkinDose's `add_corrections_and_event_dose_to_output`.
    """
    patient, table, _ = phantoms
    for phantom in phantoms:
        phantom.position(data_norm=beams, event=index)
    xray = XrayBeam(data_norm=beams, event=index, plot_setup=False)
    hits = np.asarray(xray.check_hit(patient=patient), dtype=bool)
    if not hits.any():
        return hits, np.zeros(0)
    source, cells = xray.r[0, :], patient.r[hits]
    area = scale_field_area(data_norm=beams, event=index, patient=patient, hits=hits, source=source)
    behind_table = check_table_hits(source=source, table=table, beam=xray, cells=cells)
    distance = np.linalg.norm(cells - source, axis=1)
    dose = np.full(len(cells), beams.K_IRP[index])
    dose *= np.square(beams.DSIRP[index] / distance)
    dose *= calculate_k_med(beams, area, index, tables)
    dose *= backscatter(np.sqrt(area))
    dose *= np.where(behind_table, request.table_transmission, 1.0)
    return hits, dose


def _phantoms(body: Cylinder) -> tuple[Phantom, Phantom, Phantom]:
    dimension = SimpleNamespace(
        cylinder_length=body.length_cm,
        cylinder_radii_a=body.half_width_cm,
        cylinder_radii_b=body.half_thickness_cm,
        cylinder_resolution="sparse",
        **_TABLE,
        **_PAD,
    )
    patient, table, pad = (
        Phantom(phantom_model=model, phantom_dim=dimension)
        for model in ("cylinder", "table", "pad")
    )
    position_patient_phantom_on_table(
        patient=patient,
        table=table,
        pad=pad,
        pad_thickness=_PAD["pad_thickness"],
        patient_offset=[0, 0, body.head_offset_cm],
        patient_orientation="head_first_supine",
    )
    return patient, table, pad


def _frame(request: Request) -> pd.DataFrame:
    """Return the beams as PySkinDose's normalised table, one row an event."""
    rows = [_row(beam, request) for beam in request.beams]
    return calculate_rotation_matrices(pd.DataFrame(rows))


def _row(beam: Beam, request: Request) -> dict[str, Any]:
    x, y, z = beam.table_cm
    return {
        "model": request.engine_model,
        "DSD": beam.source_to_detector_cm,
        "DSI": beam.source_to_isocentre_cm,
        "DID": beam.source_to_detector_cm - beam.source_to_isocentre_cm,
        "DSIRP": beam.source_to_isocentre_cm - _REFERENCE_POINT_CM,
        "DSL": request.detector_side_cm,
        "Tx": x,
        "Ty": y,
        "Tz": z,
        "At1": 0,
        "At2": 0,
        "At3": 0,
        "Ap1": beam.primary_deg,
        "Ap2": beam.secondary_deg,
        "Ap3": 0,
        "FS_lat": beam.field_lateral_cm,
        "FS_long": beam.field_longitudinal_cm,
        "filter_thickness_Cu": beam.copper_mm,
        "filter_thickness_Al": beam.aluminium_mm,
        "kVp": beam.kvp,
        "K_IRP": beam.kerma_mgy,
    }
