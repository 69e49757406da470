"""An original that is out is not handed out again: held by the database too, for two hands at once."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

OUT = sa.text("state = 'handed_out'")


def upgrade() -> None:
    op.create_index("uq_paper_request_out_entry_id", "paper_request", ["entry_id"], unique=True, postgresql_where=OUT, sqlite_where=OUT)


def downgrade() -> None:
    op.drop_index("uq_paper_request_out_entry_id", "paper_request")
