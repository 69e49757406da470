"""The right to patients' data becomes two: to those of adverse events and to those of implants.

A role keeps each of the two whose patients' record it may read; without the record the right showed it those patients only on a
fresh print, which nobody had given it. Where a record type comes with this very upgrade, its right is left to be granted by default.
"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

OLD = "PatientData"
NEW = {"EventPatient": "EventPatientData", "ImplantPatient": "ImplantPatientData"}

RIGHT = """(SELECT pv.id FROM ab_permission_view pv JOIN ab_permission p ON p.id = pv.permission_id
    JOIN ab_view_menu v ON v.id = pv.view_menu_id WHERE p.name = 'can_read' AND v.name = :{})"""
HOLDERS = f"SELECT role_id FROM ab_permission_view_role WHERE permission_view_id = {RIGHT}"


def run(sql: str, **names: str) -> None:
    op.get_bind().execute(sa.text(sql), names)


def is_known(name: str) -> bool:
    return op.get_bind().scalar(sa.text(f"SELECT {RIGHT.format('name')}"), {"name": name}) is not None


def make(name: str) -> None:
    run("INSERT INTO ab_view_menu (name) VALUES (:name)", name=name)
    run("""INSERT INTO ab_permission_view (permission_id, view_menu_id)
        SELECT p.id, v.id FROM ab_permission p, ab_view_menu v WHERE p.name = 'can_read' AND v.name = :name""", name=name)  # fmt: skip


def remove(name: str) -> None:
    right = RIGHT.format("name")
    run(f"DELETE FROM ab_permission_view_role WHERE permission_view_id = {right}", name=name)
    run(f"DELETE FROM ab_permission_view WHERE id = {right}", name=name)
    run("DELETE FROM ab_view_menu WHERE name = :name", name=name)


def grant(name: str, condition: str, **names: str) -> None:
    """To each role of which `condition` is true."""
    run(
        f"""INSERT INTO ab_permission_view_role (permission_view_id, role_id)
        SELECT {RIGHT.format("name")}, r.id FROM ab_role r WHERE {condition}""",
        name=name, **names,
    )  # fmt: skip


def upgrade() -> None:
    if not is_known(OLD):
        return
    for record, name in NEW.items():
        if is_known(record):
            make(name)
            both = f"r.id IN ({HOLDERS.format('old')}) AND r.id IN ({HOLDERS.format('record')})"
            grant(name, both, old=OLD, record=record)
    remove(OLD)


def downgrade() -> None:
    had = [name for name in NEW.values() if is_known(name)]
    if not had:
        return
    make(OLD)
    grant(OLD, " OR ".join(f"r.id IN ({HOLDERS.format(name)})" for name in had), **{name: name for name in had})
    for name in had:
        remove(name)
