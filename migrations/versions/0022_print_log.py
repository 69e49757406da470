"""The print log: who printed what, as what and what for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "print_entry",
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("record_name", sa.String(length=120), nullable=False),
        sa.Column("form_no", sa.String(length=40), nullable=False),
        sa.Column("edition", sa.String(length=20), nullable=False),
        sa.Column(
            "mark",
            sa.Enum(
                "controlled",
                "sealed",
                "uncontrolled",
                "reference",
                "void",
                name="printmark",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("copy_no", sa.Integer(), nullable=True),
        sa.Column("purpose", sa.String(length=250), nullable=True),
        sa.Column("paper_code", sa.String(length=16), nullable=True),
        sa.Column("printed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("printed_by", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("region_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("custom", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_print_entry_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_print_entry_created_by_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_print_entry_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_print_entry")),
    )
    with op.batch_alter_table("print_entry", schema=None) as batch_op:
        batch_op.create_index("ix_print_entry_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_print_entry_kind_record_id", ["kind", "record_id"], unique=False)
        batch_op.create_index("ix_print_entry_mark", ["mark"], unique=False)
        batch_op.create_index("ix_print_entry_printed_at", ["printed_at"], unique=False)

    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE INDEX ix_print_entry_custom ON print_entry USING gin (custom jsonb_path_ops)")
        op.execute("CREATE INDEX ix_print_entry_search_grams ON print_entry USING gin (search_grams(search_text))")


def downgrade() -> None:
    op.drop_table("print_entry")
