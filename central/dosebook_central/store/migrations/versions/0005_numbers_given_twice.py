"""Several records of one box under one number: its outbox was lost, or an old copy came back."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("record", schema=None) as batch_op:
        # Nothing asks by status alone, and SQLite took it for the list of waiting readings.
        batch_op.drop_index("ix_record_status")
        batch_op.drop_index("ix_record_unassigned")
        batch_op.add_column(sa.Column("reuse", sa.Integer(), nullable=False, server_default="0"))
        batch_op.drop_constraint("uq_record_box_id_sequence", type_="unique")
        batch_op.create_unique_constraint(
            batch_op.f("uq_record_box_id_sequence_reuse"), ["box_id", "sequence", "reuse"]
        )
    is_unassigned = sa.text(
        "group_id = '' AND source_kind IN ('instrument', 'screen', 'manual')"
        " AND outcome = 'read' AND status = 'stored'"
    )
    op.create_index(
        "ix_record_unassigned",
        "record",
        ["group_id", "status", "outcome", "captured_at"],
        unique=False,
        postgresql_where=is_unassigned,
        sqlite_where=is_unassigned,
    )
