"""Fields that administrators add: their definitions, and a column on every record for their values."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KINDS = "kind IN ('text', 'number', 'date', 'choice', 'yes_no')"
# Rows that live inside a record are in no list, so nobody filters them.
LINES = {
    "code", "contract_promise", "calendar_day", "customer_contact", "field_choice", "function_test_item", "loaner", "measurement",
    "part_replaced", "qualification", "visit",
}  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "field_definition",
        *_own_columns(),
        sa.Column("place", sa.String(length=128), nullable=False),
        sa.Column("record_type", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=True),
        sa.Column("lower", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.Column("upper", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.Column("hint_zh", sa.String(length=250), nullable=True),
        sa.Column("hint_en", sa.String(length=250), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_listed", sa.Boolean(), nullable=False),
        sa.Column("is_filter", sa.Boolean(), nullable=False),
        sa.Column("is_searched", sa.Boolean(), nullable=False),
        sa.Column("is_personal", sa.Boolean(), nullable=False),
        sa.Column("required_from", sa.Date(), nullable=True),
        sa.Column("required_state", sa.String(length=128), nullable=True),
        sa.Column("active_from", sa.Date(), nullable=False),
        sa.Column("active_until", sa.Date(), nullable=True),
        *_own_keys("field_definition"),
        sa.CheckConstraint(KINDS, name=op.f("ck_field_definition_fieldkind")),
        sa.UniqueConstraint("record_type", "code", name=op.f("uq_field_definition_record_type_code")),
    )
    op.create_index("ix_field_definition_changed_at_id", "field_definition", ["changed_at", "id"])
    op.create_index("ix_field_definition_record_type_id", "field_definition", ["record_type", "id"])
    op.create_table(
        "field_choice",
        *_own_columns(),
        sa.Column("definition_id", _row_id(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_offered", sa.Boolean(), nullable=False),
        *_own_keys("field_choice"),
        sa.ForeignKeyConstraint(["definition_id"], ["field_definition.id"], name=op.f("fk_field_choice_definition_id")),
        sa.UniqueConstraint("definition_id", "code", name=op.f("uq_field_choice_definition_id_code")),
    )
    op.create_index("ix_field_choice_changed_at_id", "field_choice", ["changed_at", "id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE INDEX ix_field_definition_search_grams ON field_definition USING gin (search_grams(search_text))")
    for table in _records():
        op.add_column(table, sa.Column("custom", JSON, server_default=sa.text("'{}'"), nullable=False))
        if table not in LINES and op.get_bind().dialect.name == "postgresql":
            op.create_index(f"ix_{table}_custom", table, ["custom"], postgresql_using="gin", postgresql_ops={"custom": "jsonb_path_ops"})


def downgrade() -> None:
    for table in _records():
        if table not in LINES and op.get_bind().dialect.name == "postgresql":
            op.drop_index(f"ix_{table}_custom", table)
        op.drop_column(table, "custom")
    op.drop_table("field_choice")
    op.drop_table("field_definition")


def _own_columns() -> list[sa.Column]:
    """What every record has."""
    return [
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
    ]


def _own_keys(table: str) -> list[sa.Constraint]:
    people = ("created_by_id", "changed_by_id")
    keys = [sa.ForeignKeyConstraint([column], ["ab_user.id"], name=op.f(f"fk_{table}_{column}")) for column in people]
    return [*keys, sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))]


def _row_id() -> sa.BigInteger:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _records() -> list[str]:
    """Every table of records has a search text."""
    inspector = sa.inspect(op.get_bind())
    return [table for table in sorted(inspector.get_table_names()) if "search_text" in {c["name"] for c in inspector.get_columns(table)}]
