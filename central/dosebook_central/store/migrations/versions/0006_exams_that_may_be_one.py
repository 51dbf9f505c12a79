"""Exams that may be one: hints, and what people decided on them."""

import sqlalchemy as sa
from alembic import op

from dosebook_central.store.types import Utc

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "same_exam_hint",
        sa.Column("first_exam_id", sa.String(), nullable=False),
        sa.Column("second_exam_id", sa.String(), nullable=False),
        sa.Column("first_patient_id", sa.String(), nullable=False),
        sa.Column("second_patient_id", sa.String(), nullable=False),
        sa.Column("facts", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("found_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("first_exam_id", "second_exam_id", name=op.f("pk_same_exam_hint")),
    )
    op.create_table(
        "same_exam_decision",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.Column("counted_key", sa.String(), nullable=False),
        sa.Column("other_key", sa.String(), nullable=False),
        sa.Column("counted_exam_id", sa.String(), nullable=False),
        sa.Column("other_exam_id", sa.String(), nullable=False),
        sa.Column("facts", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_same_exam_decision")),
    )
    for table, columns in (
        ("same_exam_hint", ("second_exam_id", "first_patient_id", "second_patient_id")),
        ("same_exam_decision", ("undoes", "counted_key", "other_key", "other_exam_id")),
    ):
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.create_index(batch_op.f(f"ix_{table}_{column}"), [column], unique=False)
