"""The tables of derived doses. All of them follow from exams, coefficient sets and decisions.

`derivation` is the history: rows are added, never changed (P56). `exam_dose` and `region_dose` are
the present view, one row an exam and one an exam's region, for lists, sums and samples.
"""

from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any

from sqlalchemy import Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from dosebook_central.store.models import Base, Exam, Key


class CoefficientPackage(Base):
    """A version of a data package as this registry adopted it; the highest version counts.

    `rows` is the text of rows.csv, whose SHA-256 the signed manifest names. `choices` is what
    people switched: `store.queries.packages.StoredChoices`.
    """

    __tablename__ = "coefficient_package"

    id: Mapped[str] = mapped_column(Key, primary_key=True)  # aapm96, drl-uk
    version: Mapped[str] = mapped_column(Key, primary_key=True)
    kind: Mapped[str] = mapped_column(Key, index=True)
    manifest: Mapped[dict[str, Any]]
    rows: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(Key)  # of rows
    signature: Mapped[str] = mapped_column(Text)  # COSE_Sign1 over manifest and sha256, hex
    signer: Mapped[str] = mapped_column(Key)  # whose key: registry, or a publisher's name
    choices: Mapped[dict[str, Any]] = mapped_column(default=dict)
    adopted_at: Mapped[datetime]
    adopted_by: Mapped[str] = mapped_column(Key)


class PackagePublisher(Base):
    """A publisher whose signature on coefficient packages this registry accepts."""

    __tablename__ = "package_publisher"

    name: Mapped[str] = mapped_column(Key, primary_key=True)
    public_key: Mapped[str] = mapped_column(Key)  # Ed25519, hex
    trusted_at: Mapped[datetime]
    trusted_by: Mapped[str] = mapped_column(Key)


class Priority(IntEnum):
    """In which order exams are derived; what failed waits until it is marked again."""

    ARRIVED = 0
    LATER = 1
    FAILED = 9


class DerivationDue(Base):
    """The work list: an exam whose derived doses do not yet follow from its row and the sets.

    A table of its own, because marking a million exams must not rewrite a million exams.
    """

    __tablename__ = "derivation_due"
    __table_args__ = (Index("ix_derivation_due_priority_since", "priority", "since"),)

    exam_id: Mapped[str] = mapped_column(Key, primary_key=True)
    priority: Mapped[int]  # `Priority`: what arrives never waits behind a recomputation
    since: Mapped[datetime]


