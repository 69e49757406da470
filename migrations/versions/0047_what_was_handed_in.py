"""Of a group event: to whom the report of the investigation was handed in. Of implants: how far apart attempts count."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

BEFORE = "recipient IN ('drug_authority', 'health_authority', 'monitoring_body', 'holder')"
AFTER = (
    "recipient IN ('drug_authority', 'health_authority', 'monitoring_body', 'home_drug_authority', 'home_monitoring_body', 'holder')"
)


def upgrade() -> None:
    with op.batch_alter_table("group_notice") as table:
        table.add_column(sa.Column("is_report", sa.Boolean(), server_default=sa.false(), nullable=False))
        table.add_column(sa.Column("receipt_no", sa.String(64), nullable=True))
        table.drop_constraint(op.f("ck_group_notice_recipient"), type_="check")
        table.create_check_constraint(op.f("ck_group_notice_recipient"), sa.text(AFTER))
    op.add_column("follow_up_plan", sa.Column("hours_apart", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("follow_up_plan", "hours_apart")
    with op.batch_alter_table("group_notice") as table:
        table.drop_constraint(op.f("ck_group_notice_recipient"), type_="check")
        table.create_check_constraint(op.f("ck_group_notice_recipient"), sa.text(BEFORE))
        table.drop_column("receipt_no")
        table.drop_column("is_report")
