"""Inspectors' access: who may see what on which days, which records that are, and what they looked at."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
RECORDS = ("inspector_access", "inspector_entry")


def upgrade() -> None:
    op.create_table(
        "inspector_access",
        sa.Column("inspector_name", sa.String(length=120), nullable=False),
        sa.Column("authority", sa.String(length=120), nullable=False),
        sa.Column("credential_no", sa.String(length=60), nullable=True),
        sa.Column("purpose", sa.String(length=250), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("is_everything", sa.Boolean(), nullable=False),
        sa.Column("things", sa.Text(), nullable=True),
        sa.Column("records_from", sa.Date(), nullable=True),
        sa.Column("records_until", sa.Date(), nullable=True),
        sa.Column("starts", JSON, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("username", sa.String(length=64), nullable=True),
        sa.Column("approved_by", sa.String(length=120), nullable=True),
        sa.Column("approved_at", MOMENT, nullable=True),
        sa.Column("handed_over_by", sa.String(length=120), nullable=True),
        sa.Column("handed_over_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("state IN ('draft', 'submitted', 'granted', 'over', 'withdrawn')", name=op.f("ck_inspector_access_state_known")),
        sa.CheckConstraint("state NOT IN ('granted') OR approved_at IS NOT NULL", name=op.f("ck_inspector_access_approved_at_filled")),
        sa.CheckConstraint("state NOT IN ('granted') OR approved_by IS NOT NULL", name=op.f("ck_inspector_access_approved_by_filled")),
        sa.CheckConstraint("state NOT IN ('granted') OR username IS NOT NULL", name=op.f("ck_inspector_access_username_filled")),
        sa.CheckConstraint("state NOT IN ('over', 'withdrawn') OR ended_at IS NOT NULL", name=op.f("ck_inspector_access_ended_at_filled")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_inspector_access_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_inspector_access_created_by_id")),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], name=op.f("fk_inspector_access_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspector_access")),
        sa.UniqueConstraint("number", name=op.f("uq_inspector_access_number")),
        sa.UniqueConstraint("user_id", name=op.f("uq_inspector_access_user_id")),
    )
    with op.batch_alter_table("inspector_access", schema=None) as batch_op:
        batch_op.create_index("ix_inspector_access_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_inspector_access_ends_on", ["ends_on"], unique=False)
        batch_op.create_index("ix_inspector_access_state_id", ["state", "id"], unique=False)

    op.create_table(
        "inspector_entry",
        sa.Column("access_id", ROW_ID, nullable=False),
        sa.Column("looked_at", MOMENT, nullable=False),
        sa.Column(
            "looked",
            sa.Enum(
                "page",
                "listing",
                "search",
                "file",
                "paper",
                "binder",
                "api",
                name="looked",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=True),
        sa.Column("record_id", ROW_ID, nullable=True),
        sa.Column("record_name", sa.String(length=120), nullable=True),
        sa.Column("asked", sa.String(length=250), nullable=True),
        sa.Column("address", sa.String(length=500), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["access_id"], ["inspector_access.id"], name=op.f("fk_inspector_entry_access_id")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_inspector_entry_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_inspector_entry_created_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspector_entry")),
    )
    with op.batch_alter_table("inspector_entry", schema=None) as batch_op:
        batch_op.create_index("ix_inspector_entry_access_id_id", ["access_id", "id"], unique=False)
        batch_op.create_index("ix_inspector_entry_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_inspector_entry_looked_at", ["looked_at"], unique=False)

    op.create_table(
        "inspector_reach",
        sa.Column("access_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("reached_at", MOMENT, nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.ForeignKeyConstraint(["access_id"], ["inspector_access.id"], name=op.f("fk_inspector_reach_access_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("access_id", name=op.f("pk_inspector_reach")),
    )
    op.create_table(
        "reached_record",
        sa.Column("access_id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("record_id", ROW_ID, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["access_id"], ["inspector_access.id"], name=op.f("fk_reached_record_access_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("access_id", "kind", "record_id", name=op.f("pk_reached_record")),
    )
    with op.batch_alter_table("binder", schema=None) as batch_op:
        batch_op.add_column(sa.Column("access_id", ROW_ID, nullable=True))
        batch_op.create_index("ix_binder_access_id_id", ["access_id", "id"], unique=False)
        batch_op.create_foreign_key("fk_binder_access_id", "inspector_access", ["access_id"], ["id"])
    if op.get_bind().dialect.name == "postgresql":
        for table in RECORDS:
            op.execute(f"CREATE INDEX ix_{table}_custom ON {table} USING gin (custom jsonb_path_ops)")
            op.execute(f"CREATE INDEX ix_{table}_search_grams ON {table} USING gin (search_grams(search_text))")


def downgrade() -> None:
    with op.batch_alter_table("binder", schema=None) as batch_op:
        batch_op.drop_constraint("fk_binder_access_id", type_="foreignkey")
        batch_op.drop_index("ix_binder_access_id_id")
        batch_op.drop_column("access_id")
    for table in ("reached_record", "inspector_reach", "inspector_entry", "inspector_access"):
        op.drop_table(table)
