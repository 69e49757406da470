"""Recalls name the signal they began with."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("recall") as table:
        table.add_column(sa.Column("signal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        table.create_foreign_key(op.f("fk_recall_signal_id"), "signal", ["signal_id"], ["id"])
        table.create_index("ix_recall_signal_id", ["signal_id"])


def downgrade() -> None:
    with op.batch_alter_table("recall") as table:
        table.drop_index("ix_recall_signal_id")
        table.drop_constraint(op.f("fk_recall_signal_id"), type_="foreignkey")
        table.drop_column("signal_id")
