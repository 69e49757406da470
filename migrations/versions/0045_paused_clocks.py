"""An index of the clocks that stand still: each list counts them, and looked through all that run."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

PAUSED = sa.text("met_at IS NULL AND dropped_at IS NULL AND paused_at IS NOT NULL")


def upgrade() -> None:
    op.create_index("ix_clock_kind_paused", "clock", ["kind", "record_id"], postgresql_where=PAUSED, sqlite_where=PAUSED)


def downgrade() -> None:
    op.drop_index("ix_clock_kind_paused", "clock")
