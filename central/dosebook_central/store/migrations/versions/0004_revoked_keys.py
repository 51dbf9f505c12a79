"""Keys that a box signed with before it was revoked, once it is enrolled again."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("box", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("revoked_keys", sa.JSON(), nullable=False, server_default="[]")
        )
    with op.batch_alter_table("box", schema=None) as batch_op:
        batch_op.alter_column("revoked_keys", server_default=None)
