"""Image header attributes → dose values and coded items, in the units that PS3.3 fixes.

Headers carry no unit beside the number: the unit is part of the attribute's definition, so this
table is the one place that states it. Where two attributes state one quantity, the more precise one
is the value and the other stays visible as an item (P3, P39).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from pydicom.dataset import Dataset

from dosebook_protocol.dicom import header_access as access
from dosebook_protocol.dicom.context import tag_path
from dosebook_protocol.dicom.deviations import Deviations
from dosebook_protocol.quantities import QUANTITIES, parse_decimal, to_storage
from dosebook_protocol.reading import Code, CodedItem, DoseValue

Sources = Sequence[tuple[Dataset, str]]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One numeric attribute: tag, unit as PS3.3 fixes it, and whether it may hold several."""

    tag: int
    unit: str
    many: bool = False


# Alternatives of one quantity stand in order of precision.
_A = Attribute
QUANTITY_ATTRIBUTES: Final[tuple[tuple[str, tuple[Attribute, ...]], ...]] = (
    ("dose_area_product", (_A(0x0018115E, "dGy.cm2"),)),
    ("acquisition_dose_area_product", (_A(0x00189473, "dGy.cm2"),)),
    ("entrance_dose", (_A(0x00408302, "mGy"), _A(0x00400302, "dGy"))),
    ("ctdi_vol", (_A(0x00189345, "mGy"),)),
    ("kvp", (_A(0x00180060, "kV"),)),
    ("exposure_time", (_A(0x00189328, "ms"), _A(0x00188150, "us"), _A(0x00181150, "ms"))),
    ("tube_current", (_A(0x00189330, "mA"), _A(0x00188151, "uA"), _A(0x00181151, "mA"))),
    ("exposure", (_A(0x00189332, "mA.s"), _A(0x00181153, "uA.s"), _A(0x00181152, "mA.s"))),
    ("pulse_width", (_A(0x00181154, "ms"),)),
    ("exposure_time_per_rotation", (_A(0x00189305, "s"),)),
    ("single_collimation_width", (_A(0x00189306, "mm"),)),
    ("total_collimation_width", (_A(0x00189307, "mm"),)),
    ("pitch_factor", (_A(0x00189311, "1"),)),
    ("water_equivalent_diameter", (_A(0x00181271, "mm"),)),
    ("half_value_layer", (_A(0x00400314, "mm"),)),
    ("focal_spot_size", (_A(0x00181190, "mm", many=True),)),
    ("filter_thickness_minimum", (_A(0x00187052, "mm", many=True),)),
    ("filter_thickness_maximum", (_A(0x00187054, "mm", many=True),)),
    ("exposure_index", (_A(0x00181411, "1"),)),
    ("target_exposure_index", (_A(0x00181412, "1"),)),
    ("deviation_index", (_A(0x00181413, "1"),)),
    ("distance_source_to_detector", (_A(0x00181110, "mm"),)),
    ("distance_source_to_patient", (_A(0x00181111, "mm"),)),
    ("distance_source_to_entrance", (_A(0x00400306, "mm"),)),
    ("positioner_primary_angle", (_A(0x00181510, "deg"),)),
    ("positioner_secondary_angle", (_A(0x00181511, "deg"),)),
)
MAMMOGRAPHY_ATTRIBUTES: Final[tuple[tuple[str, tuple[Attribute, ...]], ...]] = (
    ("average_glandular_dose", (_A(0x00400316, "dGy"),)),
    ("compression_thickness", (_A(0x001811A0, "mm"),)),
    ("compression_force", (_A(0x001811A2, "N"),)),
)
OTHER_ATTRIBUTES: Final[tuple[tuple[str, tuple[Attribute, ...]], ...]] = (
    ("organ_dose", (_A(0x00400316, "dGy"),)),
)

ITEM_ATTRIBUTES: Final[tuple[tuple[int, str], ...]] = (
    (0x00080068, "presentation_intent"),
    (0x00180015, "body_part_examined"),
    (0x00185101, "view_position"),
    (0x00181160, "filter_type"),
    (0x00187050, "filter_material"),
    (0x00181191, "anode_target_material"),
    (0x00181166, "grid"),
    (0x00187060, "exposure_control_mode"),
    (0x0018115A, "radiation_mode"),
    (0x00189323, "exposure_modulation_type"),
    (0x00181405, "relative_x_ray_exposure"),
    (0x00186000, "sensitivity"),
    (0x00400318, "organ_exposed"),
    (0x00200012, "acquisition_number"),
    (0x00189324, "estimated_dose_saving"),
    (0x00181404, "exposures_on_plate"),
    (0x00400301, "total_number_of_exposures"),
    (0x00400254, "performed_procedure_step_description"),
    (0x00400310, "comments_on_radiation_dose"),
)

