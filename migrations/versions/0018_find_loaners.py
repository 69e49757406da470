"""The box in which a loaner is chosen finds the loaners without reading all devices."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_device_is_loaner_id", "device", ["is_loaner", "id"])


def downgrade() -> None:
    op.drop_index("ix_device_is_loaner_id", table_name="device")
