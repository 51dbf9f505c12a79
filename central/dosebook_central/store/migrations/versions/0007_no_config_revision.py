"""Drop the revision of a box's configuration, which nothing ever counted."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("box", schema=None) as batch_op:
        batch_op.drop_column("config_revision")