# PS3.16 CID 10006 and CID 10016, by the defined terms of Filter Material (0018,7050).
MATERIALS: Final[dict[str, Code]] = {
    "ALUMINUM": Code("12503006", "SCT", "Aluminum"),
    "COPPER": Code("66925006", "SCT", "Copper"),
    "LEAD": Code("88488004", "SCT", "Lead"),
    "MOLYBDENUM": Code("71128006", "SCT", "Molybdenum"),
    "NIOBIUM": Code("767776000", "SCT", "Niobium"),
    "RHODIUM": Code("59801003", "SCT", "Rhodium"),
    "SILVER": Code("41967008", "SCT", "Silver"),
    "TANTALUM": Code("45215009", "SCT", "Tantalum"),
    "TIN": Code("12597001", "SCT", "Tin"),
    "TUNGSTEN": Code("26194003", "SCT", "Tungsten"),
    "EUROPIUM": Code("767775001", "SCT", "Europium"),
}
_SYMBOLS: Final = {
    "ALUMINIUM": "ALUMINUM",
    "AL": "ALUMINUM",
    "CU": "COPPER",
    "MO": "MOLYBDENUM",
    "RH": "RHODIUM",
    "AG": "SILVER",
    "W": "TUNGSTEN",
    "WOLFRAM": "TUNGSTEN",
    "SN": "TIN",
    "PB": "LEAD",
}
_SYMBOL_FILTER: Final = re.compile(r"(AL|CU|MO|RH|AG)[_ ]?(\d+(?:[.,]\d+)?)[_ ]?MM", re.IGNORECASE)
_FAR_APART: Final = 5
_PERCENT: Final = re.compile(r"\s*(\d+(?:[.,]\d+)?)\s*%\s*")


@dataclass(slots=True)
class Notes:
    """What a reader gathers on its way: values, items and deviations."""

    values: list[DoseValue] = field(default_factory=list)
    items: list[CodedItem] = field(default_factory=list)
    deviations: Deviations = field(default_factory=Deviations)

    def quantity(self, quantity: str, sent: str, unit: str, path: str) -> DoseValue | None:
        """Convert one number as sent; a text that is no number becomes a deviation and an item."""
        try:
            number = parse_decimal(sent)
        except ValueError:
            self.deviations.add("not-a-number", path, f"{sent!r} is not a number; kept as text")
            self.items.append(CodedItem(f"{quantity}_as_sent", text=sent, path=path))
            return None
        if "," in sent:
            self.deviations.add(
                "decimal-comma", path, f"{sent!r} has a decimal comma; read as {number}"
            )
        if number < 0 and QUANTITIES[quantity].is_dose:
            self.deviations.add("negative-dose", path, f"{sent!r} is negative; kept as text")
            self.items.append(CodedItem(f"{quantity}_as_sent", text=sent, path=path))
            return None
        storage = QUANTITIES[quantity].unit
        try:
            stored = to_storage(number, unit, quantity)
        except ArithmeticError:
            self.deviations.add("number-too-large", path, f"{sent!r} is beyond any real value")
            self.items.append(CodedItem(f"{quantity}_as_sent", text=sent, path=path))
            return None
        return DoseValue(quantity, stored, storage, sent, unit, path)


_AS_DEFINED: Final[Mapping[str, str]] = {}


def read_values(
    sources: Sources,
    notes: Notes,
    *,
    mammography: bool,
    units: Mapping[str, str] = _AS_DEFINED,
) -> None:
    """Read every dose and technique attribute that the header holds.

    `units` names what the maker of the equipment writes in another unit than the standard's.
    """
    further = MAMMOGRAPHY_ATTRIBUTES if mammography else OTHER_ATTRIBUTES
    materials = _material_count(sources)
    for quantity, attributes in (*QUANTITY_ATTRIBUTES, *further):
        readings = [
            found
            for a in attributes
            if (found := _read(sources, quantity, _in(units.get(quantity), a), materials, notes))
        ]
        _settle(readings, notes)
    read_items(sources, notes)
    if mammography:
        _read_density(notes)


def _in(unit: str | None, attribute: Attribute) -> Attribute:
    return Attribute(attribute.tag, unit, attribute.many) if unit else attribute


def _find(sources: Sources, tag: int) -> tuple[list[str], str]:
    for ds, prefix in sources:
        texts = access.raw_texts(ds, tag)
        if texts:
            return texts, f"{prefix}{tag_path(tag)}"
    return [], ""


def _material_count(sources: Sources) -> int:
    texts, _ = _find(sources, 0x00187050)
    return sum(len(part.split(",")) for part in texts)


