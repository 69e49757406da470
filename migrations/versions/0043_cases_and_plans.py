"""The requests of a device by the time they came in, which signals count device by device; and when a recall's plan is to be done."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

OLD, NEW = "ix_service_request_device_id", "ix_service_request_device_id_received_at"


def upgrade() -> None:
    op.create_index(NEW, "service_request", ["device_id", "received_at"])
    op.drop_index(OLD, "service_request")
    op.add_column("recall", sa.Column("plan_done_by", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("recall", "plan_done_by")
    op.create_index(OLD, "service_request", ["device_id"])
    op.drop_index(NEW, "service_request")
