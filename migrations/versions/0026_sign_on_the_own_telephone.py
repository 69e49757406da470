"""A repair's acceptance is opened to the customer's own telephone by a link, for some hours."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("service_order") as table:
        table.add_column(sa.Column("signing_token", sa.String(length=32), nullable=True))
        table.add_column(sa.Column("signing_until", sa.DateTime(timezone=True), nullable=True))
        table.create_unique_constraint(op.f("uq_service_order_signing_token"), ["signing_token"])


def downgrade() -> None:
    with op.batch_alter_table("service_order") as table:
        table.drop_constraint(op.f("uq_service_order_signing_token"), type_="unique")
        table.drop_column("signing_until")
        table.drop_column("signing_token")
