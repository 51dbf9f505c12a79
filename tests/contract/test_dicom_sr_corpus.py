"""Structured reports of real devices against the values that their publishers' files hold."""

import json
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.quantities import convert
from dosebook_protocol.reading import IrradiationEvent, Outcome, Plane, Reading
from tests.support.expected import STUDY

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

KINDS = {
    "rdsr-ct": "rdsr-ct",
    "rdsr-projection": "rdsr-projection",
    "rdsr-mg": "rdsr-mammography",
    "esr-dose-ct": "esr-dose-ct",
    "rrdsr": "rrdsr",
}
PATIENT = ("id", "issuer", "name", "sex", "birth_date", "age")
EQUIPMENT = {
    "manufacturer": "manufacturer",
    "model": "model",
    "device_serial": "serial_number",
    "software": "software_versions",
    "station": "station_name",
    "institution": "institution",
}
# What the device observer of a report says where its header is silent (TID 1004).
OBSERVED = {
    "manufacturer": "device_observer_manufacturer",
    "model": "device_observer_model",
    "device_serial": "device_observer_serial",
    "station": "device_observer_name",
}
OBJECT = {
    "sop_class_uid": "sop_class_uid",
    "sop_instance_uid": "sop_instance_uid",
    "series_uid": "series_uid",
    "series_description": "series_description",
    "modality": "modality",
}
# EXPECTED.json key → quantity and unit, where an event states it once.
NUMBERS = {
    "ctdivol_mGy": ("ctdi_vol", "mGy"),
    "dlp_mGycm": ("dlp", "mGy.cm"),
    "pitch": ("pitch_factor", "1"),
    "exposure_time_s": ("exposure_time", "s"),
    "dap_Gym2": ("dose_area_product", "Gy.m2"),
    "dose_rp_Gy": ("dose_rp", "Gy"),
    "agd_mGy": ("average_glandular_dose", "mGy"),
    "entrance_exposure_rp_mGy": ("entrance_exposure_rp", "mGy"),
    "irradiation_duration_s": ("irradiation_duration", "s"),
    "pulses": ("number_of_pulses", "{n}"),
    "pulse_rate": ("pulse_rate", "{pulse}/s"),
    "positioner_primary_angle": ("positioner_primary_angle", "deg"),
    "positioner_secondary_angle": ("positioner_secondary_angle", "deg"),
    "exposure_index": ("exposure_index", "1"),
    "deviation_index": ("deviation_index", "1"),
    "compression_thickness_mm": ("compression_thickness", "mm"),
    "administered_activity_MBq": ("administered_activity", "MBq"),
}
# The same where it states a list, all of which is kept (P38).
LISTS = {
    "kvp": ("kvp", "kV"),
    "mean_tube_current_mA": ("tube_current", "mA"),
    "tube_current_mA": ("tube_current", "mA"),
    "max_tube_current_mA": ("maximum_tube_current", "mA"),
}
STATED = {
    "scanning_length": "scanning_length",
    "exposure": "exposure",
    "effective_dose": "effective_dose",
}
ITEMS = {
    "anode": "anode_target_material",
    "phantom": "ctdi_w_phantom_type",
    "agent": "radiopharmaceutical_agent",
    "radionuclide": "radionuclide",
    "route": "route_of_administration",
}
CODES = {"event_type": "event_type", "acquisition_type": "event_type", "image_view": "view"}
PLANES = {
    "Single Plane": Plane.SINGLE,
    "Plane A": Plane.A,
    "Plane B": Plane.B,
    "All Planes": Plane.ALL,
}
PHANTOMS = {"IEC Head Dosimetry Phantom": "16cm", "IEC Body Dosimetry Phantom": "32cm"}
SIDES = {"Left breast": "left", "Right breast": "right"}
# Concept of an accumulated value → quantity.
TOTALS = {
    "113722": "dose_area_product",
    "113725": "dose_rp",
    "113726": "fluoro_dose_area_product",
    "113728": "fluoro_dose_rp",
    "113730": "fluoro_time",
    "113727": "acquisition_dose_area_product",
    "113729": "acquisition_dose_rp",
    "113855": "acquisition_time",
    "113731": "number_of_frames",
    "111637": "average_glandular_dose",
    "113812": "number_of_events",
    "113813": "dlp",
}


class Checks:
    """Comparisons made, and those that failed, in words."""

    def __init__(self) -> None:
        self.made = 0
        self.failed: list[str] = []

    def equal(self, what: str, found: Any, expected: Any) -> None:
        self.made += 1
        if found != expected:
            self.failed.append(f"{what}: {found!r}, expected {expected!r}")

    def close(self, what: str, found: Decimal | None, expected: Any) -> None:
        """Compare with a number that EXPECTED.json holds rounded to ten digits."""
        self.made += 1
        wanted = Decimal(str(expected))
        if found is None or abs(found - wanted) > max(
            abs(wanted) * Decimal("1e-9"), Decimal("1e-15")
        ):
            self.failed.append(f"{what}: {found}, expected {wanted}")


