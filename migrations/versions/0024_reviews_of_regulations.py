"""When a law in the register is to be looked at again, and what to watch."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("external_document", sa.Column("watch", sa.Text(), nullable=True))
    op.add_column("external_document", sa.Column("review_on", sa.Date(), nullable=True))
    op.create_index("ix_external_document_review_on", "external_document", ["review_on"])


def downgrade() -> None:
    op.drop_index("ix_external_document_review_on", "external_document")
    op.drop_column("external_document", "review_on")
    op.drop_column("external_document", "watch")
