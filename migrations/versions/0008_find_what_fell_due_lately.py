"""Find what fell due lately without reading every clock there ever was."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_clock_kind_due_at_all", "clock", ["kind", "due_at"])


def downgrade() -> None:
    op.drop_index("ix_clock_kind_due_at_all", "clock")
