"""Of a group event: whether the place is in our own province, whose offices get the report of the investigation too where it is not."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("group_event", sa.Column("is_own_province", sa.Boolean(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("group_event") as table:
        table.drop_column("is_own_province")
