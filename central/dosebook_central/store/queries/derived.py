"""Derived doses: all of one exam with its versions, and one patient's by exam and by region."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection, select

from dosebook_central.dosimetry.stored_form import from_text
from dosebook_central.dosimetry.values import Derived
from dosebook_central.store.dose_models import Derivation, DerivationDue, ExamDose, RegionDose


@dataclass(frozen=True, slots=True)
class DerivedVersion:
    """One computation of an exam's derived doses; a trial was made for a comparison only."""

    version: int
    computed_at: datetime
    software: str
    sets_sha256: str
    input_sha256: str
    reason: str
    is_trial: bool


@dataclass(frozen=True, slots=True)
class ExamDerived:
    """The derived doses of one exam in force, and every version of them, the newest first.

    `is_due` is true while a newer one is awaited.
    """

    derived: Derived
    in_force: DerivedVersion
    versions: tuple[DerivedVersion, ...]
    is_due: bool


@dataclass(frozen=True, slots=True)
class DoseRow:
    """One exam in the present view of doses; None is not computable, never 0 (P29)."""

    exam_id: str
    version: int
    started: str
    modality: str
    station: str
    institution: str
    origin: str
    is_therapeutic: bool
    procedure_id: str
    procedure_source: str
    regions: str
    sex: str
    age_years: Decimal | None
    weight_kg: Decimal | None
    size_m: Decimal | None
    phantom: str
    effective_dose_msv: Decimal | None
    effective_dose_low_msv: Decimal | None
    effective_dose_high_msv: Decimal | None
    effective_dose_set: str
    is_typical: bool
    dlp_mgy_cm: Decimal | None
    dlp_imaging_mgy_cm: Decimal | None
    ctdi_vol_max_mgy: Decimal | None
    ssde_max_mgy: Decimal | None
    dose_area_product_gy_cm2: Decimal | None
    dose_rp_mgy: Decimal | None
    fluoro_time_s: Decimal | None
    agd_left_mgy: Decimal | None
    agd_right_mgy: Decimal | None
    agd_view_max_mgy: Decimal | None
    administered_activity_mbq: Decimal | None
    agent: str
    compression_thickness_mm: Decimal | None
    peak_skin_dose_mgy: Decimal | None


@dataclass(frozen=True, slots=True)
class RegionRow:
    """What one exam gave one base region, in the storage unit of the quantity."""

    exam_id: str
    region: str
    quantity: str
    phantom: str
    side: str
    started: str
    modality: str
    is_therapeutic: bool
    origin: str
    value: Decimal
    low: Decimal | None
    high: Decimal | None
    event_count: int
    is_split: bool


def get_derived(connection: Connection, exam_id: str) -> ExamDerived | None:
    """Return the derived doses of an exam; None while it has none, or where there is no exam."""
    in_force = connection.scalar(select(ExamDose.version).where(ExamDose.exam_id == exam_id))
    if in_force is None:
        return None
    columns = [getattr(Derivation, name) for name in DerivedVersion.__slots__]
    rows = connection.execute(
        select(*columns).where(Derivation.exam_id == exam_id).order_by(Derivation.version.desc())
    )
    versions = tuple(DerivedVersion(*row) for row in rows)
    derived = get_version(connection, exam_id, in_force)
    due = connection.scalar(select(DerivationDue.exam_id).where(DerivationDue.exam_id == exam_id))
    if derived is None:  # history is never deleted
        raise LookupError(f"exam {exam_id} has no derivation {in_force}")
    return ExamDerived(
        derived,
        next(one for one in versions if one.version == in_force),
        versions,
        due is not None,
    )


def get_version(connection: Connection, exam_id: str, version: int) -> Derived | None:
    """Return what one version says of an exam, or None where there is no such version."""
    body = connection.scalar(
        select(Derivation.body).where(Derivation.exam_id == exam_id, Derivation.version == version)
    )
    return None if body is None else from_text(body)


def patient_doses(connection: Connection, patient_id: str) -> list[DoseRow]:
    """Return the present doses of a patient's exams, the newest first."""
    columns = [getattr(ExamDose, name) for name in DoseRow.__slots__]
    rows = connection.execute(
        select(*columns)
        .where(ExamDose.patient_id == patient_id)
        .order_by(ExamDose.started.desc(), ExamDose.exam_id)
    )
    return [DoseRow(*row) for row in rows]


def patient_regions(
    connection: Connection,
    patient_id: str,
    *,
    since: date | None = None,
    until: date | None = None,
    modality: str = "",
    therapeutic: bool | None = False,
) -> list[RegionRow]:
    """Return what a patient's exams gave each base region, the oldest first.

    Both days are included. Therapeutic exposures are left out unless asked for; None gives both
    kinds, for lists and never for sums (R100).
    """
    columns = [getattr(RegionDose, name) for name in RegionRow.__slots__]
    statement = select(*columns).where(RegionDose.patient_id == patient_id)
    if since:
        statement = statement.where(RegionDose.started >= since.isoformat())
    if until:
        after = (until + timedelta(days=1)).isoformat()
        statement = statement.where(RegionDose.started < after)
    if modality:
        statement = statement.where(RegionDose.modality == modality)
    if therapeutic is not None:
        statement = statement.where(RegionDose.is_therapeutic == therapeutic)
    rows = connection.execute(
        statement.order_by(
            RegionDose.started, RegionDose.exam_id, RegionDose.region, RegionDose.quantity
        )
    )
    return [RegionRow(*row) for row in rows]
