"""The first tables."""

import sqlalchemy as sa
from alembic import op

from dosebook_central.store.types import Exact, Utc

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("object_kind", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("previous_hash", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    op.create_index(op.f("ix_audit_event_actor"), "audit_event", ["actor"], unique=False)
    op.create_index(op.f("ix_audit_event_at"), "audit_event", ["at"], unique=False)
    op.create_index(op.f("ix_audit_event_object_id"), "audit_event", ["object_id"], unique=False)
    op.create_table(
        "box",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("superseded_keys", sa.JSON(), nullable=False),
        sa.Column("certificate_pem", sa.Text(), nullable=False),
        sa.Column("certificate_serial", sa.String(), nullable=False),
        sa.Column("certificate_expires_at", Utc(), nullable=True),
        sa.Column("added_at", Utc(), nullable=False),
        sa.Column("revoked_at", Utc(), nullable=True),
        sa.Column("revoked_reason", sa.Text(), nullable=False),
        sa.Column("last_seen_at", Utc(), nullable=True),
        sa.Column("last_record_at", Utc(), nullable=True),
        sa.Column("health", sa.JSON(), nullable=True),
        sa.Column("config_revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_box")),
    )
    op.create_table(
        "import_job",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_job")),
    )
    op.create_table(
        "link_key",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("group_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_link_key")),
    )
    op.create_index(op.f("ix_link_key_group_id"), "link_key", ["group_id"], unique=False)
    op.create_table(
        "patient",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_search", sa.Text(), nullable=False),
        sa.Column("sex", sa.String(), nullable=False),
        sa.Column("birth_date", sa.String(), nullable=False),
        sa.Column("as_of", sa.String(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient")),
        sa.UniqueConstraint("issuer", "identifier", name=op.f("uq_patient_issuer_identifier")),
    )
    op.create_index(op.f("ix_patient_identifier"), "patient", ["identifier"], unique=False)
    op.create_index(op.f("ix_patient_name_search"), "patient", ["name_search"], unique=False)
    op.create_table(
        "quarantine",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("received_at", Utc(), nullable=False),
        sa.Column("box_id", sa.String(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("message_sha256", sa.String(), nullable=False),
        sa.Column("message_size", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("state_note", sa.Text(), nullable=False),
        sa.Column("state_at", Utc(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
    )
    op.create_index(op.f("ix_quarantine_received_at"), "quarantine", ["received_at"], unique=False)
    op.create_index(op.f("ix_quarantine_record_id"), "quarantine", ["record_id"], unique=False)
    op.create_index(op.f("ix_quarantine_state"), "quarantine", ["state"], unique=False)
    op.create_table(
        "user_account",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("rights", sa.JSON(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("failed_attempts", sa.Integer(), nullable=False),
        sa.Column("locked_until", Utc(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("session_epoch", sa.Integer(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("last_login_at", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("login", name=op.f("uq_user_account_login")),
    )
    op.create_table(
        "exam",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("group_id", sa.String(), nullable=False),
        sa.Column("patient_id", sa.String(), nullable=False),
        sa.Column("study_uid", sa.String(), nullable=False),
        sa.Column("accession_number", sa.Text(), nullable=False),
        sa.Column("started", sa.String(), nullable=False),
        sa.Column("modality", sa.String(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("protocol", sa.Text(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("manufacturer", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("evidence_kind", sa.String(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("dlp_mgy_cm", Exact(), nullable=True),
        sa.Column("ctdi_vol_max_mgy", Exact(), nullable=True),
        sa.Column("dose_area_product_gy_cm2", Exact(), nullable=True),
        sa.Column("dose_rp_mgy", Exact(), nullable=True),
        sa.Column("fluoro_time_s", Exact(), nullable=True),
        sa.Column("agd_left_mgy", Exact(), nullable=True),
        sa.Column("agd_right_mgy", Exact(), nullable=True),
        sa.Column("administered_activity_mbq", Exact(), nullable=True),
        sa.Column("has_conflict", sa.Boolean(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patient.id"], name=op.f("fk_exam_patient_id_patient")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exam")),
    )
    op.create_index(op.f("ix_exam_accession_number"), "exam", ["accession_number"], unique=False)
    op.create_index(op.f("ix_exam_group_id"), "exam", ["group_id"], unique=False)
    op.create_index("ix_exam_patient_id_started", "exam", ["patient_id", "started"], unique=False)
    op.create_index("ix_exam_started", "exam", ["started"], unique=False)
    op.create_index(op.f("ix_exam_study_uid"), "exam", ["study_uid"], unique=False)
    op.create_table(
        "import_file",
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("exam_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["import_job.id"], name=op.f("fk_import_file_job_id_import_job")
        ),
        sa.PrimaryKeyConstraint("job_id", "ordinal", name=op.f("pk_import_file")),
    )
    op.create_table(
        "record",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("box_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("source_kind", sa.String(), nullable=False),
        sa.Column("captured_at", Utc(), nullable=False),
        sa.Column("received_at", Utc(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("duplicate_of", sa.String(), nullable=False),
        sa.Column("evidence_sha256", sa.String(), nullable=False),
        sa.Column("evidence_size", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("sop_instance_uid", sa.String(), nullable=False),
        sa.Column("reader_version", sa.String(), nullable=False),
        sa.Column("group_id", sa.String(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("transport", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["box_id"], ["box.id"], name=op.f("fk_record_box_id_box")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record")),
        sa.UniqueConstraint("box_id", "sequence", name=op.f("uq_record_box_id_sequence")),
    )
    op.create_index(op.f("ix_record_evidence_sha256"), "record", ["evidence_sha256"], unique=False)
    op.create_index(op.f("ix_record_group_id"), "record", ["group_id"], unique=False)
    op.create_index(
        op.f("ix_record_sop_instance_uid"), "record", ["sop_instance_uid"], unique=False
    )
    op.create_index(op.f("ix_record_status"), "record", ["status"], unique=False)
    op.create_table(
        "event",
        sa.Column("exam_id", sa.String(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("record_index", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("started", sa.String(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("protocol", sa.Text(), nullable=False),
        sa.Column("target_region", sa.Text(), nullable=False),
        sa.Column("plane", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("phantom", sa.String(), nullable=False),
        sa.Column("ctdi_vol_mgy", Exact(), nullable=True),
        sa.Column("dlp_mgy_cm", Exact(), nullable=True),
        sa.Column("dose_area_product_gy_cm2", Exact(), nullable=True),
        sa.Column("dose_rp_mgy", Exact(), nullable=True),
        sa.Column("average_glandular_dose_mgy", Exact(), nullable=True),
        sa.Column("administered_activity_mbq", Exact(), nullable=True),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_event_exam_id_exam")),
        sa.ForeignKeyConstraint(
            ["record_id"], ["record.id"], name=op.f("fk_event_record_id_record")
        ),
        sa.PrimaryKeyConstraint("exam_id", "ordinal", name=op.f("pk_event")),
        sa.UniqueConstraint("exam_id", "uid", name=op.f("uq_event_exam_id_uid")),
    )
    op.create_index(op.f("ix_event_uid"), "event", ["uid"], unique=False)
    op.create_table(
        "reading",
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("reader_version", sa.String(), nullable=False),
        sa.Column("read_at", Utc(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["record.id"], name=op.f("fk_reading_record_id_record")
        ),
        sa.PrimaryKeyConstraint("record_id", "reader_version", name=op.f("pk_reading")),
    )
