"""Derived doses: coefficient sets, derivations, their present view, and what hangs on them.

Also the decisions on readings that name no patient.
"""

import sqlalchemy as sa
from alembic import op

from dosebook_central.store.types import Exact, Utc

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("exam_id", sa.String(), nullable=False),
        sa.Column("rule_id", sa.String(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("quantity", sa.String(), nullable=False),
        sa.Column("value", Exact(), nullable=True),
        sa.Column("threshold", Exact(), nullable=True),
        sa.Column("raised_at", Utc(), nullable=False),
        sa.Column("derivation_version", sa.Integer(), nullable=False),
        sa.Column("withdrawn_at", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("exam_id", "rule_id", "rule_version", name=op.f("pk_alert")),
    )
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.create_index("ix_alert_patient_id", ["patient_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_alert_raised_at"), ["raised_at"], unique=False)

    op.create_table(
        "alert_rule",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", "version", name=op.f("pk_alert_rule")),
    )
    op.create_table(
        "at_risk",
        sa.Column("patient_id", sa.String(), nullable=False),
        sa.Column("rule_id", sa.String(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("value", Exact(), nullable=True),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("since", sa.String(), nullable=False),
        sa.Column("until", sa.String(), nullable=False),
        sa.Column("exam_ids", sa.JSON(), nullable=False),
        sa.Column("context", sa.JSON(), nullable=False),
        sa.Column("evaluated_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("patient_id", "rule_id", name=op.f("pk_at_risk")),
    )
    with op.batch_alter_table("at_risk", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_at_risk_evaluated_at"), ["evaluated_at"], unique=False)

    op.create_table(
        "coefficient_package",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("manifest", sa.JSON(), nullable=False),
        sa.Column("rows", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("signer", sa.String(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("adopted_at", Utc(), nullable=False),
        sa.Column("adopted_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", "version", name=op.f("pk_coefficient_package")),
    )
    with op.batch_alter_table("coefficient_package", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_coefficient_package_kind"), ["kind"], unique=False)

    op.create_table(
        "derivation",
        sa.Column("exam_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("computed_at", Utc(), nullable=False),
        sa.Column("software", sa.String(), nullable=False),
        sa.Column("sets_sha256", sa.String(), nullable=False),
        sa.Column("input_sha256", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("is_trial", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("exam_id", "version", name=op.f("pk_derivation")),
    )
    with op.batch_alter_table("derivation", schema=None) as batch_op:
        batch_op.create_index("ix_derivation_computed_at", ["computed_at"], unique=False)

    op.create_table(
        "derivation_due",
        sa.Column("exam_id", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("since", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("exam_id", name=op.f("pk_derivation_due")),
    )
    with op.batch_alter_table("derivation_due", schema=None) as batch_op:
        batch_op.create_index(
            "ix_derivation_due_priority_since", ["priority", "since"], unique=False
        )

    op.create_table(
        "device_decision",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("with_fluoroscopy", sa.String(), nullable=False),
        sa.Column("without_fluoroscopy", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_decision")),
    )
    with op.batch_alter_table("device_decision", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_device_decision_device_id"), ["device_id"], unique=False
        )

    op.create_table(
        "exam_dose",
        sa.Column("exam_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.String(), nullable=False),
        sa.Column("started", sa.String(), nullable=False),
        sa.Column("modality", sa.String(), nullable=False),
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("is_therapeutic", sa.Boolean(), nullable=False),
        sa.Column("procedure_id", sa.String(), nullable=False),
        sa.Column("procedure_source", sa.String(), nullable=False),
        sa.Column("regions", sa.Text(), nullable=False),
        sa.Column("sex", sa.String(), nullable=False),
        sa.Column("age_years", Exact(), nullable=True),
        sa.Column("weight_kg", Exact(), nullable=True),
        sa.Column("size_m", Exact(), nullable=True),
        sa.Column("phantom", sa.String(), nullable=False),
        sa.Column("effective_dose_msv", Exact(), nullable=True),
        sa.Column("effective_dose_low_msv", Exact(), nullable=True),
        sa.Column("effective_dose_high_msv", Exact(), nullable=True),
        sa.Column("effective_dose_set", sa.String(), nullable=False),
        sa.Column("is_typical", sa.Boolean(), nullable=False),
        sa.Column("dlp_mgy_cm", Exact(), nullable=True),
        sa.Column("dlp_imaging_mgy_cm", Exact(), nullable=True),
        sa.Column("dlp_event_max_mgy_cm", Exact(), nullable=True),
        sa.Column("ctdi_vol_max_mgy", Exact(), nullable=True),
        sa.Column("ssde_max_mgy", Exact(), nullable=True),
        sa.Column("dose_area_product_gy_cm2", Exact(), nullable=True),
        sa.Column("dose_rp_mgy", Exact(), nullable=True),
        sa.Column("fluoro_time_s", Exact(), nullable=True),
        sa.Column("agd_left_mgy", Exact(), nullable=True),
        sa.Column("agd_right_mgy", Exact(), nullable=True),
        sa.Column("agd_view_max_mgy", Exact(), nullable=True),
        sa.Column("administered_activity_mbq", Exact(), nullable=True),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("compression_thickness_mm", Exact(), nullable=True),
        sa.Column("exemptions", sa.Text(), nullable=False),
        sa.Column("peak_skin_dose_mgy", Exact(), nullable=True),
        sa.PrimaryKeyConstraint("exam_id", name=op.f("pk_exam_dose")),
    )
    with op.batch_alter_table("exam_dose", schema=None) as batch_op:
        batch_op.create_index(
            "ix_exam_dose_patient_id_started", ["patient_id", "started"], unique=False
        )
        batch_op.create_index(
            "ix_exam_dose_procedure_id_started", ["procedure_id", "started"], unique=False
        )
        batch_op.create_index("ix_exam_dose_started", ["started"], unique=False)

    op.create_table(
        "order_decision",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("patient_id", sa.String(), nullable=False),
        sa.Column("event_uid", sa.String(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("accession_number", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_decision")),
    )
    with op.batch_alter_table("order_decision", schema=None) as batch_op:
        batch_op.create_index(
            "ix_order_decision_patient_id_event_uid", ["patient_id", "event_uid"], unique=False
        )

    op.create_table(
        "package_publisher",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column("trusted_at", Utc(), nullable=False),
        sa.Column("trusted_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_package_publisher")),
    )
    op.create_table(
        "procedure_decision",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name_id", sa.String(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("procedure_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_procedure_decision")),
    )
    with op.batch_alter_table("procedure_decision", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_procedure_decision_name_id"), ["name_id"], unique=False
        )

    op.create_table(
        "procedure_name",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("codes", sa.JSON(), nullable=False),
        sa.Column("exam_count", sa.Integer(), nullable=False),
        sa.Column("first_seen", sa.String(), nullable=False),
        sa.Column("last_seen", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("procedure_id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("suggestion_id", sa.String(), nullable=False),
        sa.Column("confidence", Exact(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_procedure_name")),
    )
    with op.batch_alter_table("procedure_name", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_procedure_name_state"), ["state"], unique=False)

    op.create_table(
        "procedure_rules",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("learned_at", Utc(), nullable=False),
        sa.Column("learned_by", sa.String(), nullable=False),
        sa.Column("example_count", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_procedure_rules")),
    )
    op.create_table(
        "reading_decision",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("study_uid", sa.String(), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["record.id"], name=op.f("fk_reading_decision_record_id_record")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading_decision")),
    )
    with op.batch_alter_table("reading_decision", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_reading_decision_record_id"), ["record_id"], unique=False
        )

    op.create_table(
        "reconcile_due",
        sa.Column("group_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("group_id", name=op.f("pk_reconcile_due")),
    )
    op.create_table(
        "region_dose",
        sa.Column("exam_id", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("quantity", sa.String(), nullable=False),
        sa.Column("phantom", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("patient_id", sa.String(), nullable=False),
        sa.Column("started", sa.String(), nullable=False),
        sa.Column("modality", sa.String(), nullable=False),
        sa.Column("is_therapeutic", sa.Boolean(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("value", Exact(), nullable=False),
        sa.Column("low", Exact(), nullable=True),
        sa.Column("high", Exact(), nullable=True),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("is_split", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint(
            "exam_id", "region", "quantity", "phantom", "side", name=op.f("pk_region_dose")
        ),
    )
    with op.batch_alter_table("region_dose", schema=None) as batch_op:
        batch_op.create_index("ix_region_dose_patient_id", ["patient_id"], unique=False)

    op.create_table(
        "screen_decision",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screen_decision")),
    )
    with op.batch_alter_table("screen_decision", schema=None) as batch_op:
        batch_op.create_index(
            "ix_screen_decision_record_id_path", ["record_id", "path"], unique=False
        )

    op.create_table(
        "screen_draft",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screen_draft")),
    )
    with op.batch_alter_table("screen_draft", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_screen_draft_changed_at"), ["changed_at"], unique=False
        )

    op.create_table(
        "screen_draft_picture",
        sa.Column("draft_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("png", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["draft_id"],
            ["screen_draft.id"],
            name=op.f("fk_screen_draft_picture_draft_id_screen_draft"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("draft_id", "number", name=op.f("pk_screen_draft_picture")),
    )
    op.create_table(
        "screen_value",
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("box_id", sa.String(), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("captured_at", Utc(), nullable=False),
        sa.Column("quantity", sa.String(), nullable=False),
        sa.Column("was_released", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(
            ["record_id"], ["record.id"], name=op.f("fk_screen_value_record_id_record")
        ),
        sa.PrimaryKeyConstraint("record_id", "path", name=op.f("pk_screen_value")),
    )
    with op.batch_alter_table("screen_value", schema=None) as batch_op:
        batch_op.create_index("ix_screen_value_profile_month", ["profile", "month"], unique=False)
        batch_op.create_index(
            "ix_screen_value_state_captured_at", ["state", "captured_at"], unique=False
        )

    op.create_table(
        "skin_dose",
        sa.Column("exam_id", sa.String(), nullable=False),
        sa.Column("input_sha256", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("peak_mgy", Exact(), nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("software", sa.String(), nullable=False),
        sa.Column("exam_updated_at", Utc(), nullable=False),
        sa.Column("queued_at", Utc(), nullable=False),
        sa.Column("finished_at", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("exam_id", "input_sha256", name=op.f("pk_skin_dose")),
    )
    with op.batch_alter_table("skin_dose", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_skin_dose_state"), ["state"], unique=False)

    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.add_column(sa.Column("facts", sa.JSON(), server_default="{}", nullable=False))

    with op.batch_alter_table("exam", schema=None) as batch_op:
        batch_op.add_column(sa.Column("name_id", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("facts", sa.JSON(), server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("devices", sa.Text(), server_default="", nullable=False))
        batch_op.create_index(
            "ix_exam_devices",
            ["devices", "modality", "group_id"],
            unique=False,
            postgresql_where=sa.text("devices <> ''"),
            sqlite_where=sa.text("devices <> ''"),
        )
        batch_op.create_index(
            "ix_exam_conflict",
            ["started"],
            unique=False,
            postgresql_where=sa.text("has_conflict"),
            sqlite_where=sa.text("has_conflict = 1"),
        )
        batch_op.create_index(batch_op.f("ix_exam_name_id"), ["name_id"], unique=False)
        batch_op.create_index(
            "ix_exam_skin_dose",
            ["updated_at"],
            unique=False,
            postgresql_where=sa.text("modality IN ('XA', 'RF')"),
            sqlite_where=sa.text("modality IN ('XA', 'RF')"),
        )

    unassigned = sa.text(
        "group_id = '' AND source_kind IN ('instrument', 'screen', 'manual')"
        " AND outcome = 'read' AND status = 'stored'"
    )
    instrument = sa.text("source_kind = 'instrument'")
    with op.batch_alter_table("record", schema=None) as batch_op:
        batch_op.create_index(
            "ix_record_unassigned",
            ["group_id", "captured_at"],
            unique=False,
            postgresql_where=unassigned,
            sqlite_where=unassigned,
        )
        batch_op.create_index(
            "ix_record_instrument",
            ["box_id", "source", "captured_at"],
            unique=False,
            postgresql_where=instrument,
            sqlite_where=instrument,
        )

    op.execute(  # every exam of before gets its derived doses
        "INSERT INTO derivation_due (exam_id, priority, since) SELECT id, 1, updated_at FROM exam"
    )
