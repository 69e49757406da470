"""Binders for inspections: what was asked for, and the two files that came of it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "binder",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("starts", JSON, nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("begins_on", sa.Date),
        sa.Column("ends_on", sa.Date),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("job_id", ROW_ID, nullable=True),
        sa.Column("made_at", MOMENT),
        sa.Column("pages", sa.Integer),
        sa.Column("originals", sa.Integer),
        sa.Column("pdf", sa.String(64)),
        sa.Column("zip", sa.String(64)),
        sa.ForeignKeyConstraint(["asked_by_id"], ["ab_user.id"], name="fk_binder_asked_by_id"),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_binder_job_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_binder"),
    )
    op.create_index("ix_binder_asked_by_id_id", "binder", ["asked_by_id", "id"])
    op.create_index("ix_sealed_document_kind_sealed_at", "sealed_document", ["kind", "sealed_at"])


def downgrade() -> None:
    op.drop_index("ix_sealed_document_kind_sealed_at", table_name="sealed_document")
    op.drop_table("binder")
