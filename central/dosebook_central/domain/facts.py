"""What formulas need of an exam and its irradiation events, as plain JSON beside the exam's row.

Readings say far more and take milliseconds to parse; a recomputation of a million exams reads
these. They follow from the reconciled evidence alone, so every order of arrival gives the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from dosebook_central.domain.evidence import Evidence, Strength
from dosebook_central.domain.exam import Measure
from dosebook_protocol.codes import Key, canonical
from dosebook_protocol.dicom import sr_meaning
from dosebook_protocol.quantities import parse_decimal, plain
from dosebook_protocol.reading import Code, CodedItem, EventKind, IrradiationEvent, Reading

JsonObject = dict[str, Any]

# Items that formulas, region rules and alerts look at; the rest stays in the reading.
_ITEMS: Final = frozenset(
    {
        "anatomical_structure",
        "anode_target_material",
        "body_part_examined",
        "fluoro_mode",
        "intravenous_extravasation_symptoms",
        "organ_exposed",
        "patient_orientation",
        "patient_orientation_modifier",
        "patient_table_relationship",
        "prescription_identifier",
        "radionuclide",
        "radiopharmaceutical_agent",
        "radiopharmaceutical_start_time",
        "radiopharmaceutical_stop_datetime",
        "route_of_administration",
        "view_position",
        "x_ray_filter_material",
        "x_ray_filter_type",
    }
)
_MULTIPLE: Final = frozenset({"organ_dose"})
# What an organ dose was computed by (TID 10023, rows 5, 7 and 8).
_METHOD_ITEMS: Final = frozenset({"measurement_method", "reference_authority"})
_EXAM_ITEMS: Final = frozenset(
    {"body_part_examined", "performed_procedure_step_description", "source_of_dose_information"}
)
_COPPER: Final[frozenset[Key]] = frozenset({("66925006", "SCT"), ("C-127F9", "SRT")})
_CALIBRATION: Final = {
    "calibration_factor": "factor",
    "calibration_uncertainty": "uncertainty_percent",
}


def event_facts(event: IrradiationEvent) -> JsonObject:
    """Return the numbers (storage units, as decimal strings) and coded concepts of one event.

    `values` holds the first of each quantity, `coded` maps a name to [scheme, code, text],
    `organs` lists [scheme, code, text, mGy, what it says of the method] of organ doses that the
    object states, `voltages_kv` the tube voltages of a CT event with several, `copper_mm` is the
    added copper of an event whose filters are stated, 0 where none of them is copper.
    """
    values: dict[str, str] = {}
    for value in event.values:
        if value.quantity not in _MULTIPLE:
            values.setdefault(value.quantity, str(value.value))
    coded = _items(event.items, _ITEMS)
    for name, code in (
        ("event_type", event.event_type),
        ("target_region", event.target_region),
        ("laterality", event.laterality),
        ("view", event.view),
    ):
        if code is not None:
            coded[name] = _triple(code)
    facts: JsonObject = {"values": values, "coded": coded}
    organs = _organs(event)
    if organs:
        facts["organs"] = organs
    if event.is_repeated is not None:
        facts["is_repeated"] = event.is_repeated
    voltages = {str(value.value) for value in event.values if value.quantity == "kvp"}
    if event.kind is EventKind.CT and len(voltages) > 1:
        facts["voltages_kv"] = sorted(voltages, key=Decimal)
    copper = _copper_mm(event) if event.kind is EventKind.PROJECTION else None
    if copper is not None:
        facts["copper_mm"] = str(copper)
    return facts


def exam_facts(evidences: Sequence[Evidence], totals: Iterable[Measure]) -> JsonObject:
    """Return what the evidences of one exam say of it as a whole, the strongest first.

    Texts hold every distinct wording, because the region rules need all of them (P34).
    """
    readings = [evidence.reading for evidence in evidences]
    patients = [reading.patient for reading in readings]
    coded: dict[str, list[str]] = {}
    for reading in reversed(readings):
        coded |= _items(reading.items, _EXAM_ITEMS)
        if reading.intent is not None:
            coded["intent"] = _triple(reading.intent)
        if reading.procedure_reported is not None:
            coded["procedure_reported"] = _triple(reading.procedure_reported)
    facts: JsonObject = {
        "coded": coded,
        "procedures": _distinct(reading.study.requested_procedure for reading in readings),
        "descriptions": _distinct(reading.study.description for reading in readings),
        "protocols": _distinct(
            text for reading in readings for text in (reading.protocol, reading.series_description)
        ),
        "procedure_codes": sorted(
            {
                (code.scheme, code.value, code.meaning)
                for reading in readings
                for code in reading.study.procedure_codes
            }
        ),
        "software": next(
            (one for one in (r.equipment.software_versions for r in readings) if one), ""
        ),
        "sex": next((one.sex for one in patients if one.sex), ""),
        "age": next((one.age for one in patients if one.age), ""),
        "birth_date": next((one.birth_date for one in patients if one.birth_date), ""),
        "totals": [_total(measure) for measure in totals],
    }
    # An instrument's value is corrected on the box already: its factor is no further one.
    calibrations = _calibrations(
        evidence.reading for evidence in evidences if evidence.strength < Strength.DOSIMETER
    )
    if calibrations:
        facts["calibrations"] = calibrations
    for name in ("size_m", "weight_kg"):
        numbers = [getattr(one, name) for one in patients if getattr(one, name) is not None]
        if numbers:
            facts[name] = str(numbers[0])
    return facts


def _organs(event: IrradiationEvent) -> list[list[str]]:
    """Pair each stated organ dose with the finding site that stands in the same place."""
    sites = {_container(item.path): item for item in event.items if item.name == "finding_site"}
    exposed = next((item for item in event.items if item.name == "organ_exposed"), None)
    methods: dict[str, list[str]] = {}
    for item in event.items:
        if item.name in _METHOD_ITEMS:
            said = item.text or (item.code.meaning if item.code else "")
            methods.setdefault(_container(item.path), []).append(said.strip())
    found = []
    for value in event.values:
        if value.quantity in _MULTIPLE:
            site = sites.get(_container(value.path)) or sites.get(value.path) or exposed
            scheme, code, text = _triple(site.code) if site and site.code else ("", "", "")
            text = text or (site.text if site else "")
            named = [*methods.get(_container(value.path), ()), *methods.get(value.path, ())]
            method = ", ".join(dict.fromkeys(filter(None, named)))
            found.append([scheme, code, text, str(value.value), method])
    return found


def _copper_mm(event: IrradiationEvent) -> Decimal | None:
    """Sum the copper of the stated filters; None where none is stated, or not its size or material.

    A filter of varying thickness counts with its largest.
    """
    filters = [item for item in event.items if item.name.startswith("x_ray_filter_")]
    if not filters:
        return None
    sizes = {
        (value.quantity, _container(value.path)): value.value
        for value in event.values
        if value.quantity.startswith("filter_thickness_")
    }
    total = Decimal(0)
    for item in filters:
        if item.name != "x_ray_filter_material":
            continue
        if item.code is None:
            return None
        if canonical(item.code.value, item.code.scheme) in _COPPER:
            place = _container(item.path)
            size = sizes.get(("filter_thickness_maximum", place))
            size = sizes.get(("filter_thickness_minimum", place)) if size is None else size
            if size is None:
                return None
            total += size
    return plain(total)


def _calibrations(readings: Iterable[Reading]) -> list[JsonObject]:
    """List the calibrations that dose reports state, one of each: plane, factor, uncertainty."""
    found: list[JsonObject] = []
    for reading in readings:
        planes: dict[str, str] = {}
        stated: dict[str, JsonObject] = {}
        for item in reading.items:
            place = _container(item.path)
            if item.name == "acquisition_plane":
                planes[place] = sr_meaning.plane(item.code) or ""
            name = _CALIBRATION.get(item.name)
            number = _number(item.text) if name else None
            if name and number is not None:
                stated.setdefault(place, {})[name] = str(number)
        for place, said in stated.items():
            calibration = {"plane": planes.get(_container(place), "")} | said
            if calibration not in found:
                found.append(calibration)
    return found


def _number(text: str) -> Decimal | None:
    """Read the number of a text such as "0.98 1" or "5 %"."""
    try:
        return parse_decimal(text.partition(" ")[0])
    except ValueError:
        return None


def _container(path: str) -> str:
    return path.rpartition("/")[0]


def _items(items: Iterable[CodedItem], wanted: frozenset[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for item in items:
        if item.name in wanted and item.name not in found:
            found[item.name] = _triple(item.code) if item.code else ["", "", item.text]
    return found


def _triple(code: Code) -> list[str]:
    return [code.scheme, code.value, code.meaning]


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text.strip() for text in texts if text.strip()))


def _total(measure: Measure) -> Mapping[str, str]:
    facts = {
        "quantity": measure.quantity,
        "value": str(measure.value),
        "basis": measure.basis.value,
        "plane": measure.plane or "",
        "side": measure.side or "",
        "phantom": measure.phantom or "",
    }
    return {name: text for name, text in facts.items() if text}
