"""Number patterns, letterheads and notice texts: what a company sets for its numbers, papers and messages, as dated rows."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = ("letterhead", "notice_text", "number_pattern")


def upgrade() -> None:
    op.create_table(
        "letterhead",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=True),
        sa.Column("address", sa.String(length=250), nullable=True),
        sa.Column("phone", sa.String(length=120), nullable=True),
        sa.Column("website", sa.String(length=120), nullable=True),
        sa.Column("licence_no", sa.String(length=120), nullable=True),
        sa.Column("footer", sa.String(length=250), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("state IN ('proposed', 'approved', 'rejected', 'withdrawn')", name=op.f("ck_letterhead_state_known")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_letterhead_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_letterhead_created_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letterhead")),
    )
    with op.batch_alter_table("letterhead", schema=None) as batch_op:
        batch_op.create_index("ix_letterhead_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_letterhead_state_effective_from", ["state", "effective_from"], unique=False)
        batch_op.create_index("ix_letterhead_state_id", ["state", "id"], unique=False)

    op.create_table(
        "notice_text",
        sa.Column(
            "kind",
            sa.Enum("reminder", "passed", "still_overdue", name="noticekind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("subject_en", sa.String(length=200), nullable=True),
        sa.Column("body_en", sa.Text(), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("state IN ('proposed', 'approved', 'rejected', 'withdrawn')", name=op.f("ck_notice_text_state_known")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_notice_text_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_notice_text_created_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_text")),
    )
    with op.batch_alter_table("notice_text", schema=None) as batch_op:
        batch_op.create_index("ix_notice_text_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_notice_text_kind_state_effective_from", ["kind", "state", "effective_from"], unique=False)
        batch_op.create_index("ix_notice_text_state_id", ["state", "id"], unique=False)

    op.create_table(
        "number_pattern",
        sa.Column("prefix_of", sa.String(length=8), nullable=False),
        sa.Column("letters", sa.String(length=8), nullable=False),
        sa.Column("has_region", sa.Boolean(), nullable=False),
        sa.Column(
            "year_form",
            sa.Enum("four_digits", "two_digits", "none", name="yearform", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("digit_count", sa.Integer(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("state IN ('proposed', 'approved', 'rejected', 'withdrawn')", name=op.f("ck_number_pattern_state_known")),
        sa.CheckConstraint("digit_count BETWEEN 4 AND 9", name=op.f("ck_number_pattern_digit_count")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_number_pattern_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_number_pattern_created_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_pattern")),
    )
    with op.batch_alter_table("number_pattern", schema=None) as batch_op:
        batch_op.create_index("ix_number_pattern_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_number_pattern_prefix_of_state_effective_from", ["prefix_of", "state", "effective_from"], unique=False)
        batch_op.create_index("ix_number_pattern_state_id", ["state", "id"], unique=False)

    if op.get_bind().dialect.name == "postgresql":
        for table in TABLES:
            op.execute(f"CREATE INDEX ix_{table}_search_grams ON {table} USING gin (search_grams(search_text))")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
