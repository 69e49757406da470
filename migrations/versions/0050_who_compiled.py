"""Of a periodic report: who compiled it, as it is printed."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("risk_report", sa.Column("compiled_by", sa.String(120), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("risk_report") as table:
        table.drop_column("compiled_by")