def _entries(corpus: Path, kinds: set[str]) -> Iterator[tuple[str, dict[str, Any], Reading]]:
    expected = json.loads((corpus / "EXPECTED.json").read_text(encoding="utf-8"))
    for name, entry in sorted(expected.items()):
        if entry["kind"] in kinds and name.endswith(".dcm"):
            yield name, entry, read_object((corpus / name).read_bytes())


def _values(event: IrradiationEvent, quantity: str, unit: str) -> list[Decimal]:
    return [convert(v.value, v.unit, unit) for v in event.values if v.quantity == quantity]


def _check_object(name: str, entry: dict[str, Any], reading: Reading, checks: Checks) -> None:
    checks.equal(f"{name} outcome", reading.outcome, Outcome.READ)
    checks.equal(f"{name} kind", reading.kind, KINDS[entry["kind"]])
    for key in PATIENT:
        checks.equal(f"{name} {key}", getattr(reading.patient, key), entry["patient"].get(key, ""))
    for key in ("size_m", "weight_kg"):
        if key in entry["patient"]:
            found = getattr(reading.patient, key)
            checks.close(f"{name} {key}", found, entry["patient"][key])
    for key, field in STUDY.items():
        checks.equal(f"{name} {key}", getattr(reading.study, field), entry["study"].get(key, ""))
    for key, field in EQUIPMENT.items():
        wanted = entry.get(key) or entry.get("device_observer", {}).get(OBSERVED.get(key), "")
        wanted = "\\".join(wanted) if isinstance(wanted, list) else wanted
        checks.equal(f"{name} {key}", getattr(reading.equipment, field), wanted)
    for key, field in OBJECT.items():
        checks.equal(f"{name} {key}", getattr(reading, field), entry.get(key, ""))
    if "procedure_reported" in entry:
        code = reading.procedure_reported
        found = [code.value, code.scheme, code.meaning] if code else None
        checks.equal(f"{name} procedure", found, entry["procedure_reported"])
    if "scope_uid" in entry:
        checks.equal(f"{name} scope UID", reading.scope_uid, entry["scope_uid"])
    if "scope_of_accumulation" in entry:
        meaning = reading.scope.meaning if reading.scope else None
        checks.equal(f"{name} scope", meaning, entry["scope_of_accumulation"])
    if "content_date" in entry and reading.created is not None:
        stated = entry.get("content_date", "") + entry.get("content_time", "")
        checks.equal(f"{name} created", reading.created.original, stated)


def _check_totals(name: str, entry: dict[str, Any], reading: Reading, checks: Checks) -> None:
    """Every stated total equals the file's own string, and is exact in its storage unit."""
    stated = [
        (TOTALS[raw["code"]], raw["value"], raw["unit"], PLANES.get(container.get("plane")), raw)
        for container in entry.get("accumulated", [])
        for raw in container["raw"]
        if raw["code"] in TOTALS and raw["value"] is not None
    ]
    checks.equal(f"{name} count of totals", len(reading.totals), len(stated))
    for total, (quantity, text, unit, plane, raw) in zip(reading.totals, stated, strict=False):
        what = f"{name} total {quantity}"
        value = total.value
        checks.equal(
            what, (value.quantity, value.original, value.original_unit), (quantity, text, unit)
        )
        checks.equal(f"{what} plane", total.plane, plane)
        checks.equal(what, convert(value.value, value.unit, value.unit), value.value)
        if unit not in ("{events}", "1"):
            checks.equal(f"{what} exact", convert(value.value, value.unit, unit), Decimal(text))
        for modifier, meaning in raw.get("modifiers", []):
            if modifier == "Laterality":
                checks.equal(f"{what} side", total.side, SIDES[meaning])
    sums = entry["totals"]
    if "sum_event_dlp_mGycm" in sums:
        dlp = sum((v for e in reading.events for v in _values(e, "dlp", "mGy.cm")), Decimal(0))
        checks.close(f"{name} sum of DLP", dlp, sums["sum_event_dlp_mGycm"])
    if "sum_event_dap_Gym2" in sums:
        events = (v for e in reading.events for v in _values(e, "dose_area_product", "Gy.m2"))
        checks.close(f"{name} sum of KAP", sum(events, Decimal(0)), sums["sum_event_dap_Gym2"])
    if "max_event_ctdivol_mGy" in sums:
        values = [v for e in reading.events for v in _values(e, "ctdi_vol", "mGy")]
        checks.close(f"{name} highest CTDIvol", max(values), sums["max_event_ctdivol_mGy"])


