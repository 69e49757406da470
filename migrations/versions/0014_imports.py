"""What is kept of imported files: how they are read, what became of each row, the mappings for the next ones."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sheet_import",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("record_type", sa.String(64), nullable=False),
        sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("headings", JSON, nullable=False),
        sa.Column("columns", JSON, nullable=False),
        sa.Column("meanings", JSON, nullable=False),
        sa.Column("fixed", JSON, nullable=False),
        sa.Column("strange", JSON, nullable=False),
        sa.Column("date_order", sa.String(3), nullable=False),
        sa.Column("is_foreign", sa.Boolean(), nullable=False),
        sa.Column("job_id", ROW_ID, nullable=True),
        sa.Column("tried_at", MOMENT, nullable=True),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("examples", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["asked_by_id"], ["ab_user.id"], name="fk_sheet_import_asked_by_id"),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_sheet_import_job_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_sheet_import"),
    )
    op.create_index("ix_sheet_import_asked_by_id_id", "sheet_import", ["asked_by_id", "id"])
    op.create_index("ix_sheet_import_asked_at", "sheet_import", ["asked_at"])
    op.create_table(
        "sheet_import_row",
        sa.Column("import_id", ROW_ID, nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("record_id", ROW_ID, nullable=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("errors", JSON, nullable=True),
        sa.ForeignKeyConstraint(["import_id"], ["sheet_import.id"], name="fk_sheet_import_row_import_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("import_id", "row", name="pk_sheet_import_row"),
    )
    op.create_index("ix_sheet_import_row_import_id_record_id", "sheet_import_row", ["import_id", "record_id"])
    op.create_table(
        "sheet_mapping",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("record_type", sa.String(64), nullable=False),
        sa.Column("headings_hash", sa.String(64), nullable=False),
        sa.Column("columns", JSON, nullable=False),
        sa.Column("meanings", JSON, nullable=False),
        sa.Column("fixed", JSON, nullable=False),
        sa.Column("date_order", sa.String(3), nullable=False),
        sa.Column("changed_by_id", sa.Integer(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name="fk_sheet_mapping_changed_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sheet_mapping"),
        sa.UniqueConstraint("record_type", "headings_hash", name="uq_sheet_mapping_record_type_headings_hash"),
    )


def downgrade() -> None:
    for table in ("sheet_mapping", "sheet_import_row", "sheet_import"):
        op.drop_table(table)
