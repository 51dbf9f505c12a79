"""Decisions that persons made at a box on values of its screens."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "box_decision",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("box_id", sa.String(), nullable=False),
        sa.Column("carried_by", sa.String(), nullable=False),
        sa.Column("after", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["carried_by"], ["record.id"], name=op.f("fk_box_decision_carried_by_record")
        ),
        sa.PrimaryKeyConstraint("box_id", "id", name=op.f("pk_box_decision")),
    )
    with op.batch_alter_table("box_decision", schema=None) as batch_op:
        batch_op.create_index("ix_box_decision_record_id_path", ["record_id", "path"], unique=False)
        batch_op.create_index(batch_op.f("ix_box_decision_state"), ["state"], unique=False)