def _read(
    sources: Sources, quantity: str, attribute: Attribute, materials: int, notes: Notes
) -> list[DoseValue]:
    texts, path = _find(sources, attribute.tag)
    if attribute.many and len(texts) == 1 and _is_comma_list(texts[0], materials):
        texts = texts[0].split(",")
        notes.deviations.add(
            "comma-separated-values", path, "values are separated by commas, not backslashes"
        )
    elif not attribute.many and len(texts) > 1:
        notes.deviations.add(
            "several-values", path, f"{len(texts)} values where one is allowed; first one read"
        )
        texts = texts[:1]
    several = len(texts) > 1
    found = (
        notes.quantity(quantity, sent, attribute.unit, f"{path}[{number}]" if several else path)
        for number, sent in enumerate(texts, 1)
        if sent
    )
    return [value for value in found if value is not None]


def _is_comma_list(sent: str, materials: int) -> bool:
    """Tell `1.06,0.206` (two filters) from `1,06` (a decimal comma)."""
    return "," in sent and ("." in sent or (materials > 1 and sent.count(",") == materials - 1))


def _settle(readings: list[list[DoseValue]], notes: Notes) -> None:
    """Keep the most precise statement of a quantity as its value, the others as items.

    Statements of a technique that lie far apart leave none: one of them is in another unit.
    """
    if not readings:
        return
    chosen = next((r for r in readings if any(v.value for v in r)), readings[0])
    others = [value for other in readings if other is not chosen for value in other]
    if any(_contradict(chosen[0], value) for value in others):
        notes.deviations.add(
            "attributes-contradict",
            chosen[0].path,
            f"{_sent(chosen[0])} here, {_sent(others[0])} in {others[0].path}: kept as text",
        )
        for value in (*chosen, *others):
            notes.items.append(
                CodedItem(f"{value.quantity}_as_sent", text=_sent(value), path=value.path)
            )
        return
    notes.values.extend(chosen)
    for value in others:
        _keep_beside(chosen[0], value, notes)


def _sent(value: DoseValue) -> str:
    return f"{value.original} {value.original_unit}"


def _contradict(chosen: DoseValue, other: DoseValue) -> bool:
    """Say whether two statements of a technique differ by more than any rounding (P1)."""
    if QUANTITIES[chosen.quantity].is_dose or not chosen.value or not other.value:
        return False
    low, high = sorted((chosen.value, other.value))
    step = to_storage(Decimal(1), other.original_unit, other.quantity)
    return low * _FAR_APART < high and high - low > step


def _keep_beside(chosen: DoseValue, other: DoseValue, notes: Notes) -> None:
    sent = _sent(other)
    notes.items.append(CodedItem(f"{other.quantity}_as_sent", text=sent, path=other.path))
    step = to_storage(Decimal(1), other.original_unit, other.quantity)
    zero_beside_value = chosen.value != 0 and other.value == 0
    if zero_beside_value or abs(chosen.value - other.value) > step:
        notes.deviations.add(
            "attributes-disagree",
            other.path,
            f"{sent} here, {chosen.original} {chosen.original_unit} in {chosen.path} (used)",
        )


def read_items(sources: Sources, notes: Notes) -> None:
    """Read what the header says in words and codes: view, filter, grid, comment."""
    for tag, name in ITEM_ATTRIBUTES:
        for ds, prefix in sources:
            text = access.text(ds, tag)
            if text:
                notes.items.extend(_items(name, text, f"{prefix}{tag_path(tag)}"))
                break
    filter_type = next((item for item in notes.items if item.name == "filter_type"), None)
    if filter_type and not any(item.name == "filter_material" for item in notes.items):
        _read_symbol_filter(filter_type, notes)


def _items(name: str, text: str, path: str) -> Iterable[CodedItem]:
    if name not in {"filter_material", "anode_target_material"}:
        return [CodedItem(name, text=text, path=path)]
    parts = [part.strip() for part in re.split(r"[\\,]", text) if part.strip()]
    return [CodedItem(name, _material(part.upper()), part, path) for part in parts]


def _material(name: str) -> Code | None:
    """Return the code of a material by its defined term, British spelling or chemical symbol."""
    return MATERIALS.get(_SYMBOLS.get(name, name))


def _read_symbol_filter(item: CodedItem, notes: Notes) -> None:
    """Read `CU_0.2_MM` in Filter Type, where Siemens Fluorospot states material and thickness."""
    found = _SYMBOL_FILTER.fullmatch(item.text.strip())
    if not found:
        return
    material = _SYMBOLS[found[1].upper()]
    notes.items.append(CodedItem("filter_material", MATERIALS[material], material, item.path))
    for quantity in ("filter_thickness_minimum", "filter_thickness_maximum"):
        value = notes.quantity(quantity, found[2], "mm", item.path)
        if value is not None:
            notes.values.append(value)


def _read_density(notes: Notes) -> None:
    """Read the fibroglandular percentage that GE and Hologic put into the dose comment."""
    comment = next((i for i in notes.items if i.name == "comments_on_radiation_dose"), None)
    found = _PERCENT.fullmatch(comment.text) if comment else None
    if comment and found:
        value = notes.quantity("percent_fibroglandular", found[1], "%", comment.path)
        if value is not None:
            notes.values.append(value)
