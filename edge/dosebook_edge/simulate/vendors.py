"""The manner of several makers, as data: what differs between two valid dose reports of one exam.

Makers' names say whose habits a row copies; devices, serial numbers and doses are invented.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal

from dosebook_edge.simulate.codes import Code, as_srt
from dosebook_edge.simulate.values import NumberStyle

XRAY_RDSR: Final = "1.2.840.10008.5.1.4.1.1.88.67"
RRDSR: Final = "1.2.840.10008.5.1.4.1.1.88.68"
ENHANCED_SR: Final = "1.2.840.10008.5.1.4.1.1.88.22"

ModalityCode = Literal["CT", "XA", "DX", "MG", "PT"]


@dataclass(frozen=True, slots=True)
class Vendor:
    """One maker's manner of writing doses.

    `omit` names optional parts that this maker leaves out; `empty` ones it sends without a value.
    `total_places` and `event_places` are decimal places in the unit as sent.
    """

    key: str
    modality: ModalityCode
    manufacturer: str
    model: str
    station: str
    software: str
    serial: str
    sop_class: str = XRAY_RDSR
    srt: bool = True
    dotted_units: bool = True
    template_id: bool = True
    implicit_vr: bool = False
    dap_unit: str = "Gy.m2"
    dose_unit: str = "Gy"
    agd_unit: str = "mGy"
    event_places: int = 8
    total_places: int = 8
    number_style: NumberStyle = "plain"
    scope: Literal["study", "step", "step-to-this-point"] = "study"
    phantom: Literal["region", "child-head"] = "region"
    localizer_dose: bool = True
    states_diameter: bool = False
    utc_offset: Literal["none", "header", "datetime"] = "none"
    is_cumulative: bool = False
    biplane: bool = False
    two_exposures: bool = False
    omit: frozenset[str] = frozenset()
    empty: frozenset[str] = frozenset()

    def code(self, code: Code) -> Code:
        """Return a concept as this maker spells it."""
        return as_srt(code) if self.srt else code

    def unit(self, ucum: str) -> str:
        """Return a UCUM unit as this maker spells it: some leave out the dots."""
        return ucum if self.dotted_units else _UNDOTTED.get(ucum, ucum)


_UNDOTTED: Final = {"Gy.m2": "Gym2", "dGy.cm2": "dGycm2", "mGy.cm": "mGycm", "uA.s": "uAs"}

_ALL: Final = (
    # CT
    Vendor("siemens-ct", "CT", "SIEMENS", "SOMATOM Definition Edge", "CT-EDGE-1",
           "syngo CT VB20A", "83111", dotted_units=False, event_places=2, total_places=2,
           utc_offset="datetime", is_cumulative=True),
    Vendor("ge-ct", "CT", "GE MEDICAL SYSTEMS", "Revolution EVO", "EVO2", "revo_ct_22bc.50",
           "CT0912440", event_places=2, total_places=2, phantom="child-head",
           localizer_dose=False, omit=frozenset({"localizer_source"})),
    Vendor("ge-ct-esr", "CT", "GE MEDICAL SYSTEMS", "BrightSpeed Elite", "BS16", "07MW18.4",
           "CT0441207", sop_class=ENHANCED_SR, template_id=False, event_places=2,
           total_places=2, phantom="child-head", localizer_dose=False,
           omit=frozenset({"device_role", "context"})),
    Vendor("canon-ct", "CT", "CANON_MEC", "Aquilion Prime SP", "AQPRIME", "V8.91ER003",
           "PSA2142077", event_places=2, total_places=2, localizer_dose=False, is_cumulative=True,
           omit=frozenset({"observer_name"})),
    Vendor("philips-ct", "CT", "Philips", "Incisive CT", "INCISIVE", "5.0.0", "880031",
           srt=False, event_places=3, total_places=1, utc_offset="header",
           states_diameter=True, omit=frozenset({"context"})),
    # C-arms and angiography
    Vendor("siemens-artis", "XA", "Siemens", "AXIOM-Artis", "ARTIS-2", "VD11C", "147031",
           dotted_units=False, event_places=7, total_places=6, number_style="long-exponent",
           is_cumulative=True),
    Vendor("siemens-artis-biplane", "XA", "Siemens", "ARTIS icono biplane", "ICONO", "VE30B",
           "190077", dotted_units=False, event_places=8, total_places=8,
           number_style="long-exponent", biplane=True, utc_offset="header"),
    Vendor("philips-azurion", "XA", "Philips Medical Systems", "Azurion", "CATHLAB-1", "2.2.3",
           "722001", event_places=10, total_places=10, number_style="exponent", scope="step",
           omit=frozenset({"rp_code"})),
    Vendor("ge-surgery", "XA", "GE Healthcare Surgery", "Elite MiniView", "OR-3", "2.1.0",
           "ESP0417", template_id=False, event_places=8, total_places=8, utc_offset="header",
           scope="step", omit=frozenset({"patient_size"}), empty=frozenset({"angles"})),
    Vendor("canon-xa", "XA", "CANON_MEC", "Ultimax-i", "SCREENING", "1.60", "HRM-314",
           dap_unit="dGy.cm2", dose_unit="mGy", event_places=3, total_places=3,
           scope="step-to-this-point", omit=frozenset({"rp_code", "angles"})),
    # Radiography
    Vendor("canon-dx", "DX", "Canon Inc.", "CXDI Control Software NE", "BUCKY-1", "3.10.0.4",
           "f3ac81", event_places=8, total_places=8, number_style="exponent", scope="step",
           omit=frozenset({"rp_code"}), empty=frozenset({"dose_rp"})),
    Vendor("siemens-dx", "DX", "SIEMENS", "Ysio Max", "YSIO", "VF11B", "31055",
           dotted_units=False, event_places=8, total_places=8, number_style="long-exponent"),
    Vendor("carestream-dx", "DX", "Carestream Health", "DRX-Evolution", "DRX-ED", "5.7.412",
           "DRX5531", dap_unit="dGy.cm2", dose_unit="mGy", event_places=3, total_places=3,
           implicit_vr=True, srt=False, omit=frozenset({"rp_code"})),
    # Mammography
    Vendor("hologic-mg", "MG", "HOLOGIC, Inc.", "Selenia Dimensions", "MAMMO-1", "AWS:1.11.0",
           "8190277", event_places=2, total_places=2, dotted_units=False,
           omit=frozenset({"observer_name", "device_role"})),
    Vendor("ge-mg", "MG", "GE HEALTHCARE", "Senographe Pristina", "PRISTINA", "7.70.51",
           "1015003", event_places=2, total_places=2, two_exposures=True),
    Vendor("siemens-mg", "MG", "SIEMENS", "MAMMOMAT Inspiration", "MAMMO-2", "VB61B", "5540",
           event_places=4, total_places=4, agd_unit="dGy", dotted_units=False),
    # PET/CT
    Vendor("siemens-petct", "PT", "SIEMENS", "Biograph64_Horizon", "PETCT", "VJ20A", "11311",
           dotted_units=False, event_places=2, total_places=2, utc_offset="datetime"),
    Vendor("ge-petct", "PT", "GE MEDICAL SYSTEMS", "Discovery MI", "DMI", "40.72", "PT440912",
           srt=False, event_places=2, total_places=2, localizer_dose=False),
)  # fmt: skip

VENDORS: Final[dict[str, Vendor]] = {vendor.key: vendor for vendor in _ALL}


class UnknownVendorError(ValueError):
    """A vendor key that no row has."""


def vendor_named(key: str, modality: str | None = None) -> Vendor:
    """Return a row by key; raises `UnknownVendorError`, which names the close ones."""
    vendor = VENDORS.get(key)
    if vendor is None or (modality is not None and vendor.modality != modality):
        fitting = [name for name, row in VENDORS.items() if modality in (None, row.modality)]
        near = get_close_matches(key, fitting, 1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(fitting)}"
        raise UnknownVendorError(f"no simulated {modality or 'modality'} is named {key!r}; {hint}")
    return vendor


def vendors_of(modality: ModalityCode) -> list[Vendor]:
    """Return the rows of one modality."""
    return [vendor for vendor in _ALL if vendor.modality == modality]
