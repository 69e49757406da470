"""Custom numbers may be added up in lists."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("field_definition", sa.Column("is_summed", sa.Boolean(), server_default=sa.false(), nullable=False))
    with op.batch_alter_table("field_definition") as table:
        table.alter_column("is_summed", existing_type=sa.Boolean(), server_default=None, existing_nullable=False)


def downgrade() -> None:
    op.drop_column("field_definition", "is_summed")