def _check_event(
    what: str, wanted: dict[str, Any], event: IrradiationEvent, checks: Checks
) -> None:
    checks.equal(f"{what} uid", event.uid, wanted["uid"])
    checks.equal(f"{what} uid as sent", event.uid_is_synthesised, False)
    checks.equal(f"{what} protocol", event.protocol, wanted.get("protocol", ""))
    if "start" in wanted:
        checks.equal(f"{what} start", event.started and event.started.original, wanted["start"])
    if "region" in wanted:
        region = event.target_region.meaning if event.target_region else None
        checks.equal(f"{what} region", region, wanted["region"])
    if "plane" in wanted:
        checks.equal(f"{what} plane", event.plane, PLANES[wanted["plane"]])
    _check_codes(what, wanted, event, checks)
    for key, (quantity, unit) in NUMBERS.items():
        found = _values(event, quantity, unit)
        if key in wanted:
            checks.close(f"{what} {key}", found[0] if found else None, wanted[key])
    for key, (quantity, unit) in LISTS.items():
        if key in wanted:
            found = _values(event, quantity, unit)
            checks.equal(f"{what} count of {key}", len(found), len(wanted[key]))
            for value, number in zip(found, wanted[key], strict=False):
                checks.close(f"{what} {key}", value, number)
    for key, quantity in STATED.items():
        stated = wanted.get(key, [])
        stated = stated if isinstance(stated, list) else [stated]
        found_texts = [
            (Decimal(v.original), v.original_unit) for v in event.values if v.quantity == quantity
        ]
        for number, (value, unit) in zip(stated, found_texts, strict=bool(stated)):
            checks.close(f"{what} {key}", value, number["value"])
            checks.equal(f"{what} {key} unit", unit, number["unit"])


def _check_codes(
    what: str, wanted: dict[str, Any], event: IrradiationEvent, checks: Checks
) -> None:
    for key, field in CODES.items():
        if key in wanted:
            code = getattr(event, field)
            checks.equal(f"{what} {key}", code and code.meaning, wanted[key])
    for key, name in ITEMS.items():
        if key in wanted:
            meanings = [i.code.meaning for i in event.items if i.name == name and i.code]
            checks.equal(f"{what} {key}", meanings[:1], [wanted[key]])
    if "phantom" in wanted:
        checks.equal(f"{what} phantom", event.phantom, PHANTOMS[wanted["phantom"]])
    for key in ("dose_check_alert", "dose_check_notification"):
        if wanted.get(key):
            code = {"dose_check_alert": "113900", "dose_check_notification": "113908"}[key]
            checks.equal(f"{what} {key}", any(code in item.path for item in event.items), True)


def test_every_report_of_the_corpus_is_read_as_it_states(corpus, capsys):
    """Totals, events, UIDs, patient, study and equipment equal EXPECTED.json (P2, P11, P38)."""
    checks = Checks()
    good = files = 0
    for name, entry, reading in _entries(corpus, set(KINDS)):
        before = len(checks.failed)
        _check_object(name, entry, reading, checks)
        if entry["kind"] != "rrdsr":
            _check_totals(name, entry, reading, checks)
        checks.equal(f"{name} count of events", len(reading.events), len(entry["events"]))
        for number, (wanted, event) in enumerate(
            zip(entry["events"], reading.events, strict=False), 1
        ):
            _check_event(f"{name} event {number}", wanted, event, checks)
        files += 1
        good += len(checks.failed) == before
    with capsys.disabled():
        sys.stdout.write(
            f"\nreports: {good} of {files} files, "
            f"{checks.made - len(checks.failed)} of {checks.made} values\n"
        )
    assert not checks.failed, "\n".join(checks.failed[:40])
    assert files


def test_every_organ_dose_of_a_radiopharmaceutical_report_is_kept(corpus):
    """Each NUM of the file's list is a value of the event, organ doses included (R: RRDSR)."""
    for name, entry, reading in _entries(corpus, {"rrdsr"}):
        for wanted, event in zip(entry["events"], reading.events, strict=True):
            stated = [(item["value"], item["unit"]) for item in wanted["items"] if "unit" in item]
            found = [(v.original, v.original_unit) for v in event.values]
            assert sorted(stated) == sorted(found), name


def test_objects_without_dose_give_none_and_no_crash(corpus, capsys):
    """Negative objects and reports of other kinds give no event and no total (P39)."""
    names = []
    for name, _, reading in _entries(corpus, {"negative", "sr-no-dose"}):
        assert reading.outcome is not Outcome.READ, name
        assert not reading.events, name
        assert not reading.totals, name
        assert reading.reason, name
        names.append(name)
    with capsys.disabled():
        sys.stdout.write(f"\nwithout dose: {len(names)} of {len(names)} files\n")
    assert names


def test_p04_cumulative_reports_tell_their_order_and_scope(corpus):
    """Cumulative reports name scope and order, and each holds the one before (P4)."""
    names = [f"ct/CT-RDSR-Siemens-Multi-{number}.dcm" for number in (1, 2, 3)]
    if not all((corpus / name).is_file() for name in names):
        pytest.skip("corpus: without the cumulative reports")
    readings = [read_object((corpus / name).read_bytes()) for name in names]
    assert len({reading.scope_uid for reading in readings}) == 1
    moments = [reading.created.local for reading in readings if reading.created]
    assert moments == sorted(moments)
    uids = [{event.uid for event in reading.events} for reading in readings]
    assert uids[0] < uids[1] < uids[2]
