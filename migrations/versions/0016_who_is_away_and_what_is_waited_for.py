"""Absences of people, and what an order waits for: the board tells both."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "absence",
        sa.Column("person_id", ROW, nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("region_id", ROW, nullable=False),
        sa.Column("id", ROW, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("custom", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_absence_last_day")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_absence_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_absence_created_by_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_absence_person_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_absence_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    op.create_index("ix_absence_changed_at_id", "absence", ["changed_at", "id"])
    op.create_index("ix_absence_person_id_last_day", "absence", ["person_id", "last_day"])
    # Not in batch mode: it would rebuild, and for that drop, a table that others refer to.
    known = "CONSTRAINT ck_service_order_waiting CHECK (waiting_for IN ('parts', 'customer', 'support'))"
    op.execute(f"ALTER TABLE service_order ADD COLUMN waiting_for VARCHAR(32) {known}")
    op.add_column("service_order", sa.Column("waiting_note", sa.String(length=250), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("service_order") as table:  # SQLite alone does not drop a column that a CHECK of the table names
        table.drop_constraint(op.f("ck_service_order_waiting"), type_="check")
        table.drop_column("waiting_note")
        table.drop_column("waiting_for")
    op.drop_table("absence")
