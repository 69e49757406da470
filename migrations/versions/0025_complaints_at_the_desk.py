"""A request says whether it is a fault or a complaint, and a complaint ends with an answer."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

STATES = ["received", "registered", "ordered", "solved_remotely"]
REGISTERED = (
    "registered_at", "customer_id", "is_device_down", "is_treatment_affected", "has_alternative", "fault_level", "harm",
)  # fmt: skip


def upgrade() -> None:
    with op.batch_alter_table("service_request") as table:
        table.add_column(sa.Column("kind", sa.String(length=32), server_default="fault", nullable=False))
        table.add_column(sa.Column("reply", sa.Text(), nullable=True))
        table.create_check_constraint(op.f("ck_service_request_requestkind"), "kind IN ('complaint', 'fault')")
        table.create_check_constraint(op.f("ck_service_request_reply_filled"), "state NOT IN ('answered') OR reply IS NOT NULL")
        _know(table, [*STATES, "answered"])
    with op.batch_alter_table("service_request") as table:
        table.alter_column("kind", existing_type=sa.String(length=32), server_default=None)
    op.create_index("ix_service_request_kind_state_id", "service_request", ["kind", "state", "id"])


def downgrade() -> None:
    op.drop_index("ix_service_request_kind_state_id", "service_request")
    with op.batch_alter_table("service_request") as table:
        _know(table, STATES)
        table.drop_constraint(op.f("ck_service_request_reply_filled"), type_="check")
        table.drop_constraint(op.f("ck_service_request_requestkind"), type_="check")
        table.drop_column("reply")
        table.drop_column("kind")


def _know(table: sa.Table, states: list[str]) -> None:
    """Rewrite the CHECKs that name the states."""
    _check(table, "state_known", f"state IN ({_list([*states, 'cancelled'])})")
    for field in REGISTERED:
        _check(table, f"{field}_filled", f"state NOT IN ({_list(states[1:])}) OR {field} IS NOT NULL")


def _check(table: sa.Table, name: str, condition: str) -> None:
    constraint = op.f(f"ck_service_request_{name}")
    table.drop_constraint(constraint, type_="check")
    table.create_check_constraint(constraint, condition)


def _list(states: list[str]) -> str:
    return ", ".join(f"'{state}'" for state in states)
