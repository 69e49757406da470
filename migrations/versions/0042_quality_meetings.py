"""Quality meetings and what they decide, corrective actions that begin with a decision, and a clock for each action's own day."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
SOURCES = (
    "complaint", "adverse_event", "recall", "audit", "self_inspection", "deviation", "emergency", "signal", "meeting_decision", "other",
)  # fmt: skip
HELD = {
    **dict.fromkeys(("figures_at", "figures_hash", "held_at", "held_by"), ("held", "concluded")),
    **dict.fromkeys(("attendees", "minutes", "conclusion", "chaired_by", "concluded_at"), ("concluded",)),
}  # fmt: skip
DONE = dict.fromkeys(("result", "done_by", "done_at"), ("done",))


def upgrade() -> None:
    op.create_table(
        "quality_meeting",
        sa.Column("period_kind", _choice("periodkind", "quarter", "month"), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("hold_on", MOMENT, nullable=True),
        sa.Column("planned_on", sa.Date(), nullable=True),
        sa.Column("figures", JSON, nullable=False),
        sa.Column("figures_at", MOMENT, nullable=True),
        sa.Column("figures_hash", sa.String(length=64), nullable=True),
        sa.Column("held_at", MOMENT, nullable=True),
        sa.Column("held_by", sa.String(length=120), nullable=True),
        sa.Column("attendees", sa.Text(), nullable=True),
        sa.Column("minutes", sa.Text(), nullable=True),
        sa.Column("conclusion", sa.Text(), nullable=True),
        sa.Column("chaired_by", sa.String(length=120), nullable=True),
        sa.Column("concluded_at", MOMENT, nullable=True),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.CheckConstraint(
            "state IN ('prepared', 'held', 'concluded', 'not_held')", name=op.f("ck_quality_meeting_state_known")
        ),
        sa.CheckConstraint("begins_on < ends_on", name=op.f("ck_quality_meeting_ends_on")),
        sa.CheckConstraint(
            "state NOT IN ('held', 'concluded') OR figures_at <= held_at", name=op.f("ck_quality_meeting_figures_at")
        ),
        *_filled("quality_meeting", HELD),
        sa.UniqueConstraint("number", name=op.f("uq_quality_meeting_number")),
        sa.UniqueConstraint("period_kind", "begins_on", name=op.f("uq_quality_meeting_period_kind_begins_on")),
        *_every("quality_meeting"),
    )  # fmt: skip
    _indexes("quality_meeting", "begins_on", "held_at")
    op.create_table(
        "meeting_decision",
        sa.Column("meeting_id", ROW_ID, nullable=False),
        sa.Column("kind", _choice("decisionkind", "task", "informing"), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("department_id", ROW_ID, nullable=True),
        sa.Column("assignee_id", ROW_ID, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("done_by", sa.String(length=120), nullable=True),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.CheckConstraint("state IN ('open', 'done', 'dropped')", name=op.f("ck_meeting_decision_state_known")),
        sa.CheckConstraint("kind <> 'informing' OR department_id IS NOT NULL", name=op.f("ck_meeting_decision_department_id")),
        *_filled("meeting_decision", DONE),
        sa.ForeignKeyConstraint(["meeting_id"], ["quality_meeting.id"], name=op.f("fk_meeting_decision_meeting_id")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_meeting_decision_department_id")),
        sa.ForeignKeyConstraint(["assignee_id"], ["person.id"], name=op.f("fk_meeting_decision_assignee_id")),
        sa.UniqueConstraint("number", name=op.f("uq_meeting_decision_number")),
        *_every("meeting_decision"),
    )
    _indexes("meeting_decision", "meeting_id", "assignee_id", "department_id", "due_on")
    with op.batch_alter_table("corrective_action") as table:
        table.add_column(sa.Column("meeting_decision_id", ROW_ID, nullable=True))
        table.create_foreign_key(op.f("fk_corrective_action_meeting_decision_id"), "meeting_decision", ["meeting_decision_id"], ["id"])
        table.create_index("ix_corrective_action_meeting_decision_id", ["meeting_decision_id"])
        table.create_index("ix_corrective_action_created_at", ["created_at"])
        table.create_index("ix_corrective_action_verified_at", ["verified_at"])
        _sources(table, SOURCES)
    op.add_column("capa_action", sa.Column("began_at", MOMENT, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("capa_action") as table:
        table.drop_column("began_at")
    op.execute("DELETE FROM clock WHERE kind IN ('CapaAction', 'MeetingDecision', 'QualityMeeting', 'EventReport')")
    op.execute("UPDATE corrective_action SET source = 'other' WHERE source = 'meeting_decision'")
    with op.batch_alter_table("corrective_action") as table:
        for name in ("verified_at", "created_at", "meeting_decision_id"):
            table.drop_index(f"ix_corrective_action_{name}")
        table.drop_constraint(op.f("fk_corrective_action_meeting_decision_id"), type_="foreignkey")
        table.drop_column("meeting_decision_id")
        _sources(table, [source for source in SOURCES if source != "meeting_decision"])
    op.drop_table("meeting_decision")
    op.drop_table("quality_meeting")


def _sources(table: sa.Table, sources: list[str] | tuple[str, ...]) -> None:
    table.drop_constraint(op.f("ck_corrective_action_capasource"), type_="check")
    told = ", ".join(f"'{source}'" for source in sources)
    table.create_check_constraint(op.f("ck_corrective_action_capasource"), f"source IN ({told})")


def _indexes(table: str, *names: str) -> None:
    op.create_index(f"ix_{table}_changed_at_id", table, ["changed_at", "id"])
    op.create_index(f"ix_{table}_state_id", table, ["state", "id"])
    for name in names:
        op.create_index(f"ix_{table}_{name}", table, [name])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"CREATE INDEX ix_{table}_custom ON {table} USING gin (custom jsonb_path_ops)")
        op.execute(f"CREATE INDEX ix_{table}_search_grams ON {table} USING gin (search_grams(search_text))")


def _choice(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _filled(table: str, asked: dict[str, tuple[str, ...]]) -> list[sa.CheckConstraint]:
    return [
        sa.CheckConstraint(
            "state NOT IN ({}) OR {} IS NOT NULL".format(", ".join(f"'{state}'" for state in states), name),
            name=op.f(f"ck_{table}_{name}_filled"),
        )
        for name, states in asked.items()
    ]


def _every(table: str) -> list[sa.Column | sa.Constraint]:
    """What every record has."""
    return [
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f(f"fk_{table}_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f(f"fk_{table}_created_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]
