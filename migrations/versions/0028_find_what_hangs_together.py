"""A trace finds parts taken out, software versions, lots, visits and closed orders without reading their tables."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_service_order_closed_at": ("service_order", ["closed_at"]),
    "ix_part_replaced_old_lot_no": ("part_replaced", ["old_lot_no"]),
    "ix_part_replaced_old_serial_no": ("part_replaced", ["old_serial_no"]),
    "ix_visit_engineer_id_order_id": ("visit", ["engineer_id", "order_id"]),
    "ix_device_lot_no": ("device", ["lot_no"]),
    "ix_device_software_full_version": ("device", ["software_full_version"]),
    "ix_device_software_release": ("device", ["software_release"]),
}


def upgrade() -> None:
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns)


def downgrade() -> None:
    for name, (table, _columns) in INDEXES.items():
        op.drop_index(name, table_name=table)
