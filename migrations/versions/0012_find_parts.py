"""A gram index for the parts replaced: a serial or lot number of a part leads to the order it was fitted in."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE INDEX ix_part_replaced_search_grams ON part_replaced USING gin (search_grams(search_text))")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP INDEX ix_part_replaced_search_grams")
