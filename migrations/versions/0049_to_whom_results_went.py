"""Of a group event: whether its place is in our own province. Of an evaluation: to whom its results went, under which number, by whom."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

EVALUATED = {
    "evaluation_recipient": sa.String(120), "evaluation_no": sa.String(64), "evaluated_by": sa.String(120),
    "evaluated_entered_at": sa.DateTime(timezone=True),
}  # fmt: skip


def upgrade() -> None:
    op.add_column("group_event", sa.Column("is_own_province", sa.Boolean(), nullable=True))
    for name, kind in EVALUATED.items():
        op.add_column("adverse_event", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("adverse_event") as table:
        for name in EVALUATED:
            table.drop_column(name)
    with op.batch_alter_table("group_event") as table:
        table.drop_column("is_own_province")
