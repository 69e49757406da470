"""Lists as people arrange them, and the indexes for what lists are narrowed by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
INDEXES = (
    ("service_order", ("engineer_id", "id")),
    ("service_request", ("created_by_id", "id")),
    ("device", ("installed_on",)),
    ("device", ("warranty_until",)),
)


def upgrade() -> None:
    op.create_table(
        "list_view",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("args", JSON, nullable=False),
        sa.Column("shared_with", sa.String(64), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_list_view"),
        sa.ForeignKeyConstraint(["owner_id"], ["ab_user.id"], name="fk_list_view_owner_id"),
    )
    op.create_index("ix_list_view_kind_owner_id", "list_view", ["kind", "owner_id"])
    op.create_index("ix_list_view_kind_shared_with", "list_view", ["kind", "shared_with"])
    op.create_table(
        "list_setting",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("columns", JSON, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("view_id", ROW_ID, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_list_setting"),
        sa.ForeignKeyConstraint(["account_id"], ["ab_user.id"], name="fk_list_setting_account_id"),
        sa.ForeignKeyConstraint(["view_id"], ["list_view.id"], name="fk_list_setting_view_id", ondelete="SET NULL"),
        sa.UniqueConstraint("account_id", "kind", name="uq_list_setting_account_id_kind"),
    )
    for table, columns in INDEXES:
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def downgrade() -> None:
    for table, columns in reversed(INDEXES):
        op.drop_index(f"ix_{table}_{'_'.join(columns)}", table)
    op.drop_table("list_setting")
    op.drop_table("list_view")
