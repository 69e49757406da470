"""Forms have a purpose and lines of more kinds, an approved version may wait for its day, and an order keeps the version it began with."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ONE_OF_TWO = "(value IS NULL) <> (is_passed IS NULL)"
ONE_OF_THREE = (
    "CASE WHEN value IS NULL THEN 0 ELSE 1 END + CASE WHEN is_passed IS NULL THEN 0 ELSE 1 END"
    " + CASE WHEN answer IS NULL THEN 0 ELSE 1 END = 1"
)


def upgrade() -> None:
    with op.batch_alter_table("function_test") as table:
        table.add_column(sa.Column("purpose", sa.String(length=32), server_default="function_test", nullable=False))
        table.create_check_constraint(op.f("ck_function_test_formpurpose"), "purpose IN ('function_test', 'installation', 'maintenance')")
    with op.batch_alter_table("function_test_item") as table:
        for name in ("hint_text", "good_answers", "bad_answers"):
            table.add_column(sa.Column(name, sa.Text(), nullable=True))
        table.drop_constraint(op.f("ck_function_test_item_itemkind"), type_="check")
        table.create_check_constraint(op.f("ck_function_test_item_itemkind"), "kind IN ('numeric', 'pass_fail', 'choice', 'text')")
        table.create_check_constraint(op.f("ck_function_test_item_good_answers"), "kind <> 'choice' OR good_answers IS NOT NULL")
    with op.batch_alter_table("measurement") as table:
        table.add_column(sa.Column("answer", sa.String(length=500), nullable=True))
        table.drop_constraint(op.f("ck_measurement_value"), type_="check")
        table.create_check_constraint(op.f("ck_measurement_value"), ONE_OF_THREE)
    with op.batch_alter_table("service_order") as table:
        table.add_column(sa.Column("function_test_id", ROW, nullable=True))
        table.create_foreign_key(op.f("fk_service_order_function_test_id"), "function_test", ["function_test_id"], ["id"])
    op.create_index("ix_service_order_function_test_id", "service_order", ["function_test_id"])


def downgrade() -> None:
    op.drop_index("ix_service_order_function_test_id", "service_order")
    with op.batch_alter_table("service_order") as table:
        table.drop_constraint(op.f("fk_service_order_function_test_id"), type_="foreignkey")
        table.drop_column("function_test_id")
    with op.batch_alter_table("measurement") as table:
        table.drop_constraint(op.f("ck_measurement_value"), type_="check")
        table.create_check_constraint(op.f("ck_measurement_value"), ONE_OF_TWO)
        table.drop_column("answer")
    with op.batch_alter_table("function_test_item") as table:
        table.drop_constraint(op.f("ck_function_test_item_good_answers"), type_="check")
        table.drop_constraint(op.f("ck_function_test_item_itemkind"), type_="check")
        table.create_check_constraint(op.f("ck_function_test_item_itemkind"), "kind IN ('numeric', 'pass_fail')")
        for name in ("bad_answers", "good_answers", "hint_text"):
            table.drop_column(name)
    with op.batch_alter_table("function_test") as table:
        table.drop_constraint(op.f("ck_function_test_formpurpose"), type_="check")
        table.drop_column("purpose")
