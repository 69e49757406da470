"""What customers say of a repair once it is done."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "service_rating",
        sa.Column("order_id", ROW, nullable=False),
        sa.Column("rated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("opinion", sa.Text(), nullable=True),
        sa.Column("follow_up", sa.Text(), nullable=True),
        sa.Column("followed_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("followed_up_by", sa.String(length=120), nullable=True),
        sa.Column("region_id", ROW, nullable=False),
        sa.Column("id", ROW, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("custom", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name=op.f("ck_service_rating_score")),
        sa.CheckConstraint("state IN ('given', 'followed_up')", name=op.f("ck_service_rating_state_known")),
        sa.CheckConstraint("state NOT IN ('followed_up') OR follow_up IS NOT NULL", name=op.f("ck_service_rating_follow_up_filled")),
        sa.CheckConstraint(
            "state NOT IN ('followed_up') OR followed_up_at IS NOT NULL", name=op.f("ck_service_rating_followed_up_at_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('followed_up') OR followed_up_by IS NOT NULL", name=op.f("ck_service_rating_followed_up_by_filled")
        ),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_service_rating_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_service_rating_created_by_id")),
        sa.ForeignKeyConstraint(["order_id"], ["service_order.id"], name=op.f("fk_service_rating_order_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_service_rating_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_rating")),
        sa.UniqueConstraint("number", name=op.f("uq_service_rating_number")),
        sa.UniqueConstraint("order_id", name=op.f("uq_service_rating_order_id")),
    )
    op.create_index("ix_service_rating_changed_at_id", "service_rating", ["changed_at", "id"])
    op.create_index("ix_service_rating_rated_at", "service_rating", ["rated_at"])
    op.create_index("ix_service_rating_region_id_id", "service_rating", ["region_id", "id"])
    op.create_index("ix_service_rating_region_id_state_id", "service_rating", ["region_id", "state", "id"])
    op.create_index("ix_service_rating_score_state_id", "service_rating", ["score", "state", "id"])
    op.create_index("ix_service_rating_state_id", "service_rating", ["state", "id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE INDEX ix_service_rating_custom ON service_rating USING gin (custom jsonb_path_ops)")
        op.execute("CREATE INDEX ix_service_rating_search_grams ON service_rating USING gin (search_grams(search_text))")


def downgrade() -> None:
    op.drop_table("service_rating")
