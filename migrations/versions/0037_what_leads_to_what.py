"""Recalls name the complaint or adverse event they began with; corrective actions the event or recall too."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LINKS = {"recall": ("complaint", "adverse_event"), "corrective_action": ("adverse_event", "recall")}


def upgrade() -> None:
    for name, targets in LINKS.items():
        with op.batch_alter_table(name) as table:
            for target in targets:
                table.add_column(sa.Column(f"{target}_id", ROW_ID, nullable=True))
                table.create_foreign_key(op.f(f"fk_{name}_{target}_id"), target, [f"{target}_id"], ["id"])
                table.create_index(f"ix_{name}_{target}_id", [f"{target}_id"])


def downgrade() -> None:
    for name, targets in reversed(LINKS.items()):
        with op.batch_alter_table(name) as table:
            for target in reversed(targets):
                table.drop_index(f"ix_{name}_{target}_id")
                table.drop_constraint(op.f(f"fk_{name}_{target}_id"), type_="foreignkey")
                table.drop_column(f"{target}_id")
