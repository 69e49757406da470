"""Versions of a clock rule with their reason; notices of holidays that are proposed and approved; what a change of either reaches."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
RUNNING = sa.text("met_at IS NULL AND dropped_at IS NULL")
KNOWN = "state IN ('proposed', 'approved', 'rejected', 'withdrawn')"


def upgrade() -> None:
    with op.batch_alter_table("clock_rule") as batch_op:
        batch_op.add_column(sa.Column("first_id", ROW, nullable=True))
        batch_op.add_column(sa.Column("reason", sa.Text(), nullable=True))
        batch_op.create_foreign_key(op.f("fk_clock_rule_first_id"), "clock_rule", ["first_id"], ["id"])
        batch_op.create_index("ix_clock_rule_first_id", ["first_id"])
        batch_op.create_check_constraint(op.f("ck_clock_rule_reason_filled"), "state NOT IN ('proposed') OR reason IS NOT NULL")

    with op.batch_alter_table("holiday_notice") as batch_op:
        batch_op.add_column(sa.Column("effective_from", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("state", sa.String(length=32), nullable=True))
        batch_op.drop_constraint("uq_holiday_notice_year", type_="unique")
    day = "CAST(created_at AS DATE)" if op.get_bind().dialect.name == "postgresql" else "SUBSTR(created_at, 1, 10)"
    op.execute(f"UPDATE holiday_notice SET state = 'approved', effective_from = {day}")
    with op.batch_alter_table("holiday_notice") as batch_op:
        batch_op.alter_column("state", existing_type=sa.String(length=32), nullable=False)
        batch_op.create_check_constraint(op.f("ck_holiday_notice_state_known"), KNOWN)
        batch_op.create_index("ix_holiday_notice_state_id", ["state", "id"])
        batch_op.create_index("ix_holiday_notice_year_state_effective_from", ["year", "state", "effective_from"])

    with op.batch_alter_table("calendar_day") as batch_op:
        batch_op.drop_constraint("uq_calendar_day_day", type_="unique")
        batch_op.create_unique_constraint(op.f("uq_calendar_day_notice_id_day"), ["notice_id", "day"])

    op.create_index("ix_clock_milestone_started_at", "clock", ["milestone", "started_at"], postgresql_where=RUNNING, sqlite_where=RUNNING)
    op.create_index("ix_clock_due_at", "clock", ["due_at"], postgresql_where=RUNNING, sqlite_where=RUNNING)


def downgrade() -> None:
    """Of each year the newest approved notice stays: before, there was room for one."""
    op.drop_index("ix_clock_due_at", "clock")
    op.drop_index("ix_clock_milestone_started_at", "clock")
    kept = "SELECT MAX(id) FROM holiday_notice WHERE state = 'approved' GROUP BY year"
    op.execute(f"DELETE FROM calendar_day WHERE notice_id NOT IN ({kept})")
    op.execute(f"DELETE FROM holiday_notice WHERE id NOT IN ({kept})")
    with op.batch_alter_table("calendar_day") as batch_op:
        batch_op.drop_constraint("uq_calendar_day_notice_id_day", type_="unique")
        batch_op.create_unique_constraint(op.f("uq_calendar_day_day"), ["day"])
    with op.batch_alter_table("holiday_notice") as batch_op:
        batch_op.drop_index("ix_holiday_notice_year_state_effective_from")
        batch_op.drop_index("ix_holiday_notice_state_id")
        batch_op.drop_constraint(op.f("ck_holiday_notice_state_known"), type_="check")
        batch_op.drop_column("state")
        batch_op.drop_column("effective_from")
        batch_op.create_unique_constraint(op.f("uq_holiday_notice_year"), ["year"])
    with op.batch_alter_table("clock_rule") as batch_op:
        batch_op.drop_index("ix_clock_rule_first_id")
        batch_op.drop_constraint(op.f("fk_clock_rule_first_id"), type_="foreignkey")
        batch_op.drop_constraint(op.f("ck_clock_rule_reason_filled"), type_="check")
        batch_op.drop_column("reason")
        batch_op.drop_column("first_id")
