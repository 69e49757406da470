"""Take entries that come late: the time of capture in the trail, the time of sending at the clock, keys that were received."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

LATE = sa.text("captured_at IS NOT NULL")


def upgrade() -> None:
    # Plain ALTERs, not batch mode: that rebuilds a SQLite table and drops the triggers that protect the trail.
    op.add_column("audit_entry", sa.Column("captured_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_audit_entry_late_at_id", "audit_entry", ["at", "id"], postgresql_where=LATE, sqlite_where=LATE)
    op.add_column("clock", sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "received_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("location", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_entry")),
        sa.UniqueConstraint("user_id", "key", name=op.f("uq_received_entry_user_id_key")),
    )
    op.create_index("ix_received_entry_received_at", "received_entry", ["received_at"])


def downgrade() -> None:
    op.drop_table("received_entry")
    op.drop_column("clock", "sent_at")
    op.drop_index("ix_audit_entry_late_at_id", "audit_entry")
    op.drop_column("audit_entry", "captured_at")
