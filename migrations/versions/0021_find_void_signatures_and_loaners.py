"""What the homes count is found by an index: signatures that were voided, loaners not yet back and disinfected."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_loaner_id", "loaner", "id", sa.text("disinfected_at IS NULL")),
    ("ix_signature_voided_at", "signature", "voided_at", sa.text("voided_at IS NOT NULL")),
)


def upgrade() -> None:
    for name, table, column, where in INDEXES:
        op.create_index(name, table, [column], postgresql_where=where, sqlite_where=where)


def downgrade() -> None:
    for name, table, _column, _where in INDEXES:
        op.drop_index(name, table)
