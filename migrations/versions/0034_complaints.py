"""Complaints and corrective actions; whether the device is down is asked of a fault only."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
GRADED = ("is_device_down", "is_treatment_affected", "has_alternative", "fault_level")
RECORDS = ("complaint", "corrective_action")


def upgrade() -> None:
    op.create_table(
        "complaint",
        sa.Column("request_id", ROW_ID, nullable=False),
        sa.Column("order_id", ROW_ID, nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("proposal_reasons", sa.Text(), nullable=True),
        sa.Column("complainant_name", sa.String(length=60), nullable=True),
        sa.Column("complainant_organisation", sa.String(length=250), nullable=True),
        sa.Column("complainant_contact", sa.String(length=120), nullable=True),
        sa.Column("customer_id", ROW_ID, nullable=True),
        sa.Column("device_id", ROW_ID, nullable=True),
        sa.Column("product_text", sa.String(length=250), nullable=True),
        sa.Column("serial_text", sa.String(length=250), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=True),
        sa.Column("place", sa.String(length=250), nullable=True),
        sa.Column("extent", sa.String(length=250), nullable=True),
        sa.Column("wish", sa.String(length=250), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "product_quality",
                "service_attitude",
                "installation",
                "contract",
                "delivery",
                name="complaintkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "severity",
            sa.Enum("general", "major", "group", name="severity", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "recurrence_harm",
            sa.Enum("no", "yes", "not_sure", name="harm", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column("leading_id", ROW_ID, nullable=True),
        sa.Column("officer_id", ROW_ID, nullable=True),
        sa.Column("team", sa.String(length=250), nullable=True),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("confirmed_by", sa.String(length=120), nullable=True),
        sa.Column("dismissal_reason", sa.Text(), nullable=True),
        sa.Column("dismissed_by", sa.String(length=120), nullable=True),
        sa.Column("dismissed_at", MOMENT, nullable=True),
        sa.Column("investigator_id", ROW_ID, nullable=True),
        sa.Column("investigation_plan", sa.Text(), nullable=True),
        sa.Column("no_investigation_reason", sa.Text(), nullable=True),
        sa.Column("forgone_by", sa.String(length=120), nullable=True),
        sa.Column("forgone_at", MOMENT, nullable=True),
        sa.Column(
            "cause_method",
            sa.Enum("five_whys", "fishbone", "fault_tree", name="causemethod", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column(
            "cause_kind",
            sa.Enum(
                "design",
                "manufacture",
                "transport_storage",
                "operation",
                "service",
                name="causekind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("root_cause", sa.Text(), nullable=True),
        sa.Column("investigated_at", MOMENT, nullable=True),
        sa.Column("investigated_by", sa.String(length=120), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("remedy", sa.Text(), nullable=True),
        sa.Column("action_owner_id", ROW_ID, nullable=True),
        sa.Column("action_due_on", sa.Date(), nullable=True),
        sa.Column("effect_criterion", sa.Text(), nullable=True),
        sa.Column("effect_due_on", sa.Date(), nullable=True),
        sa.Column("planned_at", MOMENT, nullable=True),
        sa.Column("planned_by", sa.String(length=120), nullable=True),
        sa.Column("action_done", sa.Text(), nullable=True),
        sa.Column("acted_at", MOMENT, nullable=True),
        sa.Column("acted_by", sa.String(length=120), nullable=True),
        sa.Column("informed_party", sa.String(length=250), nullable=True),
        sa.Column("informed_on", sa.Date(), nullable=True),
        sa.Column("informed_how", sa.String(length=250), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("replied_at", MOMENT, nullable=True),
        sa.Column("replied_by", sa.String(length=120), nullable=True),
        sa.Column("is_accepted", sa.Boolean(), nullable=True),
        sa.Column("objection", sa.String(length=250), nullable=True),
        sa.Column("effect_result", sa.Text(), nullable=True),
        sa.Column("verified_by", sa.String(length=120), nullable=True),
        sa.Column("verified_at", MOMENT, nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.CheckConstraint(
            "state IN ('proposed', 'registered', 'investigating', 'planning', 'acting', 'replying', 'verifying', 'closed', "
            "'not_a_complaint')",
            name=op.f("ck_complaint_state_known"),
        ),
        sa.CheckConstraint("state NOT IN ('acting') OR action_due_on IS NOT NULL", name=op.f("ck_complaint_action_due_on_filled")),
        sa.CheckConstraint("state NOT IN ('acting') OR action_owner_id IS NOT NULL", name=op.f("ck_complaint_action_owner_id_filled")),
        sa.CheckConstraint("state NOT IN ('acting') OR decision IS NOT NULL", name=op.f("ck_complaint_decision_filled")),
        sa.CheckConstraint("state NOT IN ('acting') OR effect_criterion IS NOT NULL", name=op.f("ck_complaint_effect_criterion_filled")),
        sa.CheckConstraint("state NOT IN ('acting') OR effect_due_on IS NOT NULL", name=op.f("ck_complaint_effect_due_on_filled")),
        sa.CheckConstraint("state NOT IN ('acting') OR remedy IS NOT NULL", name=op.f("ck_complaint_remedy_filled")),
        sa.CheckConstraint("state NOT IN ('acting', 'replying') OR planned_at IS NOT NULL", name=op.f("ck_complaint_planned_at_filled")),
        sa.CheckConstraint("state NOT IN ('closed') OR closed_at IS NOT NULL", name=op.f("ck_complaint_closed_at_filled")),
        sa.CheckConstraint("state NOT IN ('closed') OR effect_result IS NOT NULL", name=op.f("ck_complaint_effect_result_filled")),
        sa.CheckConstraint("state NOT IN ('closed') OR is_accepted IS NOT NULL", name=op.f("ck_complaint_is_accepted_filled")),
        sa.CheckConstraint("state NOT IN ('closed') OR verified_by IS NOT NULL", name=op.f("ck_complaint_verified_by_filled")),
        sa.CheckConstraint("state NOT IN ('investigating') OR confirmed_by IS NOT NULL", name=op.f("ck_complaint_confirmed_by_filled")),
        sa.CheckConstraint(
            "state NOT IN ('investigating') OR recurrence_harm IS NOT NULL", name=op.f("ck_complaint_recurrence_harm_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('investigating', 'planning') OR confirmed_at IS NOT NULL", name=op.f("ck_complaint_confirmed_at_filled")
        ),
        sa.CheckConstraint("state NOT IN ('investigating', 'planning') OR kind IS NOT NULL", name=op.f("ck_complaint_kind_filled")),
        sa.CheckConstraint(
            "state NOT IN ('investigating', 'planning') OR officer_id IS NOT NULL", name=op.f("ck_complaint_officer_id_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('not_a_complaint') OR dismissal_reason IS NOT NULL", name=op.f("ck_complaint_dismissal_reason_filled")
        ),
        sa.CheckConstraint("state NOT IN ('not_a_complaint') OR dismissed_at IS NOT NULL", name=op.f("ck_complaint_dismissed_at_filled")),
        sa.CheckConstraint("state NOT IN ('not_a_complaint') OR dismissed_by IS NOT NULL", name=op.f("ck_complaint_dismissed_by_filled")),
        sa.CheckConstraint("state NOT IN ('replying') OR acted_at IS NOT NULL", name=op.f("ck_complaint_acted_at_filled")),
        sa.CheckConstraint(
            "state NOT IN ('replying', 'verifying') OR action_done IS NOT NULL", name=op.f("ck_complaint_action_done_filled")
        ),
        sa.CheckConstraint("state NOT IN ('verifying', 'closed') OR replied_at IS NOT NULL", name=op.f("ck_complaint_replied_at_filled")),
        sa.CheckConstraint("state NOT IN ('verifying', 'closed') OR reply IS NOT NULL", name=op.f("ck_complaint_reply_filled")),
        sa.ForeignKeyConstraint(["action_owner_id"], ["person.id"], name=op.f("fk_complaint_action_owner_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_complaint_customer_id")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_complaint_device_id")),
        sa.ForeignKeyConstraint(["investigator_id"], ["person.id"], name=op.f("fk_complaint_investigator_id")),
        sa.ForeignKeyConstraint(["leading_id"], ["complaint.id"], name=op.f("fk_complaint_leading_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["person.id"], name=op.f("fk_complaint_officer_id")),
        sa.ForeignKeyConstraint(["order_id"], ["service_order.id"], name=op.f("fk_complaint_order_id")),
        sa.ForeignKeyConstraint(["request_id"], ["service_request.id"], name=op.f("fk_complaint_request_id")),
        sa.UniqueConstraint("number", name=op.f("uq_complaint_number")),
        sa.UniqueConstraint("request_id", name=op.f("uq_complaint_request_id")),
        *_every("complaint"),
    )

    op.create_index("ix_complaint_changed_at_id", "complaint", ["changed_at", "id"])

    op.create_index("ix_complaint_closed_at", "complaint", ["closed_at"])

    op.create_index("ix_complaint_customer_id", "complaint", ["customer_id"])

    op.create_index("ix_complaint_device_id", "complaint", ["device_id"])

    op.create_index("ix_complaint_leading_id", "complaint", ["leading_id"])

    op.create_index("ix_complaint_officer_id_state_id", "complaint", ["officer_id", "state", "id"])

    op.create_index("ix_complaint_order_id", "complaint", ["order_id"])

    op.create_index("ix_complaint_received_at", "complaint", ["received_at"])

    op.create_index("ix_complaint_region_id_id", "complaint", ["region_id", "id"])

    op.create_index("ix_complaint_region_id_state_id", "complaint", ["region_id", "state", "id"])

    op.create_index("ix_complaint_state_id", "complaint", ["state", "id"])

    op.create_table(
        "complaint_cause",
        sa.Column("complaint_id", ROW_ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("statement", sa.String(length=250), nullable=False),
        sa.Column(
            "branch",
            sa.Enum(
                "person",
                "machine",
                "material",
                "method",
                "environment",
                "measurement",
                name="fishbonebranch",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column(
            "gate", sa.Enum("all_of", "any_of", name="faultgate", native_enum=False, create_constraint=True, length=32), nullable=True
        ),
        sa.Column("is_root", sa.Boolean(), nullable=False),
        sa.CheckConstraint("depth BETWEEN 1 AND 6", name=op.f("ck_complaint_cause_depth")),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaint.id"], name=op.f("fk_complaint_cause_complaint_id")),
        *_every("complaint_cause"),
    )

    op.create_index("ix_complaint_cause_changed_at_id", "complaint_cause", ["changed_at", "id"])

    op.create_index("ix_complaint_cause_complaint_id", "complaint_cause", ["complaint_id"])

    op.create_table(
        "complaint_custody",
        sa.Column("complaint_id", ROW_ID, nullable=False),
        sa.Column(
            "step",
            sa.Enum(
                "received",
                "quarantined",
                "handed_over",
                "tested",
                "returned",
                "disposed",
                name="custodystep",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("item", sa.String(length=250), nullable=False),
        sa.Column("identifier", sa.String(length=250), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(length=250), nullable=False),
        sa.Column("counterpart", sa.String(length=250), nullable=True),
        sa.Column("condition", sa.String(length=250), nullable=True),
        sa.Column("handled_by", sa.String(length=120), nullable=False),
        sa.Column("handled_at", MOMENT, nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_complaint_custody_quantity")),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaint.id"], name=op.f("fk_complaint_custody_complaint_id")),
        *_every("complaint_custody"),
    )

    op.create_index("ix_complaint_custody_changed_at_id", "complaint_custody", ["changed_at", "id"])

    op.create_index("ix_complaint_custody_complaint_id", "complaint_custody", ["complaint_id"])

    op.create_table(
        "complaint_inquiry",
        sa.Column("complaint_id", ROW_ID, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "production_record",
                "service_record",
                "site_visit",
                "test",
                "interview",
                "other",
                name="inquirykind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("question", sa.String(length=250), nullable=False),
        sa.Column("asked_of", sa.String(length=250), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("finding", sa.Text(), nullable=True),
        sa.Column("found_by", sa.String(length=120), nullable=True),
        sa.Column("found_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaint.id"], name=op.f("fk_complaint_inquiry_complaint_id")),
        *_every("complaint_inquiry"),
    )

    op.create_index("ix_complaint_inquiry_changed_at_id", "complaint_inquiry", ["changed_at", "id"])

    op.create_index("ix_complaint_inquiry_complaint_id", "complaint_inquiry", ["complaint_id"])

    op.create_table(
        "corrective_action",
        sa.Column("title", sa.String(length=250), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "complaint",
                "adverse_event",
                "recall",
                "audit",
                "self_inspection",
                "deviation",
                "signal",
                "other",
                name="capasource",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("complaint_id", ROW_ID, nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column(
            "risk_grade",
            sa.Enum("high", "middle", "low", name="riskgrade", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("risk", sa.Text(), nullable=True),
        sa.Column("containment", sa.Text(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("round_no", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(length=120), nullable=True),
        sa.Column("effect_criterion", sa.Text(), nullable=True),
        sa.Column("effect_due_on", sa.Date(), nullable=True),
        sa.Column("approved_by", sa.String(length=120), nullable=True),
        sa.Column("approved_at", MOMENT, nullable=True),
        sa.Column("next_due_on", sa.Date(), nullable=True),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.Column("no_adverse_effect", sa.Text(), nullable=True),
        sa.Column("effect_result", sa.Text(), nullable=True),
        sa.Column("verified_by", sa.String(length=120), nullable=True),
        sa.Column("verified_at", MOMENT, nullable=True),
        sa.Column("failures", sa.Text(), nullable=True),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'acting', 'checking', 'closed', 'withdrawn')", name=op.f("ck_corrective_action_state_known")
        ),
        sa.CheckConstraint("state NOT IN ('acting') OR approved_by IS NOT NULL", name=op.f("ck_corrective_action_approved_by_filled")),
        sa.CheckConstraint(
            "state NOT IN ('acting', 'checking') OR effect_criterion IS NOT NULL", name=op.f("ck_corrective_action_effect_criterion_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('acting', 'checking') OR effect_due_on IS NOT NULL", name=op.f("ck_corrective_action_effect_due_on_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('acting', 'closed') OR approved_at IS NOT NULL", name=op.f("ck_corrective_action_approved_at_filled")
        ),
        sa.CheckConstraint("state NOT IN ('checking', 'closed') OR done_at IS NOT NULL", name=op.f("ck_corrective_action_done_at_filled")),
        sa.CheckConstraint(
            "state NOT IN ('checking', 'closed') OR no_adverse_effect IS NOT NULL",
            name=op.f("ck_corrective_action_no_adverse_effect_filled"),
        ),
        sa.CheckConstraint("state NOT IN ('closed') OR effect_result IS NOT NULL", name=op.f("ck_corrective_action_effect_result_filled")),
        sa.CheckConstraint("state NOT IN ('closed') OR verified_at IS NOT NULL", name=op.f("ck_corrective_action_verified_at_filled")),
        sa.CheckConstraint("state NOT IN ('closed') OR verified_by IS NOT NULL", name=op.f("ck_corrective_action_verified_by_filled")),
        sa.CheckConstraint("state NOT IN ('submitted') OR author IS NOT NULL", name=op.f("ck_corrective_action_author_filled")),
        sa.CheckConstraint("state NOT IN ('submitted') OR containment IS NOT NULL", name=op.f("ck_corrective_action_containment_filled")),
        sa.CheckConstraint("state NOT IN ('submitted') OR risk IS NOT NULL", name=op.f("ck_corrective_action_risk_filled")),
        sa.CheckConstraint("state NOT IN ('submitted', 'acting') OR cause IS NOT NULL", name=op.f("ck_corrective_action_cause_filled")),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaint.id"], name=op.f("fk_corrective_action_complaint_id")),
        sa.UniqueConstraint("number", name=op.f("uq_corrective_action_number")),
        *_every("corrective_action"),
    )

    op.create_index("ix_corrective_action_changed_at_id", "corrective_action", ["changed_at", "id"])

    op.create_index("ix_corrective_action_complaint_id", "corrective_action", ["complaint_id"])

    op.create_index("ix_corrective_action_effect_due_on", "corrective_action", ["effect_due_on"])

    op.create_index("ix_corrective_action_next_due_on", "corrective_action", ["next_due_on"])

    op.create_index("ix_corrective_action_region_id_id", "corrective_action", ["region_id", "id"])

    op.create_index("ix_corrective_action_region_id_state_id", "corrective_action", ["region_id", "state", "id"])

    op.create_index("ix_corrective_action_state_id", "corrective_action", ["state", "id"])

    op.create_table(
        "capa_action",
        sa.Column("corrective_action_id", ROW_ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("corrective", "preventive", name="actionkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("measure", sa.String(length=250), nullable=False),
        sa.Column("assignee_id", ROW_ID, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("done_by", sa.String(length=120), nullable=True),
        sa.Column("done_by_user_id", sa.Integer(), nullable=True),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["assignee_id"], ["person.id"], name=op.f("fk_capa_action_assignee_id")),
        sa.ForeignKeyConstraint(["corrective_action_id"], ["corrective_action.id"], name=op.f("fk_capa_action_corrective_action_id")),
        sa.ForeignKeyConstraint(["done_by_user_id"], ["ab_user.id"], name=op.f("fk_capa_action_done_by_user_id")),
        *_every("capa_action"),
    )

    op.create_index("ix_capa_action_assignee_id", "capa_action", ["assignee_id"])

    op.create_index("ix_capa_action_changed_at_id", "capa_action", ["changed_at", "id"])

    op.create_index("ix_capa_action_corrective_action_id", "capa_action", ["corrective_action_id"])

    for table in RECORDS if op.get_bind().dialect.name == "postgresql" else ():
        op.execute(f"CREATE INDEX ix_{table}_custom ON {table} USING gin (custom jsonb_path_ops)")
        op.execute(f"CREATE INDEX ix_{table}_search_grams ON {table} USING gin (search_grams(search_text))")
    with op.batch_alter_table("service_request") as table:
        for field in GRADED:
            _check(table, field, "'ordered', 'solved_remotely'")
            asked = f"state <> 'registered' OR kind = 'complaint' OR {field} IS NOT NULL"
            table.create_check_constraint(op.f(f"ck_service_request_{field}_told"), asked)


def downgrade() -> None:
    for field in GRADED:
        nothing = "'level_3'" if field == "fault_level" else "false"
        op.execute(f"UPDATE service_request SET {field} = {nothing} WHERE kind = 'complaint' AND {field} IS NULL AND state <> 'received'")
    with op.batch_alter_table("service_request") as table:
        for field in GRADED:
            table.drop_constraint(op.f(f"ck_service_request_{field}_told"), type_="check")
            _check(table, field, "'registered', 'ordered', 'solved_remotely', 'answered'")
    for name in ("capa_action", "corrective_action", "complaint_inquiry", "complaint_custody", "complaint_cause", "complaint"):
        op.drop_table(name)


def _check(table: sa.Table, field: str, states: str) -> None:
    constraint = op.f(f"ck_service_request_{field}_filled")
    table.drop_constraint(constraint, type_="check")
    table.create_check_constraint(constraint, f"state NOT IN ({states}) OR {field} IS NOT NULL")


def _every(table: str) -> list[sa.Column | sa.Constraint]:
    """What every record of a region has."""
    people = [
        sa.ForeignKeyConstraint([name], ["ab_user.id"], name=op.f(f"fk_{table}_{name}")) for name in ("created_by_id", "changed_by_id")
    ]
    return [
        sa.Column("region_id", ROW_ID, nullable=False),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        *people,
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f(f"fk_{table}_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]
