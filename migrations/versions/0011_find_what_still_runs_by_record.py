"""Find the clock that still runs of a record, and the records without one, among the few that run."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

RUNNING = sa.text("met_at IS NULL AND dropped_at IS NULL")


def upgrade() -> None:
    op.create_index("ix_clock_kind_record_id", "clock", ["kind", "record_id"], postgresql_where=RUNNING, sqlite_where=RUNNING)


def downgrade() -> None:
    op.drop_index("ix_clock_kind_record_id", "clock")