class Derivation(Base):
    """The derived values of one exam as computed once; `body` is `dosimetry.values.Derived`.

    A trial was computed with sets that were named for a comparison; it is never in force.
    """

    __tablename__ = "derivation"
    __table_args__ = (Index("ix_derivation_computed_at", "computed_at"),)

    exam_id: Mapped[str] = mapped_column(Key, primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    computed_at: Mapped[datetime]
    software: Mapped[str] = mapped_column(Key)  # dosimetry.DOSIMETRY_VERSION
    sets_sha256: Mapped[str] = mapped_column(Key)  # of the sets in force, see sets.Library.digest
    input_sha256: Mapped[str] = mapped_column(Key)  # of the exam's inputs
    reason: Mapped[str] = mapped_column(
        Text, default=""
    )  # arrival | what changed | sets of a trial
    is_trial: Mapped[bool] = mapped_column(default=False)
    body: Mapped[str] = mapped_column(Text)


class ExamDose(Base):
    """The derived doses in force of one exam, one number a column; NULL is not computable (P29)."""

    __tablename__ = "exam_dose"
    __table_args__ = (
        Index("ix_exam_dose_patient_id_started", "patient_id", "started"),
        Index("ix_exam_dose_procedure_id_started", "procedure_id", "started"),
        Index("ix_exam_dose_started", "started"),
    )

    exam_id: Mapped[str] = mapped_column(Key, primary_key=True)
    version: Mapped[int]  # of the derivation
    patient_id: Mapped[str] = mapped_column(Key)
    started: Mapped[str] = mapped_column(Key, default="")
    modality: Mapped[str] = mapped_column(Key, default="")
    station: Mapped[str] = mapped_column(Text, default="")
    institution: Mapped[str] = mapped_column(Text, default="")
    origin: Mapped[str] = mapped_column(Key, default="")  # captured | imported
    is_therapeutic: Mapped[bool] = mapped_column(default=False)
    procedure_id: Mapped[str] = mapped_column(Key, default="")
    procedure_source: Mapped[str] = mapped_column(Key, default="")
    regions: Mapped[str] = mapped_column(Text, default="")  # base regions, joined by ";"
    sex: Mapped[str] = mapped_column(Key, default="")
    age_years: Mapped[Decimal | None]
    weight_kg: Mapped[Decimal | None]
    size_m: Mapped[Decimal | None]
    phantom: Mapped[str] = mapped_column(Key, default="")  # of the CT values below; "" if several
    effective_dose_msv: Mapped[Decimal | None]
    effective_dose_low_msv: Mapped[Decimal | None]
    effective_dose_high_msv: Mapped[Decimal | None]
    effective_dose_set: Mapped[str] = mapped_column(Key, default="")
    is_typical: Mapped[bool] = mapped_column(default=False)  # estimated by a typical value
    dlp_mgy_cm: Mapped[Decimal | None]  # as the report totals it
    dlp_imaging_mgy_cm: Mapped[Decimal | None]  # without localisers and bolus monitoring (P14)
    dlp_event_max_mgy_cm: Mapped[Decimal | None]  # of imaging acquisitions
    ctdi_vol_max_mgy: Mapped[Decimal | None]  # of imaging acquisitions
    ssde_max_mgy: Mapped[Decimal | None]
    dose_area_product_gy_cm2: Mapped[Decimal | None]
    dose_rp_mgy: Mapped[Decimal | None]
    fluoro_time_s: Mapped[Decimal | None]
    agd_left_mgy: Mapped[Decimal | None]
    agd_right_mgy: Mapped[Decimal | None]
    agd_view_max_mgy: Mapped[Decimal | None]
    administered_activity_mbq: Mapped[Decimal | None]
    agent: Mapped[str] = mapped_column(Key, default="")
    compression_thickness_mm: Mapped[Decimal | None]
    exemptions: Mapped[str] = mapped_column(Text, default="")  # ids of rules, joined by ";" (P15)
    peak_skin_dose_mgy: Mapped[Decimal | None]


class RegionDose(Base):
    """What one exam gave one base region; composites are split (dosimetry.cumulative)."""

    __tablename__ = "region_dose"
    __table_args__ = (Index("ix_region_dose_patient_id", "patient_id"),)

    exam_id: Mapped[str] = mapped_column(Key, primary_key=True)
    region: Mapped[str] = mapped_column(Key, primary_key=True)  # a base region, or unmapped
    quantity: Mapped[str] = mapped_column(Key, primary_key=True)  # effective_dose, dlp, …
    phantom: Mapped[str] = mapped_column(Key, primary_key=True, default="")
    side: Mapped[str] = mapped_column(Key, primary_key=True, default="")
    patient_id: Mapped[str] = mapped_column(Key)
    started: Mapped[str] = mapped_column(Key, default="")
    modality: Mapped[str] = mapped_column(Key, default="")
    is_therapeutic: Mapped[bool] = mapped_column(default=False)
    origin: Mapped[str] = mapped_column(Key, default="")
    value: Mapped[Decimal]  # in the storage unit of the quantity
    low: Mapped[Decimal | None]
    high: Mapped[Decimal | None]
    event_count: Mapped[int]
    is_split: Mapped[bool] = mapped_column(default=False)


class SkinDose(Base):
    """A skin dose computation of one exam; a finished one is never changed (P56).

    `queued_at` is when the exam was last found due with these inputs: the newest row holds.
    `exam_updated_at` is the version of the exam that it was looked at in: another one is due.
    """

    __tablename__ = "skin_dose"

    exam_id: Mapped[str] = mapped_column(Key, primary_key=True)
    input_sha256: Mapped[str] = mapped_column(Key, primary_key=True)
    state: Mapped[str] = mapped_column(Key, index=True)  # queued running done refused failed
    progress: Mapped[int] = mapped_column(default=0)  # events done
    total: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(Text, default="")
    peak_mgy: Mapped[Decimal | None]
    result: Mapped[str] = mapped_column(Text, default="")  # skin_dose.model; first the request
    software: Mapped[str] = mapped_column(Key, default="")
    exam_updated_at: Mapped[datetime]
    queued_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


# Only exams of these modalities are looked at for a skin dose: a small index beside a large table.
_FLUOROSCOPY = text("modality IN ('XA', 'RF')")
Index(
    "ix_exam_skin_dose",
    Exam.updated_at,
    postgresql_where=_FLUOROSCOPY,
    sqlite_where=_FLUOROSCOPY,
)


# The start page lists the few exams whose evidences disagree, however many there are in all.
Index(
    "ix_exam_conflict",
    Exam.started,
    postgresql_where=text("has_conflict"),
    sqlite_where=text("has_conflict = 1"),
)


class ProcedureName(Base):
    """One distinct raw name of procedures, and what it was found or decided to mean.

    `procedure_id` is what its exams are taken for, if anything: as decided, or by a suggestion that
    is sure enough. Exams name their row in `exam.name_id`; the counts are as of the last look.
    """

    __tablename__ = "procedure_name"

    id: Mapped[str] = mapped_column(Key, primary_key=True)  # of family and folded name
    family: Mapped[str] = mapped_column(Key)  # modality family
    raw: Mapped[str] = mapped_column(Text)
    codes: Mapped[list[Any]] = mapped_column(default=list)  # [scheme, value, meaning] of one exam
    exam_count: Mapped[int] = mapped_column(default=0)
    first_seen: Mapped[str] = mapped_column(Key, default="")
    last_seen: Mapped[str] = mapped_column(Key, default="")
    state: Mapped[str] = mapped_column(Key, default="open", index=True)  # open confirmed ignored
    procedure_id: Mapped[str] = mapped_column(Key, default="")
    source: Mapped[str] = mapped_column(Key, default="")  # decision code rules words
    suggestion_id: Mapped[str] = mapped_column(Key, default="")
    confidence: Mapped[Decimal | None]
    why: Mapped[str] = mapped_column(Text, default="")
    rule_version: Mapped[int] = mapped_column(default=0)
    decided_by: Mapped[str] = mapped_column(Key, default="")
    decided_at: Mapped[datetime | None]


class ProcedureDecision(Base):
    """Each decision on a name, in order; an undo is one more (never changed, never deleted)."""

    __tablename__ = "procedure_decision"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    name_id: Mapped[str] = mapped_column(Key, index=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(Key)
    act: Mapped[str] = mapped_column(Key)  # confirm ignore undo
    procedure_id: Mapped[str] = mapped_column(Key, default="")


class ProcedureRules(Base):
    """What one learning run made of the confirmed names; the highest version is in use."""

    __tablename__ = "procedure_rules"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    learned_at: Mapped[datetime]
    learned_by: Mapped[str] = mapped_column(Key)
    example_count: Mapped[int]
    digest: Mapped[str] = mapped_column(Key)
    body: Mapped[str] = mapped_column(Text)  # domain.procedures.rules.RuleSet


class OrderDecision(Base):
    """Each decision on which order an event answers, in order; an undo is one more."""

    __tablename__ = "order_decision"
    __table_args__ = (Index("ix_order_decision_patient_id_event_uid", "patient_id", "event_uid"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    patient_id: Mapped[str] = mapped_column(Key)  # an exam's id may change, an event's UID may not
    event_uid: Mapped[str] = mapped_column(Key)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(Key)
    act: Mapped[str] = mapped_column(Key)  # assign undo
    accession_number: Mapped[str] = mapped_column(Key, default="")  # "" for no order in particular


class AlertRule(Base):
    """One version of a rule; a change adds a version, the latest one holds."""

    __tablename__ = "alert_rule"

    id: Mapped[str] = mapped_column(Key, primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    is_enabled: Mapped[bool]
    body: Mapped[dict[str, Any]]  # domain.alerts.Rule
    changed_by: Mapped[str] = mapped_column(Key)
    changed_at: Mapped[datetime]


class Alert(Base):
    """A rule that fired for an exam or, over a period, for a patient at this exam."""

    __tablename__ = "alert"
    __table_args__ = (Index("ix_alert_patient_id", "patient_id"),)

    exam_id: Mapped[str] = mapped_column(Key, primary_key=True)
    rule_id: Mapped[str] = mapped_column(Key, primary_key=True)
    rule_version: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[str] = mapped_column(Key)
    level: Mapped[str] = mapped_column(Key)
    sentence: Mapped[str] = mapped_column(Text)
    quantity: Mapped[str] = mapped_column(Key, default="")
    value: Mapped[Decimal | None]
    threshold: Mapped[Decimal | None]
    raised_at: Mapped[datetime] = mapped_column(index=True)
    derivation_version: Mapped[int]
    withdrawn_at: Mapped[datetime | None]  # a later derivation no longer gives cause


class AtRisk(Base):
    """A patient whom a cumulative rule names, with the reason in one sentence; one row a rule."""

    __tablename__ = "at_risk"

    patient_id: Mapped[str] = mapped_column(Key, primary_key=True)
    rule_id: Mapped[str] = mapped_column(Key, primary_key=True)
    rule_version: Mapped[int]
    sentence: Mapped[str] = mapped_column(Text)
    value: Mapped[Decimal | None]
    unit: Mapped[str] = mapped_column(Key, default="")
    since: Mapped[str] = mapped_column(Key, default="")
    until: Mapped[str] = mapped_column(Key, default="")
    exam_ids: Mapped[list[Any]]
    context: Mapped[dict[str, Any]]
    evaluated_at: Mapped[datetime] = mapped_column(index=True)
