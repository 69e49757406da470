"""Triggers that refuse to change or delete entries of the audit trail, and that list new ones for sealing."""

from alembic import op

from aftersales.record.audit.protection import protection_ddl, removal_ddl

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in protection_ddl(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    for statement in removal_ddl(op.get_bind().dialect.name):
        op.execute(statement)
