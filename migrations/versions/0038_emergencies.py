"""Emergency plans, emergencies and drills; corrective actions that follow from one."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
RECORDS = ("emergency", "emergency_drill", "emergency_plan")
ROWS = ("drill_score", "emergency_customer", "emergency_step", "emergency_entry", "plan_measure", "plan_member")
SOURCES = ("complaint", "adverse_event", "recall", "audit", "self_inspection", "deviation", "emergency", "signal", "other")


def upgrade() -> None:
    op.create_table(
        "emergency_plan",
        sa.Column("title", sa.String(length=250), nullable=False),
        sa.Column(
            "scenario",
            sa.Enum(
                "batch_fault",
                "failure_in_use",
                "remote_unrepairable",
                "group_complaint",
                "parts_shortage",
                "cyber_incident",
                "disaster",
                "hotline_down",
                "other",
                name="scenario",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("edition", sa.String(length=20), nullable=False),
        sa.Column("replaces_id", ROW_ID, nullable=True),
        sa.Column("start_conditions", sa.Text(), nullable=False),
        sa.Column("communication", sa.Text(), nullable=True),
        sa.Column("resources", sa.Text(), nullable=True),
        sa.Column("drafted_by", sa.String(length=120), nullable=False),
        sa.Column("approved_by", sa.String(length=120), nullable=True),
        sa.Column("approved_at", MOMENT, nullable=True),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.CheckConstraint("state IN ('draft', 'submitted', 'in_force', 'withdrawn')", name=op.f("ck_emergency_plan_state_known")),
        sa.CheckConstraint("state NOT IN ('in_force') OR approved_at IS NOT NULL", name=op.f("ck_emergency_plan_approved_at_filled")),
        sa.CheckConstraint("state NOT IN ('in_force') OR approved_by IS NOT NULL", name=op.f("ck_emergency_plan_approved_by_filled")),
        sa.CheckConstraint(
            "state NOT IN ('submitted', 'in_force') OR communication IS NOT NULL", name=op.f("ck_emergency_plan_communication_filled")
        ),
        sa.CheckConstraint("state NOT IN ('withdrawn') OR withdrawn_at IS NOT NULL", name=op.f("ck_emergency_plan_withdrawn_at_filled")),
        sa.ForeignKeyConstraint(["replaces_id"], ["emergency_plan.id"], name=op.f("fk_emergency_plan_replaces_id")),
        sa.UniqueConstraint("number", name=op.f("uq_emergency_plan_number")),
        *_every("emergency_plan", is_regional=False),
    )
    op.create_index("ix_emergency_plan_changed_at_id", "emergency_plan", ["changed_at", "id"])
    op.create_index("ix_emergency_plan_replaces_id", "emergency_plan", ["replaces_id"])
    op.create_index("ix_emergency_plan_state_id", "emergency_plan", ["state", "id"])
    op.create_table(
        "plan_measure",
        sa.Column("plan_id", ROW_ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("measure", sa.String(length=250), nullable=False),
        sa.Column("duty", sa.String(length=120), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.CheckConstraint("minutes BETWEEN 0 AND 100000", name=op.f("ck_plan_measure_minutes")),
        sa.ForeignKeyConstraint(["plan_id"], ["emergency_plan.id"], name=op.f("fk_plan_measure_plan_id")),
        *_every("plan_measure", is_regional=False),
    )
    op.create_index("ix_plan_measure_changed_at_id", "plan_measure", ["changed_at", "id"])
    op.create_index("ix_plan_measure_plan_id", "plan_measure", ["plan_id"])
    op.create_table(
        "plan_member",
        sa.Column("plan_id", ROW_ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("duty", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("deputy", sa.String(length=60), nullable=True),
        sa.Column("deputy_phone", sa.String(length=40), nullable=True),
        sa.CheckConstraint("depth BETWEEN 1 AND 6", name=op.f("ck_plan_member_depth")),
        sa.ForeignKeyConstraint(["plan_id"], ["emergency_plan.id"], name=op.f("fk_plan_member_plan_id")),
        *_every("plan_member", is_regional=False),
    )
    op.create_index("ix_plan_member_changed_at_id", "plan_member", ["changed_at", "id"])
    op.create_index("ix_plan_member_plan_id", "plan_member", ["plan_id"])
    op.create_table(
        "emergency",
        sa.Column("plan_id", ROW_ID, nullable=False),
        sa.Column("is_drill", sa.Boolean(), nullable=False),
        sa.Column("title", sa.String(length=250), nullable=False),
        sa.Column("situation", sa.Text(), nullable=False),
        sa.Column("complaint_id", ROW_ID, nullable=True),
        sa.Column("order_id", ROW_ID, nullable=True),
        sa.Column("model_id", ROW_ID, nullable=True),
        sa.Column("lot_no", sa.String(length=64), nullable=True),
        sa.Column("software_release", sa.String(length=64), nullable=True),
        sa.Column("part_lot_no", sa.String(length=64), nullable=True),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("started_by", sa.String(length=120), nullable=False),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("led_by", sa.String(length=120), nullable=True),
        sa.Column("led_by_user_id", sa.Integer(), nullable=True),
        sa.Column("team_formed_at", MOMENT, nullable=True),
        sa.Column("customers_told_at", MOMENT, nullable=True),
        sa.Column("restoration", sa.Text(), nullable=True),
        sa.Column("restored_at", MOMENT, nullable=True),
        sa.Column("legal_judgement", sa.Text(), nullable=True),
        sa.Column("causes", sa.Text(), nullable=True),
        sa.Column("effect", sa.Text(), nullable=True),
        sa.Column("lessons", sa.Text(), nullable=True),
        sa.Column("closed_by", sa.String(length=120), nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.CheckConstraint("state IN ('started', 'running', 'restored', 'closed', 'called_off')", name=op.f("ck_emergency_state_known")),
        sa.CheckConstraint("state NOT IN ('closed') OR causes IS NOT NULL", name=op.f("ck_emergency_causes_filled")),
        sa.CheckConstraint("state NOT IN ('closed') OR closed_at IS NOT NULL", name=op.f("ck_emergency_closed_at_filled")),
        sa.CheckConstraint("state NOT IN ('closed') OR closed_by IS NOT NULL", name=op.f("ck_emergency_closed_by_filled")),
        sa.CheckConstraint("state NOT IN ('closed') OR customers_told_at IS NOT NULL", name=op.f("ck_emergency_customers_told_at_filled")),
        sa.CheckConstraint("state NOT IN ('closed') OR effect IS NOT NULL", name=op.f("ck_emergency_effect_filled")),
        sa.CheckConstraint("state NOT IN ('closed') OR legal_judgement IS NOT NULL", name=op.f("ck_emergency_legal_judgement_filled")),
        sa.CheckConstraint("state NOT IN ('closed') OR lessons IS NOT NULL", name=op.f("ck_emergency_lessons_filled")),
        sa.CheckConstraint("state NOT IN ('restored') OR restoration IS NOT NULL", name=op.f("ck_emergency_restoration_filled")),
        sa.CheckConstraint("state NOT IN ('restored', 'closed') OR restored_at IS NOT NULL", name=op.f("ck_emergency_restored_at_filled")),
        sa.CheckConstraint("state NOT IN ('running') OR led_by IS NOT NULL", name=op.f("ck_emergency_led_by_filled")),
        sa.CheckConstraint("state NOT IN ('running') OR team IS NOT NULL", name=op.f("ck_emergency_team_filled")),
        sa.CheckConstraint(
            "state NOT IN ('running', 'restored', 'closed') OR team_formed_at IS NOT NULL", name=op.f("ck_emergency_team_formed_at_filled")
        ),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaint.id"], name=op.f("fk_emergency_complaint_id")),
        sa.ForeignKeyConstraint(["led_by_user_id"], ["ab_user.id"], name=op.f("fk_emergency_led_by_user_id")),
        sa.ForeignKeyConstraint(["model_id"], ["device_model.id"], name=op.f("fk_emergency_model_id")),
        sa.ForeignKeyConstraint(["order_id"], ["service_order.id"], name=op.f("fk_emergency_order_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["emergency_plan.id"], name=op.f("fk_emergency_plan_id")),
        sa.UniqueConstraint("number", name=op.f("uq_emergency_number")),
        *_every("emergency"),
    )
    op.create_index("ix_emergency_changed_at_id", "emergency", ["changed_at", "id"])
    op.create_index("ix_emergency_complaint_id", "emergency", ["complaint_id"])
    op.create_index("ix_emergency_model_id", "emergency", ["model_id"])
    op.create_index("ix_emergency_order_id", "emergency", ["order_id"])
    op.create_index("ix_emergency_part_lot_no", "emergency", ["part_lot_no"])
    op.create_index("ix_emergency_plan_id", "emergency", ["plan_id"])
    op.create_index("ix_emergency_region_id_id", "emergency", ["region_id", "id"])
    op.create_index("ix_emergency_region_id_state_id", "emergency", ["region_id", "state", "id"])
    op.create_index("ix_emergency_started_at", "emergency", ["started_at"])
    op.create_index("ix_emergency_state_id", "emergency", ["state", "id"])
    op.create_table(
        "emergency_customer",
        sa.Column("emergency_id", ROW_ID, nullable=False),
        sa.Column("customer_id", ROW_ID, nullable=False),
        sa.Column("unit_count", sa.Integer(), nullable=False),
        sa.Column(
            "way",
            sa.Enum(
                "first_contact",
                "second_contact",
                "visit",
                "message",
                name="contactway",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "result",
            sa.Enum("reached", "not_reached", "given_up", name="contactresult", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column("note", sa.String(length=250), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("told_by", sa.String(length=120), nullable=True),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_emergency_customer_customer_id")),
        sa.ForeignKeyConstraint(["emergency_id"], ["emergency.id"], name=op.f("fk_emergency_customer_emergency_id")),
        sa.UniqueConstraint("emergency_id", "customer_id", name=op.f("uq_emergency_customer_emergency_id_customer_id")),
        *_every("emergency_customer"),
    )
    op.create_index("ix_emergency_customer_changed_at_id", "emergency_customer", ["changed_at", "id"])
    op.create_index("ix_emergency_customer_customer_id", "emergency_customer", ["customer_id"])
    op.create_table(
        "emergency_drill",
        sa.Column("plan_id", ROW_ID, nullable=False),
        sa.Column("title", sa.String(length=250), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("announced_at", MOMENT, nullable=False),
        sa.Column("outline", sa.Text(), nullable=False),
        sa.Column("participants", sa.String(length=250), nullable=True),
        sa.Column("safety", sa.Text(), nullable=True),
        sa.Column("model_id", ROW_ID, nullable=True),
        sa.Column("lot_no", sa.String(length=64), nullable=True),
        sa.Column("part_lot_no", sa.String(length=64), nullable=True),
        sa.Column("emergency_id", ROW_ID, nullable=True),
        sa.Column("held_at", MOMENT, nullable=True),
        sa.Column("points", sa.Integer(), nullable=True),
        sa.Column("is_passed", sa.Boolean(), nullable=True),
        sa.Column("conclusion", sa.Text(), nullable=True),
        sa.Column("scored_by", sa.String(length=120), nullable=True),
        sa.Column("scored_at", MOMENT, nullable=True),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.CheckConstraint("state IN ('planned', 'running', 'scored', 'cancelled')", name=op.f("ck_emergency_drill_state_known")),
        sa.CheckConstraint("state NOT IN ('running') OR held_at IS NOT NULL", name=op.f("ck_emergency_drill_held_at_filled")),
        sa.CheckConstraint(
            "state NOT IN ('running', 'scored') OR emergency_id IS NOT NULL", name=op.f("ck_emergency_drill_emergency_id_filled")
        ),
        sa.CheckConstraint("state NOT IN ('scored') OR conclusion IS NOT NULL", name=op.f("ck_emergency_drill_conclusion_filled")),
        sa.CheckConstraint("state NOT IN ('scored') OR points IS NOT NULL", name=op.f("ck_emergency_drill_points_filled")),
        sa.CheckConstraint("state NOT IN ('scored') OR scored_at IS NOT NULL", name=op.f("ck_emergency_drill_scored_at_filled")),
        sa.CheckConstraint("state NOT IN ('scored') OR scored_by IS NOT NULL", name=op.f("ck_emergency_drill_scored_by_filled")),
        sa.ForeignKeyConstraint(["emergency_id"], ["emergency.id"], name=op.f("fk_emergency_drill_emergency_id")),
        sa.ForeignKeyConstraint(["model_id"], ["device_model.id"], name=op.f("fk_emergency_drill_model_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["emergency_plan.id"], name=op.f("fk_emergency_drill_plan_id")),
        sa.UniqueConstraint("emergency_id", name=op.f("uq_emergency_drill_emergency_id")),
        sa.UniqueConstraint("number", name=op.f("uq_emergency_drill_number")),
        *_every("emergency_drill"),
    )
    op.create_index("ix_emergency_drill_changed_at_id", "emergency_drill", ["changed_at", "id"])
    op.create_index("ix_emergency_drill_held_at", "emergency_drill", ["held_at"])
    op.create_index("ix_emergency_drill_model_id", "emergency_drill", ["model_id"])
    op.create_index("ix_emergency_drill_plan_id", "emergency_drill", ["plan_id"])
    op.create_index("ix_emergency_drill_planned_on", "emergency_drill", ["planned_on"])
    op.create_index("ix_emergency_drill_region_id_id", "emergency_drill", ["region_id", "id"])
    op.create_index("ix_emergency_drill_region_id_state_id", "emergency_drill", ["region_id", "state", "id"])
    op.create_index("ix_emergency_drill_state_id", "emergency_drill", ["state", "id"])
    op.create_table(
        "emergency_entry",
        sa.Column("emergency_id", ROW_ID, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("noted_by", sa.String(length=120), nullable=False),
        sa.Column("noted_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["emergency_id"], ["emergency.id"], name=op.f("fk_emergency_entry_emergency_id")),
        *_every("emergency_entry"),
    )
    op.create_index("ix_emergency_entry_changed_at_id", "emergency_entry", ["changed_at", "id"])
    op.create_index("ix_emergency_entry_emergency_id", "emergency_entry", ["emergency_id"])
    op.create_table(
        "emergency_step",
        sa.Column("emergency_id", ROW_ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("measure", sa.String(length=250), nullable=False),
        sa.Column("duty", sa.String(length=120), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(length=250), nullable=True),
        sa.Column("done_by", sa.String(length=120), nullable=True),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.CheckConstraint("minutes BETWEEN 0 AND 100000", name=op.f("ck_emergency_step_minutes")),
        sa.ForeignKeyConstraint(["emergency_id"], ["emergency.id"], name=op.f("fk_emergency_step_emergency_id")),
        *_every("emergency_step"),
    )
    op.create_index("ix_emergency_step_changed_at_id", "emergency_step", ["changed_at", "id"])
    op.create_index("ix_emergency_step_emergency_id", "emergency_step", ["emergency_id"])
    op.create_table(
        "drill_score",
        sa.Column("drill_id", ROW_ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "criterion",
            sa.Enum(
                "team_time",
                "customers_time",
                "restored_time",
                "scope_found",
                "legal_judgement",
                "log_kept",
                name="drillcriterion",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("measured", sa.String(length=250), nullable=True),
        sa.Column("points", sa.Integer(), nullable=True),
        sa.Column("remark", sa.String(length=250), nullable=True),
        sa.CheckConstraint("points BETWEEN 0 AND weight", name=op.f("ck_drill_score_points")),
        sa.ForeignKeyConstraint(["drill_id"], ["emergency_drill.id"], name=op.f("fk_drill_score_drill_id")),
        sa.UniqueConstraint("drill_id", "criterion", name=op.f("uq_drill_score_drill_id_criterion")),
        *_every("drill_score"),
    )
    op.create_index("ix_drill_score_changed_at_id", "drill_score", ["changed_at", "id"])
    for table in RECORDS if op.get_bind().dialect.name == "postgresql" else ():
        op.execute(f"CREATE INDEX ix_{table}_custom ON {table} USING gin (custom jsonb_path_ops)")
        op.execute(f"CREATE INDEX ix_{table}_search_grams ON {table} USING gin (search_grams(search_text))")
    with op.batch_alter_table("corrective_action") as table:
        table.add_column(sa.Column("emergency_id", ROW_ID, nullable=True))
        table.create_foreign_key(op.f("fk_corrective_action_emergency_id"), "emergency", ["emergency_id"], ["id"])
        _sources(table, SOURCES)
    op.create_index("ix_corrective_action_emergency_id", "corrective_action", ["emergency_id"])


def downgrade() -> None:
    op.execute("UPDATE corrective_action SET source = 'other' WHERE source = 'emergency'")
    op.drop_index("ix_corrective_action_emergency_id", "corrective_action")
    with op.batch_alter_table("corrective_action") as table:
        _sources(table, [source for source in SOURCES if source != "emergency"])
        table.drop_constraint(op.f("fk_corrective_action_emergency_id"), type_="foreignkey")
        table.drop_column("emergency_id")
    for name in (*ROWS, "emergency_drill", "emergency", "emergency_plan"):
        op.drop_table(name)


def _sources(table: sa.Table, sources: list[str] | tuple[str, ...]) -> None:
    table.drop_constraint(op.f("ck_corrective_action_capasource"), type_="check")
    told = ", ".join(f"'{source}'" for source in sources)
    table.create_check_constraint(op.f("ck_corrective_action_capasource"), f"source IN ({told})")


def _every(table: str, *, is_regional: bool = True) -> list[sa.Column | sa.Constraint]:
    """What every record has, with its region where it has one."""
    people = [
        sa.ForeignKeyConstraint([name], ["ab_user.id"], name=op.f(f"fk_{table}_{name}")) for name in ("created_by_id", "changed_by_id")
    ]
    region = [
        sa.Column("region_id", ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f(f"fk_{table}_region_id")),
    ]
    return [
        *(region if is_regional else ()),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        *people,
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]
