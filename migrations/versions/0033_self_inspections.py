"""Self-inspections with their items, and the days by which expired calibrations and qualifications are found."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "self_inspection",
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("team", sa.String(length=250), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("conclusion", sa.Text(), nullable=True),
        sa.Column("as_of", MOMENT, nullable=True),
        sa.Column("drafted_by", sa.String(length=120), nullable=False),
        sa.Column("reviewed_by", sa.String(length=120), nullable=True),
        sa.Column("reviewed_at", MOMENT, nullable=True),
        sa.Column("approved_by", sa.String(length=120), nullable=True),
        sa.Column("approved_at", MOMENT, nullable=True),
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
        sa.CheckConstraint("state IN ('draft', 'submitted', 'reviewed', 'approved')", name=op.f("ck_self_inspection_state_known")),
        sa.CheckConstraint("state NOT IN ('approved') OR approved_at IS NOT NULL", name=op.f("ck_self_inspection_approved_at_filled")),
        sa.CheckConstraint("state NOT IN ('approved') OR approved_by IS NOT NULL", name=op.f("ck_self_inspection_approved_by_filled")),
        sa.CheckConstraint("state NOT IN ('reviewed') OR reviewed_at IS NOT NULL", name=op.f("ck_self_inspection_reviewed_at_filled")),
        sa.CheckConstraint(
            "state NOT IN ('reviewed', 'approved') OR reviewed_by IS NOT NULL", name=op.f("ck_self_inspection_reviewed_by_filled")
        ),
        sa.CheckConstraint("state NOT IN ('submitted') OR conclusion IS NOT NULL", name=op.f("ck_self_inspection_conclusion_filled")),
        sa.CheckConstraint(
            "state NOT IN ('submitted', 'reviewed', 'approved') OR as_of IS NOT NULL", name=op.f("ck_self_inspection_as_of_filled")
        ),
        sa.CheckConstraint("year BETWEEN 2000 AND 2200", name=op.f("ck_self_inspection_year")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_self_inspection_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_self_inspection_created_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_self_inspection")),
        sa.UniqueConstraint("number", name=op.f("uq_self_inspection_number")),
        sa.UniqueConstraint("year", name=op.f("uq_self_inspection_year")),
    )
    with op.batch_alter_table("self_inspection", schema=None) as batch_op:
        batch_op.create_index("ix_self_inspection_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_self_inspection_state_id", ["state", "id"], unique=False)

    op.create_table(
        "self_inspection_item",
        sa.Column("report_id", ROW_ID, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("articles", sa.String(length=250), nullable=True),
        sa.Column("demand", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("gaps", sa.Text(), nullable=True),
        sa.Column("absent", sa.String(length=250), nullable=True),
        sa.Column(
            "verdict",
            sa.Enum(
                "conforms",
                "partly",
                "does_not_conform",
                "not_applicable",
                name="verdict",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("finding", sa.Text(), nullable=True),
        sa.Column("correction", sa.Text(), nullable=True),
        sa.Column("in_charge", sa.String(length=250), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_self_inspection_item_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_self_inspection_item_created_by_id")),
        sa.ForeignKeyConstraint(["report_id"], ["self_inspection.id"], name=op.f("fk_self_inspection_item_report_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_self_inspection_item")),
        sa.UniqueConstraint("report_id", "code", name=op.f("uq_self_inspection_item_report_id_code")),
    )
    with op.batch_alter_table("self_inspection_item", schema=None) as batch_op:
        batch_op.create_index("ix_self_inspection_item_changed_at_id", ["changed_at", "id"], unique=False)

    op.create_index("ix_test_instrument_calibration_valid_until", "test_instrument", ["calibration_valid_until"])
    op.create_index("ix_qualification_valid_until", "qualification", ["valid_until"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE INDEX ix_self_inspection_custom ON self_inspection USING gin (custom jsonb_path_ops)")
        op.execute("CREATE INDEX ix_self_inspection_search_grams ON self_inspection USING gin (search_grams(search_text))")


def downgrade() -> None:
    op.drop_index("ix_qualification_valid_until", table_name="qualification")
    op.drop_index("ix_test_instrument_calibration_valid_until", table_name="test_instrument")
    op.drop_table("self_inspection_item")
    op.drop_table("self_inspection")
