"""The requests of a device by the time they came in: what signals count, device by device."""

from alembic import op

revision = "0043"
down_revision = "0040"
branch_labels = None
depends_on = None

OLD, NEW = "ix_service_request_device_id", "ix_service_request_device_id_received_at"


def upgrade() -> None:
    op.create_index(NEW, "service_request", ["device_id", "received_at"])
    op.drop_index(OLD, "service_request")


def downgrade() -> None:
    op.create_index(OLD, "service_request", ["device_id"])
    op.drop_index(NEW, "service_request")
