"""A notice in both languages: its reader's is not that of whoever gave the cause."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notice", sa.Column("subject_en", sa.String(200), nullable=True))
    op.add_column("notice", sa.Column("body_en", sa.String(2000), nullable=True))


def downgrade() -> None:
    op.drop_column("notice", "body_en")
    op.drop_column("notice", "subject_en")
