"""Values of code lists are offered from a day until another, instead of yes or no."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("code") as table:
        table.add_column(sa.Column("offered_from", sa.Date(), nullable=True))
        table.add_column(sa.Column("retired_from", sa.Date(), nullable=True))
        table.create_check_constraint(op.f("ck_code_retired_from"), "offered_from < retired_from")
    op.execute("UPDATE code SET retired_from = CURRENT_DATE WHERE NOT is_offered")
    op.drop_column("code", "is_offered")


def downgrade() -> None:
    op.add_column("code", sa.Column("is_offered", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.execute("UPDATE code SET is_offered = (retired_from IS NULL OR retired_from > CURRENT_DATE)")
    with op.batch_alter_table("code") as table:
        table.alter_column("is_offered", existing_type=sa.Boolean(), server_default=None, existing_nullable=False)
        table.drop_constraint(op.f("ck_code_retired_from"), type_="check")
        table.drop_column("retired_from")
        table.drop_column("offered_from")
