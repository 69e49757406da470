"""One spelling of a user name: two accounts that differ by a capital only would lock each other out."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("uq_ab_user_username_lower", "ab_user", [sa.text("lower(username)")], unique=True)


def downgrade() -> None:
    op.drop_index("uq_ab_user_username_lower", "ab_user")
