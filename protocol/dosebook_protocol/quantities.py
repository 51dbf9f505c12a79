"""The quantities of patient dosimetry, their one storage unit each, and exact conversion.

A value is a `Decimal` in its quantity's storage unit; every conversion is exact, because a
factor-ten error in a dose is unforgivable (P1, P2, P3). Units are UCUM codes as DICOM sends them
in Measurement Units Code Sequence (0040,08EA).
"""

import re
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from fractions import Fraction
from typing import Final

_EXACT: Final = Context(prec=60)


class UnitError(ValueError):
    """A unit that is unknown, or that does not measure the quantity at hand."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """One measured quantity: its label for people, storage unit (UCUM) and column suffix."""

    name: str
    label: str
    unit: str
    suffix: str
    is_dose: bool = False

    @property
    def field(self) -> str:
        """Name of the value in columns and JSON, unit included: `dlp_mgy_cm`."""
        return f"{self.name}_{self.suffix}" if self.suffix else self.name


# unit → (dimension, factor to the dimension's base unit). Factors are exact.
_U: Final[dict[str, tuple[str, Fraction]]] = {}


def _define(dimension: str, **units: str) -> None:
    for code, factor in units.items():
        _U[code] = (dimension, Fraction(factor))


_define("kerma", Gy="1", dGy="1/10", cGy="1/100", mGy="1/1000", uGy="1/1000000")
# UCUM lets any gray stand by any length, and devices do: products are made, not listed.
for _gray, (_, _kerma) in list(_U.items()):
    for _prefix, _length in (("", 1), ("c", 100), ("m", 1000)):
        _U[f"{_gray}.{_prefix}m2"] = ("kerma-area", _kerma / _length**2)
        _U[f"{_gray}.{_prefix}m"] = ("kerma-length", _kerma * 10**5 / _length)
_define("equivalent dose", Sv="1", mSv="1/1000", uSv="1/1000000")
_U.update(
    {
        "A.s": ("charge", Fraction(1)),
        "mA.s": ("charge", Fraction(1, 10**3)),
        "uA.s": ("charge", Fraction(1, 10**6)),
        "{pulse}/s": ("pulse rate", Fraction(1)),
        "Bq/mmol": ("specific activity", Fraction(1)),
        "MBq/mmol": ("specific activity", Fraction(10**6)),
        "mg/dl": ("concentration", Fraction(1)),
        "ml/min": ("clearance", Fraction(1)),
        "1": ("ratio", Fraction(1)),
        "%": ("percent", Fraction(1)),
    }
)
_define("time", s="1", ms="1/1000", us="1/1000000", min="60", h="3600", d="86400")
_define("length", m="1", dm="1/10", cm="1/100", mm="1/1000", um="1/1000000")
_define("area", m2="1", cm2="1/10000", mm2="1/1000000")
_define("mass", kg="1", g="1/1000", mg="1/1000000")
_define("volume", cm3="1", ml="1", l="1000")
_define("voltage", kV="1000", V="1")
_define("current", A="1", mA="1/1000", uA="1/1000000")
_define("angle", deg="1")
_define("force", N="1", daN="10", kgf="9.80665")
_define("activity", Bq="1", kBq="1000", MBq="1000000", GBq="1000000000", mCi="37000000")
_define("activity", uCi="37000", Ci="37000000000")
_U.update(
    {
        "C/kg": ("exposure", Fraction(1)),
        "R": ("exposure", Fraction("0.000258")),
        "mR": ("exposure", Fraction("0.000000258")),
    }
)
_define("count", **{"{n}": "1"})
# What dosimeters, area monitors and electrometers state. Roentgen by area has no exact kerma-area.
_U["R.cm2"] = ("exposure-area", Fraction(1))
_define("charge", C="1", nC="1/1000000000", pC="1/1000000000000")
_define("current", nA="1/1000000000", pA="1/1000000000000")
_define("count rate", **{"{count}/min": "1", "{count}/s": "60"})
_define(
    "equivalent dose rate",
    **{"Sv/h": "1", "mSv/h": "1/1000", "uSv/h": "1/1000000", "nSv/h": "1/1000000000"},
)
_define(
    "kerma rate",
    **{"Gy/h": "1", "mGy/h": "1/1000", "uGy/h": "1/1000000"},
    **{"Gy/min": "60", "mGy/min": "60/1000", "uGy/min": "60/1000000"},
    **{"Gy/s": "3600", "mGy/s": "3600/1000", "uGy/s": "3600/1000000"},
)

# Spellings met in real objects. Keys are compared without case-sensitive guesswork: each is listed.
_ALIASES: Final[dict[str, str]] = {
    "Gym2": "Gy.m2", "Gy*m2": "Gy.m2", "Gy.m^2": "Gy.m2", "Gy m2": "Gy.m2",
    "Gycm2": "Gy.cm2", "Gy*cm2": "Gy.cm2", "Gy.cm^2": "Gy.cm2", "Gy·cm²": "Gy.cm2",
    "dGycm2": "dGy.cm2", "dGy*cm2": "dGy.cm2", "dGy·cm²": "dGy.cm2",
    "cGycm2": "cGy.cm2", "cGy*cm2": "cGy.cm2", "cGy·cm²": "cGy.cm2",
    "mGycm2": "mGy.cm2", "mGy*cm2": "mGy.cm2", "mGy·cm²": "mGy.cm2",
    "uGym2": "uGy.m2", "uGy*m2": "uGy.m2", "µGy.m2": "uGy.m2", "µGym2": "uGy.m2",
    "µGy·m²": "uGy.m2", "μGy.m2": "uGy.m2", "μGy·m²": "uGy.m2",
    "µGy.cm2": "uGy.cm2", "μGy.cm2": "uGy.cm2", "uGycm2": "uGy.cm2", "µGy·cm²": "uGy.cm2",
    "mGycm": "mGy.cm", "mGy*cm": "mGy.cm", "mGy·cm": "mGy.cm", "mGy cm": "mGy.cm",
    "µGy": "uGy", "μGy": "uGy", "µSv": "uSv", "μSv": "uSv",
    "uAs": "uA.s", "µA.s": "uA.s", "µAs": "uA.s", "μAs": "uA.s", "μA.s": "uA.s",
    "mAs": "mA.s", "mAS": "mA.s", "ma": "mA", "As": "A.s", "µs": "us", "μs": "us",
    "µm": "um", "μm": "um",
    "sec": "s", "msec": "ms", "KV": "kV", "kVp": "kV", "kv": "kV", "kVP": "kV", "KVP": "kV",
    "secs": "s", "second": "s", "seconds": "s", "minute": "min", "minutes": "min", "Min": "min",
    "degrees": "deg", "degree": "deg", "°": "deg", "º": "deg", "Deg": "deg",
    "ratio": "1", "{ratio}": "1", "no units": "1", "": "1", "percent": "%",
    "events": "{n}", "{events}": "{n}", "{event}": "{n}", "{frames}": "{n}",
    "{X-Ray sources}": "{n}",
    "{X-ray sources}": "{n}", "X-Ray sources": "{n}", "X-ray sources": "{n}",
    "{pulses}": "{n}", "{no units}": "1", "{image}": "{n}", "{exposures}": "{n}",
    "pulse/s": "{pulse}/s", "{pulses}/s": "{pulse}/s", "{pulse}/sec": "{pulse}/s",
    "/s": "{pulse}/s",
    "1/s": "{pulse}/s", "Hz": "{pulse}/s", "{frames}/s": "{pulse}/s", "{frame}/s": "{pulse}/s",
    "pulses/s": "{pulse}/s", "p/s": "{pulse}/s", "fps": "{pulse}/s", "1/sec": "{pulse}/s",
    "[Ci]": "Ci", "m[Ci]": "mCi", "u[Ci]": "uCi", "µCi": "uCi", "μCi": "uCi",
    "[mCi]": "mCi", "MBQ": "MBq", "Mbq": "MBq", "[R]": "R", "m[R]": "mR", "kg[f]": "kgf",
    "newton": "N", "Newton": "N", "mL": "ml", "L": "l", "KBq": "kBq",
    "hour": "h", "hours": "h", "hr": "h", "hrs": "h", "day": "d", "days": "d",
}  # fmt: skip
# Units written out, which can be but one: `Milligray`, `MegaBecquerel`.
_WORDS: Final[dict[str, str]] = {
    f"{prefix}{name}": f"{symbol}{unit}"
    for prefix, symbol in (
        ("", ""), ("deci", "d"), ("centi", "c"), ("milli", "m"), ("micro", "u"),
        ("kilo", "k"), ("mega", "M"), ("giga", "G"),
    )
    for name, unit in (
        ("gray", "Gy"), ("grays", "Gy"), ("sievert", "Sv"), ("becquerel", "Bq"), ("curie", "Ci"),
    )
    if f"{symbol}{unit}" in _U
}  # fmt: skip
# A whole unit in brackets, which UCUM has for grouping, is that unit.
_BRACKETED: Final = re.compile(r"[(\[]([^()\[\]]+)[)\]]\Z")


_SUPERSCRIPTS: Final = str.maketrans({"²": "2", "³": "3", "^": "", "µ": "u", "μ": "u"})
# `dGy*cm*cm` is how PS3.3 itself writes its unit of KAP.
_SQUARES: Final = re.compile(r"cm([\s.*·⋅×]?)cm\Z")
_JOINTS: Final = re.compile(r"(?<=[yS])\s?x\s?(?=[cdm]m)|(?:[\s.*·⋅×_]|-(?!\d))+")
_GRAYS: Final = re.compile(r"(?<![A-Za-z])([mcdu]?)(?:gy|GY|Gy)(?=$|[cdm]?m)", re.ASCII)


def _spelling(code: str) -> str:
    """Reduce a unit to its letters and digits, so that `uGy·m²` and `uGy*m^2` are `uGym2`.

    The case of Gy and of the lengths does not matter; that of a prefix does, m is not M.
    """
    joined = _JOINTS.sub("", _SQUARES.sub("cm2", code.translate(_SUPERSCRIPTS)))
    lengths = joined.replace("Cm", "cm").replace("CM", "cm")
    if lengths.endswith(("yM2", "YM2")):
        lengths = f"{lengths[:-2]}m2"
    return _GRAYS.sub(r"\1Gy", lengths)


def canonical_unit(code: str) -> str:
    """Return the UCUM spelling of a unit as sent; raises `UnitError` for an unknown one."""
    stripped = code.strip()
    unit = stripped if stripped in _U else _ALIASES.get(stripped)
    if unit is None:
        unit = _SPELLINGS.get(_spelling(stripped)) or _WORDS.get(stripped.lower())
    if unit is None:
        bracketed = _BRACKETED.match(stripped)
        if bracketed is not None:
            return canonical_unit(bracketed[1])
        raise UnitError(
            f"unknown unit {code!r}: not a unit of any dose quantity that Dosebook knows"
        )
    return unit


_SPELLINGS: Final = {_spelling(unit): unit for unit in _U if len(_spelling(unit)) > 1}


def _q(name: str, label: str, unit: str, suffix: str, *, dose: bool = False) -> Quantity:
    return Quantity(name, label, unit, suffix, dose)


_ALL: Final = (
    # Dose and dose indices
    _q("ctdi_vol", "CTDIvol", "mGy", "mgy", dose=True),
    _q("ctdi_w", "CTDIw", "mGy", "mgy", dose=True),
    _q("ctdi_free_air", "CTDIfreeair", "mGy", "mgy"),
    _q("dlp", "DLP", "mGy.cm", "mgy_cm", dose=True),
    _q("ssde", "SSDE", "mGy", "mgy", dose=True),
    _q("effective_dose", "Effective dose", "mSv", "msv", dose=True),
    _q("dose_area_product", "KAP", "Gy.cm2", "gy_cm2", dose=True),
    _q("fluoro_dose_area_product", "Fluoroscopy KAP", "Gy.cm2", "gy_cm2", dose=True),
    _q("acquisition_dose_area_product", "Acquisition KAP", "Gy.cm2", "gy_cm2", dose=True),
    _q("dose_rp", "Ka,r", "mGy", "mgy", dose=True),
    _q("fluoro_dose_rp", "Fluoroscopy Ka,r", "mGy", "mgy", dose=True),
    _q("acquisition_dose_rp", "Acquisition Ka,r", "mGy", "mgy", dose=True),
    _q("entrance_exposure_rp", "Entrance exposure at RP", "mGy", "mgy", dose=True),
    _q("entrance_dose", "Entrance dose", "mGy", "mgy", dose=True),
    _q("average_glandular_dose", "AGD", "mGy", "mgy", dose=True),
    _q("organ_dose", "Organ dose", "mGy", "mgy", dose=True),
    _q("administered_activity", "Administered activity", "MBq", "mbq", dose=True),
    _q("pre_administration_activity", "Activity before administration", "MBq", "mbq"),
    _q("post_administration_activity", "Activity after administration", "MBq", "mbq"),
    # Time
    _q("fluoro_time", "Fluoroscopy time", "s", "s"),
    _q("acquisition_time", "Acquisition time", "s", "s"),
    _q("irradiation_duration", "Irradiation duration", "s", "s"),
    _q("exposure_time", "Exposure time", "ms", "ms"),
    _q("exposure_time_per_rotation", "Exposure time per rotation", "s", "s"),
    _q("pulse_width", "Pulse width", "ms", "ms"),
    _q("half_life", "Half-life", "s", "s"),
    # Technique
    _q("kvp", "Tube voltage", "kV", "kv"),
    _q("tube_current", "Tube current", "mA", "ma"),
    _q("average_tube_current", "Average tube current", "mA", "ma"),
    _q("maximum_tube_current", "Maximum tube current", "mA", "ma"),
    _q("exposure", "Exposure", "mA.s", "mas"),
    _q("pulse_rate", "Pulse rate", "{pulse}/s", "per_s"),
    _q("number_of_pulses", "Pulses", "{n}", ""),
    _q("number_of_frames", "Frames", "{n}", ""),
    _q("number_of_events", "Irradiation events", "{n}", ""),
    _q("number_of_x_ray_sources", "X-ray sources", "{n}", ""),
    _q("focal_spot_size", "Focal spot", "mm", "mm"),
    _q("filter_thickness_minimum", "Filter thickness, minimum", "mm", "mm"),
    _q("filter_thickness_maximum", "Filter thickness, maximum", "mm", "mm"),
    _q("half_value_layer", "Half-value layer", "mm", "mm"),
    _q("pitch_factor", "Pitch", "1", ""),
    _q("single_collimation_width", "Nominal single collimation", "mm", "mm"),
    _q("total_collimation_width", "Nominal total collimation", "mm", "mm"),
    _q("scanning_length", "Scanning length", "mm", "mm"),
    _q("length_of_reconstructable_volume", "Reconstructable length", "mm", "mm"),
    _q("exposed_range", "Exposed range", "mm", "mm"),
    _q("ctdi_vol_notification", "CTDIvol notification value", "mGy", "mgy"),
    _q("ctdi_vol_alert", "CTDIvol alert value", "mGy", "mgy"),
    _q("dlp_notification", "DLP notification value", "mGy.cm", "mgy_cm"),
    _q("dlp_alert", "DLP alert value", "mGy.cm", "mgy_cm"),
    _q("ctdi_vol_forward_estimate", "CTDIvol forward estimate", "mGy", "mgy"),
    _q("dlp_forward_estimate", "DLP forward estimate", "mGy.cm", "mgy_cm"),
    _q("effective_dose_conversion_factor", "Effective dose conversion factor", "1", ""),
    _q("water_equivalent_diameter", "Water-equivalent diameter", "mm", "mm"),
    _q("effective_diameter", "Effective diameter", "mm", "mm"),
    _q("lateral_dimension", "Lateral dimension", "mm", "mm"),
    _q("ap_dimension", "AP dimension", "mm", "mm"),
    _q("exposure_index", "Exposure index", "1", ""),
    _q("target_exposure_index", "Target exposure index", "1", ""),
    _q("deviation_index", "Deviation index", "1", ""),
    # Geometry
    _q("positioner_primary_angle", "Positioner primary angle", "deg", "deg"),
    _q("positioner_secondary_angle", "Positioner secondary angle", "deg", "deg"),
    _q("positioner_primary_end_angle", "Positioner primary end angle", "deg", "deg"),
    _q("positioner_secondary_end_angle", "Positioner secondary end angle", "deg", "deg"),
    _q("column_angulation", "Column angulation", "deg", "deg"),
    _q("table_head_tilt_angle", "Table head tilt", "deg", "deg"),
    _q("table_horizontal_rotation_angle", "Table horizontal rotation", "deg", "deg"),
    _q("table_cradle_tilt_angle", "Table cradle tilt", "deg", "deg"),
    _q("distance_source_to_detector", "Source to detector", "mm", "mm"),
    _q("distance_source_to_isocenter", "Source to isocentre", "mm", "mm"),
    _q("distance_source_to_reference_point", "Source to reference point", "mm", "mm"),
    _q("distance_source_to_table_plane", "Source to table plane", "mm", "mm"),
    _q("distance_source_to_patient", "Source to patient", "mm", "mm"),
    _q("distance_source_to_entrance", "Source to entrance", "mm", "mm"),
    _q("table_longitudinal_position", "Table longitudinal position", "mm", "mm"),
    _q("table_lateral_position", "Table lateral position", "mm", "mm"),
    _q("table_height_position", "Table height", "mm", "mm"),
    _q("table_longitudinal_end_position", "Table longitudinal end position", "mm", "mm"),
    _q("table_lateral_end_position", "Table lateral end position", "mm", "mm"),
    _q("table_height_end_position", "Table height at end", "mm", "mm"),
    _q("collimated_field_area", "Collimated field area", "cm2", "cm2"),
    _q("collimated_field_height", "Collimated field height", "mm", "mm"),
    _q("collimated_field_width", "Collimated field width", "mm", "mm"),
    # Patient and breast
    _q("patient_equivalent_thickness", "Equivalent thickness", "mm", "mm"),
    _q("compression_thickness", "Compression thickness", "mm", "mm"),
    _q("compression_force", "Compression force", "N", "n"),
    _q("percent_fibroglandular", "Fibroglandular tissue", "%", "percent"),
    # Nuclear medicine
    _q("specific_activity", "Specific activity", "Bq/mmol", "bq_mmol"),
    _q("radiopharmaceutical_volume", "Volume", "cm3", "cm3"),
    _q("organ_mass", "Organ mass", "g", "g"),
    _q("estimated_extravasation", "Estimated extravasation", "%", "percent"),
    _q("glucose", "Glucose", "mg/dl", "mg_dl"),
    _q("glomerular_filtration_rate", "GFR", "ml/min", "ml_min"),
)  # fmt: skip

QUANTITIES: Final[dict[str, Quantity]] = {quantity.name: quantity for quantity in _ALL}


def parse_decimal(text: str) -> Decimal:
    """Parse a DICOM decimal string, tolerating padding and a decimal comma.

    A comma before exactly three digits, as in `1,234`, may part thousands as well: it is refused,
    for a factor of a thousand is not to be guessed. `1,234.5` and `1.234,5` can only be one number.

    Raises:
        ValueError: not a finite number, or one that can be read in two ways.
    """
    cleaned = text.strip().strip("\0")
    if "," in cleaned:
        cleaned = _with_point(cleaned)
    try:
        value = Decimal(cleaned)
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a number") from None
    if not value.is_finite():
        raise ValueError(f"{text!r} is not a finite number")
    return value or abs(value)  # no negative zero


_GROUPED: Final = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+\.\d+|[+-]?\d{1,3}(?:\.\d{3})+,\d+")
_EITHER: Final = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


def _with_point(text: str) -> str:
    """Write a number that has a comma with a decimal point only."""
    if _EITHER.fullmatch(text):
        raise ValueError(f"the comma of {text!r} may be decimal or part thousands")
    if _GROUPED.fullmatch(text):
        decimal = max(",", ".", key=text.rfind)
        return text.replace("." if decimal == "," else ",", "").replace(",", ".")
    return text.replace(",", ".") if text.count(",") == 1 and "." not in text else text


def measures(unit: str) -> str:
    """Return the dimension that a unit measures; raises `UnitError` for an unknown one."""
    return _U[canonical_unit(unit)][0]


def factor(from_unit: str, to_unit: str) -> Decimal:
    """Return the exact factor between two units of one dimension; raises `UnitError`."""
    source, target = _U[canonical_unit(from_unit)], _U[canonical_unit(to_unit)]
    if source[0] != target[0]:
        raise UnitError(f"{from_unit!r} measures {source[0]}, not {target[0]} as {to_unit!r} does")
    ratio = source[1] / target[1]
    exact = _EXACT.divide(Decimal(ratio.numerator), Decimal(ratio.denominator))
    if Fraction(exact) != ratio:
        raise UnitError(f"{from_unit!r} to {to_unit!r} is not an exact decimal factor")
    return exact


_FACTORS: dict[tuple[str, str], Decimal] = {}


def convert(value: Decimal, from_unit: str, to_unit: str) -> Decimal:
    """Convert exactly between two units of one dimension; raises `UnitError`."""
    key = (from_unit, to_unit)
    known = _FACTORS.get(key)
    if known is None:
        known = _FACTORS[key] = factor(from_unit, to_unit)
    return value if known == 1 else plain(_EXACT.multiply(value, known))


def plain(value: Decimal) -> Decimal:
    """Drop trailing zeros without leaving exponent notation behind."""
    normal = value.normalize(_EXACT)
    exponent = normal.as_tuple().exponent
    return (
        normal.quantize(Decimal(1), context=_EXACT)
        if isinstance(exponent, int) and exponent > 0
        else normal
    )


def to_storage(value: Decimal, unit: str, quantity: str) -> Decimal:
    """Convert a value in `unit` to the storage unit of `quantity`; raises `UnitError`."""
    return convert(value, unit, QUANTITIES[quantity].unit)
