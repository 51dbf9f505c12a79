"""One exam's derived doses from its inputs and the sets in force: the composition of dosimetry."""

from typing import Final, Protocol

from dosebook_central.dosimetry.anatomy import region_findings, regions_of
from dosebook_central.dosimetry.ct import ct_findings
from dosebook_central.dosimetry.cumulative import region_shares
from dosebook_central.dosimetry.exemptions import exemptions_of
from dosebook_central.dosimetry.findings import Context, Findings
from dosebook_central.dosimetry.inputs import ExamInputs
from dosebook_central.dosimetry.mammography import mammography_findings
from dosebook_central.dosimetry.nuclear import nuclear_findings
from dosebook_central.dosimetry.organ_dose import organ_findings
from dosebook_central.dosimetry.patient import age_at, is_therapeutic, patient_findings
from dosebook_central.dosimetry.projection import projection_findings
from dosebook_central.dosimetry.sets import Library
from dosebook_central.dosimetry.values import Derived

DOSIMETRY_VERSION: Final = "1"
"""Raised whenever a formula gives another result for any exam: a recomputation adds versions."""

_FAMILIES: Final = (
    patient_findings,
    region_findings,
    ct_findings,
    projection_findings,
    mammography_findings,
    nuclear_findings,
    organ_findings,
)


class ProcedureResolver(Protocol):
    """Says which standard procedure an exam is."""

    def __call__(self, exam: ExamInputs) -> tuple[str, str]:
        """Return procedure id and what said so (decision, code, words); both empty for none."""
        ...


def derive(exam: ExamInputs, library: Library, procedure_of: ProcedureResolver) -> Derived:
    """Derive all quantities of one exam; a function of its arguments alone."""
    procedure_id, procedure_source = procedure_of(exam)
    age = age_at(exam)
    regions = regions_of(exam, library, procedure_id, procedure_source)
    context = Context(library, age, regions, procedure_id)
    found = sum((family(exam, context) for family in _FAMILIES), Findings())
    return Derived(
        values=found.values,
        absences=found.absences,
        flags=found.flags,
        regions=tuple(regions[ordinal] for ordinal in sorted(regions)),
        shares=region_shares(exam, found.values, regions, library),
        procedure_id=procedure_id,
        procedure_source=procedure_source,
        age_years=age.years if age else None,
        age_source=age.source if age else "",
        is_therapeutic=is_therapeutic(exam),
        exemptions=exemptions_of(exam, context),
    )
