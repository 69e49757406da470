"""Recalls: the case, the lines of its scope, frozen lists, units, notices and what authorities get."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
RECORDS = ("recall", "recall_list", "recall_unit", "recall_notice", "recall_submission")


def upgrade() -> None:
    op.create_table(
        "recall",
        sa.Column("subject", sa.String(length=250), nullable=False),
        sa.Column("model_id", ROW_ID, nullable=False),
        sa.Column("is_mock", sa.Boolean(), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "complaint",
                "adverse_event",
                "signal",
                "inspection",
                "supplier",
                "software_defect",
                "authority_order",
                "other",
                name="recallsource",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("source_text", sa.Text(), nullable=False),
        sa.Column("order_no", sa.String(length=120), nullable=True),
        sa.Column("previous_id", ROW_ID, nullable=True),
        sa.Column("mock_target_minutes", sa.Integer(), nullable=True),
        sa.Column(
            "defect",
            sa.Enum(
                "unreasonable_risk",
                "standard_not_met",
                "quality_rules_not_met",
                "other_defect",
                name="defect",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("defect_text", sa.Text(), nullable=True),
        sa.Column("assess_conformity", sa.Text(), nullable=True),
        sa.Column("assess_occurred", sa.Text(), nullable=True),
        sa.Column("assess_use", sa.Text(), nullable=True),
        sa.Column("assess_reach", sa.Text(), nullable=True),
        sa.Column("assess_severity", sa.Text(), nullable=True),
        sa.Column("assess_probability", sa.Text(), nullable=True),
        sa.Column("assess_consequences", sa.Text(), nullable=True),
        sa.Column("assess_other", sa.Text(), nullable=True),
        sa.Column(
            "conclusion",
            sa.Enum("recall", "no_recall", name="recallconclusion", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column(
            "recall_level",
            sa.Enum("level_1", "level_2", "level_3", name="recalllevel", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column("proposal_reason", sa.Text(), nullable=True),
        sa.Column("proposed_at", MOMENT, nullable=True),
        sa.Column("proposed_by", sa.String(length=120), nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.String(length=120), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column(
            "handling",
            sa.Enum(
                "warning",
                "inspection",
                "repair",
                "relabelling",
                "improved_instructions",
                "software_update",
                "replacement",
                "taking_back",
                "destruction",
                name="handling",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "further_handling",
            sa.Enum(
                "warning",
                "inspection",
                "repair",
                "relabelling",
                "improved_instructions",
                "software_update",
                "replacement",
                "taking_back",
                "destruction",
                name="further_handling",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("cause_brief", sa.Text(), nullable=True),
        sa.Column("demands", sa.Text(), nullable=True),
        sa.Column("instructions", sa.Text(), nullable=True),
        sa.Column("list_no", sa.Integer(), nullable=False),
        sa.Column("noticed_to", sa.Integer(), nullable=False),
        sa.Column("unit_count", sa.Integer(), nullable=False),
        sa.Column("list_hash", sa.String(length=64), nullable=True),
        sa.Column("frozen_at", MOMENT, nullable=True),
        sa.Column("intended_use", sa.Text(), nullable=True),
        sa.Column("places", sa.String(length=250), nullable=True),
        sa.Column("made_quantity", sa.Integer(), nullable=True),
        sa.Column("sold_quantity", sa.Integer(), nullable=True),
        sa.Column("person_in_charge", sa.String(length=250), nullable=True),
        sa.Column("contact", sa.String(length=250), nullable=True),
        sa.Column("plan_quantities", sa.Text(), nullable=True),
        sa.Column("plan_measures", sa.Text(), nullable=True),
        sa.Column("plan_publication", sa.Text(), nullable=True),
        sa.Column("plan_expected", sa.Text(), nullable=True),
        sa.Column("plan_afterwards", sa.Text(), nullable=True),
        sa.Column("progress_every_days", sa.Integer(), nullable=True),
        sa.Column("target_percent", sa.Integer(), nullable=True),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("notified_at", MOMENT, nullable=True),
        sa.Column("event_reported_at", MOMENT, nullable=True),
        sa.Column("announced_at", MOMENT, nullable=True),
        sa.Column("plan_filed_at", MOMENT, nullable=True),
        sa.Column("progress_from", MOMENT, nullable=True),
        sa.Column("progress_sent_at", MOMENT, nullable=True),
        sa.Column("completed_at", MOMENT, nullable=True),
        sa.Column("summarised_at", MOMENT, nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("sample_size", sa.Integer(), nullable=True),
        sa.Column("sample_seed", sa.Integer(), nullable=True),
        sa.Column("sample_drawn_at", MOMENT, nullable=True),
        sa.Column("effective_percent", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("improvement", sa.Text(), nullable=True),
        sa.Column("scope_minutes", sa.Integer(), nullable=True),
        sa.Column("traced_percent", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.Column("reconciled_percent", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.Column("mock_score", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('assessing', 'proposed', 'running', 'completed', 'closed', 'not_recalled')", name=op.f("ck_recall_state_known")
        ),
        sa.CheckConstraint("state NOT IN ('closed') OR closed_at IS NOT NULL", name=op.f("ck_recall_closed_at_filled")),
        sa.CheckConstraint("state NOT IN ('completed', 'closed') OR completed_at IS NOT NULL", name=op.f("ck_recall_completed_at_filled")),
        sa.CheckConstraint("state NOT IN ('not_recalled') OR decision_reason IS NOT NULL", name=op.f("ck_recall_decision_reason_filled")),
        sa.CheckConstraint("state NOT IN ('proposed') OR assess_conformity IS NOT NULL", name=op.f("ck_recall_assess_conformity_filled")),
        sa.CheckConstraint(
            "state NOT IN ('proposed') OR assess_consequences IS NOT NULL", name=op.f("ck_recall_assess_consequences_filled")
        ),
        sa.CheckConstraint("state NOT IN ('proposed') OR assess_occurred IS NOT NULL", name=op.f("ck_recall_assess_occurred_filled")),
        sa.CheckConstraint("state NOT IN ('proposed') OR assess_other IS NOT NULL", name=op.f("ck_recall_assess_other_filled")),
        sa.CheckConstraint("state NOT IN ('proposed') OR assess_probability IS NOT NULL", name=op.f("ck_recall_assess_probability_filled")),
        sa.CheckConstraint("state NOT IN ('proposed') OR assess_reach IS NOT NULL", name=op.f("ck_recall_assess_reach_filled")),
        sa.CheckConstraint("state NOT IN ('proposed') OR assess_severity IS NOT NULL", name=op.f("ck_recall_assess_severity_filled")),
        sa.CheckConstraint("state NOT IN ('proposed') OR assess_use IS NOT NULL", name=op.f("ck_recall_assess_use_filled")),
        sa.CheckConstraint("state NOT IN ('proposed') OR conclusion IS NOT NULL", name=op.f("ck_recall_conclusion_filled")),
        sa.CheckConstraint("state NOT IN ('proposed') OR defect IS NOT NULL", name=op.f("ck_recall_defect_filled")),
        sa.CheckConstraint("state NOT IN ('proposed') OR proposal_reason IS NOT NULL", name=op.f("ck_recall_proposal_reason_filled")),
        sa.CheckConstraint("state NOT IN ('proposed') OR proposed_at IS NOT NULL", name=op.f("ck_recall_proposed_at_filled")),
        sa.CheckConstraint("state NOT IN ('proposed') OR proposed_by IS NOT NULL", name=op.f("ck_recall_proposed_by_filled")),
        sa.CheckConstraint(
            "state NOT IN ('running', 'completed', 'closed') OR recall_level IS NOT NULL", name=op.f("ck_recall_recall_level_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('running', 'completed', 'closed', 'not_recalled') OR decided_at IS NOT NULL",
            name=op.f("ck_recall_decided_at_filled"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('running', 'completed', 'closed', 'not_recalled') OR decided_by IS NOT NULL",
            name=op.f("ck_recall_decided_by_filled"),
        ),
        sa.CheckConstraint("mock_target_minutes > 0", name=op.f("ck_recall_mock_target_minutes")),
        sa.CheckConstraint("progress_every_days > 0", name=op.f("ck_recall_progress_every_days")),
        sa.CheckConstraint("target_percent BETWEEN 0 AND 100", name=op.f("ck_recall_target_percent")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_recall_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_recall_created_by_id")),
        sa.ForeignKeyConstraint(["model_id"], ["device_model.id"], name=op.f("fk_recall_model_id")),
        sa.ForeignKeyConstraint(["previous_id"], ["recall.id"], name=op.f("fk_recall_previous_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recall")),
        sa.UniqueConstraint("number", name=op.f("uq_recall_number")),
    )
    with op.batch_alter_table("recall", schema=None) as batch_op:
        batch_op.create_index("ix_recall_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_recall_decided_at", ["decided_at"], unique=False)
        batch_op.create_index("ix_recall_is_mock_id", ["is_mock", "id"], unique=False)
        batch_op.create_index("ix_recall_model_id", ["model_id"], unique=False)
        batch_op.create_index("ix_recall_previous_id", ["previous_id"], unique=False)
        batch_op.create_index("ix_recall_state_id", ["state", "id"], unique=False)

    op.create_table(
        "recall_criterion",
        sa.Column("recall_id", ROW_ID, nullable=False),
        sa.Column("model_id", ROW_ID, nullable=True),
        sa.Column("lots", sa.Text(), nullable=True),
        sa.Column("serials", sa.Text(), nullable=True),
        sa.Column("part_no", sa.String(length=64), nullable=True),
        sa.Column("part_lots", sa.Text(), nullable=True),
        sa.Column("software", sa.String(length=64), nullable=True),
        sa.Column("made_from", sa.Date(), nullable=True),
        sa.Column("made_until", sa.Date(), nullable=True),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("made_from <= made_until", name=op.f("ck_recall_criterion_made_until")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_recall_criterion_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_recall_criterion_created_by_id")),
        sa.ForeignKeyConstraint(["model_id"], ["device_model.id"], name=op.f("fk_recall_criterion_model_id")),
        sa.ForeignKeyConstraint(["recall_id"], ["recall.id"], name=op.f("fk_recall_criterion_recall_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recall_criterion")),
    )
    with op.batch_alter_table("recall_criterion", schema=None) as batch_op:
        batch_op.create_index("ix_recall_criterion_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_recall_criterion_recall_id", ["recall_id"], unique=False)

    op.create_table(
        "recall_list",
        sa.Column("recall_id", ROW_ID, nullable=False),
        sa.Column("list_no", sa.Integer(), nullable=False),
        sa.Column("frozen_at", MOMENT, nullable=False),
        sa.Column("frozen_by", sa.String(length=120), nullable=False),
        sa.Column("unit_count", sa.Integer(), nullable=False),
        sa.Column("added_count", sa.Integer(), nullable=False),
        sa.Column("list_hash", sa.String(length=64), nullable=False),
        sa.Column("criteria_text", sa.Text(), nullable=False),
        sa.Column("widened_for", sa.Text(), nullable=True),
        sa.Column("region_id", ROW_ID, nullable=False),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_recall_list_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_recall_list_created_by_id")),
        sa.ForeignKeyConstraint(["recall_id"], ["recall.id"], name=op.f("fk_recall_list_recall_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_recall_list_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recall_list")),
        sa.UniqueConstraint("recall_id", "list_no", name=op.f("uq_recall_list_recall_id_list_no")),
    )
    with op.batch_alter_table("recall_list", schema=None) as batch_op:
        batch_op.create_index("ix_recall_list_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_recall_list_recall_id", ["recall_id"], unique=False)
        batch_op.create_index("ix_recall_list_region_id_id", ["region_id", "id"], unique=False)

    op.create_table(
        "recall_unit",
        sa.Column("recall_id", ROW_ID, nullable=False),
        sa.Column("device_id", ROW_ID, nullable=False),
        sa.Column("customer_id", ROW_ID, nullable=True),
        sa.Column("serial_no", sa.String(length=64), nullable=True),
        sa.Column("lot_no", sa.String(length=64), nullable=True),
        sa.Column("list_no", sa.Integer(), nullable=False),
        sa.Column("order_id", ROW_ID, nullable=True),
        sa.Column(
            "measure",
            sa.Enum(
                "returned",
                "exchanged",
                "repaired",
                "relabelled",
                "software_updated",
                "inspected",
                "instructions_replaced",
                "warned",
                name="unitaction",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("agreement", sa.Text(), nullable=True),
        sa.Column("supervised_by", sa.String(length=250), nullable=True),
        sa.Column("attempts", sa.Text(), nullable=True),
        sa.Column("explanation", sa.Text(), nullable=True),
        sa.Column("acted_at", MOMENT, nullable=True),
        sa.Column("acted_by", sa.String(length=120), nullable=True),
        sa.Column("acted_by_user_id", sa.Integer(), nullable=True),
        sa.Column("is_sampled", sa.Boolean(), nullable=False),
        sa.Column(
            "check_result",
            sa.Enum("effective", "not_effective", name="checkresult", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column("check_note", sa.Text(), nullable=True),
        sa.Column("checked_at", MOMENT, nullable=True),
        sa.Column("checked_by", sa.String(length=120), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("region_id", ROW_ID, nullable=False),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("state IN ('to_do', 'done', 'destroyed', 'unreachable')", name=op.f("ck_recall_unit_state_known")),
        sa.CheckConstraint("state NOT IN ('destroyed') OR supervised_by IS NOT NULL", name=op.f("ck_recall_unit_supervised_by_filled")),
        sa.CheckConstraint("state NOT IN ('done') OR measure IS NOT NULL", name=op.f("ck_recall_unit_measure_filled")),
        sa.CheckConstraint(
            "state NOT IN ('done', 'destroyed', 'unreachable') OR acted_at IS NOT NULL", name=op.f("ck_recall_unit_acted_at_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('done', 'destroyed', 'unreachable') OR acted_by IS NOT NULL", name=op.f("ck_recall_unit_acted_by_filled")
        ),
        sa.CheckConstraint("state NOT IN ('unreachable') OR attempts IS NOT NULL", name=op.f("ck_recall_unit_attempts_filled")),
        sa.CheckConstraint("state NOT IN ('unreachable') OR explanation IS NOT NULL", name=op.f("ck_recall_unit_explanation_filled")),
        sa.CheckConstraint("check_result IS NULL OR is_sampled", name=op.f("ck_recall_unit_check_result")),
        sa.ForeignKeyConstraint(["acted_by_user_id"], ["ab_user.id"], name=op.f("fk_recall_unit_acted_by_user_id")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_recall_unit_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_recall_unit_created_by_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_recall_unit_customer_id")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_recall_unit_device_id")),
        sa.ForeignKeyConstraint(["order_id"], ["service_order.id"], name=op.f("fk_recall_unit_order_id")),
        sa.ForeignKeyConstraint(["recall_id"], ["recall.id"], name=op.f("fk_recall_unit_recall_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_recall_unit_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recall_unit")),
        sa.UniqueConstraint("recall_id", "device_id", name=op.f("uq_recall_unit_recall_id_device_id")),
    )
    with op.batch_alter_table("recall_unit", schema=None) as batch_op:
        batch_op.create_index("ix_recall_unit_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_recall_unit_customer_id", ["customer_id"], unique=False)
        batch_op.create_index("ix_recall_unit_device_id", ["device_id"], unique=False)
        batch_op.create_index("ix_recall_unit_is_sampled_recall_id", ["is_sampled", "recall_id"], unique=False)
        batch_op.create_index("ix_recall_unit_recall_id_customer_id", ["recall_id", "customer_id", "list_no"], unique=False)
        batch_op.create_index("ix_recall_unit_recall_id_region_id_state", ["recall_id", "region_id", "state"], unique=False)
        batch_op.create_index("ix_recall_unit_region_id_id", ["region_id", "id"], unique=False)
        batch_op.create_index("ix_recall_unit_region_id_state_id", ["region_id", "state", "id"], unique=False)
        batch_op.create_index("ix_recall_unit_state_id", ["state", "id"], unique=False)

    op.create_table(
        "recall_notice",
        sa.Column("recall_id", ROW_ID, nullable=False),
        sa.Column("customer_id", ROW_ID, nullable=False),
        sa.Column("after_list", sa.Integer(), nullable=False),
        sa.Column("list_no", sa.Integer(), nullable=False),
        sa.Column("unit_count", sa.Integer(), nullable=False),
        sa.Column(
            "way",
            sa.Enum(
                "email",
                "letter",
                "handed_over",
                "telephone",
                "rehearsed",
                name="noticeway",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("mail_to", sa.String(length=120), nullable=True),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("sent_by", sa.String(length=120), nullable=True),
        sa.Column("mail_due_at", MOMENT, nullable=True),
        sa.Column("mailed_at", MOMENT, nullable=True),
        sa.Column("mail_attempts", sa.Integer(), nullable=False),
        sa.Column("mail_error", sa.String(length=250), nullable=True),
        sa.Column("reminded_at", MOMENT, nullable=True),
        sa.Column("reminder_count", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=True),
        sa.Column("confirmed_name", sa.String(length=60), nullable=True),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("confirmed_how", sa.String(length=250), nullable=True),
        sa.Column("found_count", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Text(), nullable=True),
        sa.Column("explanation", sa.Text(), nullable=True),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("region_id", ROW_ID, nullable=False),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("state IN ('to_send', 'sent', 'confirmed', 'not_reached')", name=op.f("ck_recall_notice_state_known")),
        sa.CheckConstraint("state NOT IN ('confirmed') OR confirmed_at IS NOT NULL", name=op.f("ck_recall_notice_confirmed_at_filled")),
        sa.CheckConstraint("state NOT IN ('confirmed') OR confirmed_how IS NOT NULL", name=op.f("ck_recall_notice_confirmed_how_filled")),
        sa.CheckConstraint("state NOT IN ('confirmed') OR confirmed_name IS NOT NULL", name=op.f("ck_recall_notice_confirmed_name_filled")),
        sa.CheckConstraint("state NOT IN ('not_reached') OR attempts IS NOT NULL", name=op.f("ck_recall_notice_attempts_filled")),
        sa.CheckConstraint("state NOT IN ('not_reached') OR explanation IS NOT NULL", name=op.f("ck_recall_notice_explanation_filled")),
        sa.CheckConstraint("state NOT IN ('sent') OR sent_at IS NOT NULL", name=op.f("ck_recall_notice_sent_at_filled")),
        sa.CheckConstraint("state NOT IN ('sent') OR sent_by IS NOT NULL", name=op.f("ck_recall_notice_sent_by_filled")),
        sa.CheckConstraint("state NOT IN ('sent') OR way IS NOT NULL", name=op.f("ck_recall_notice_way_filled")),
        sa.CheckConstraint("found_count >= 0", name=op.f("ck_recall_notice_found_count")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_recall_notice_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_recall_notice_created_by_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_recall_notice_customer_id")),
        sa.ForeignKeyConstraint(["recall_id"], ["recall.id"], name=op.f("fk_recall_notice_recall_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_recall_notice_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recall_notice")),
        sa.UniqueConstraint("number", name=op.f("uq_recall_notice_number")),
        sa.UniqueConstraint("recall_id", "customer_id", "list_no", name=op.f("uq_recall_notice_recall_id_customer_id_list_no")),
        sa.UniqueConstraint("token", name=op.f("uq_recall_notice_token")),
    )
    with op.batch_alter_table("recall_notice", schema=None) as batch_op:
        batch_op.create_index("ix_recall_notice_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_recall_notice_customer_id", ["customer_id"], unique=False)
        batch_op.create_index("ix_recall_notice_mail_due_at", ["mail_due_at"], unique=False)
        batch_op.create_index("ix_recall_notice_recall_id_region_id_state", ["recall_id", "region_id", "state"], unique=False)
        batch_op.create_index("ix_recall_notice_region_id_id", ["region_id", "id"], unique=False)
        batch_op.create_index("ix_recall_notice_region_id_state_id", ["region_id", "state", "id"], unique=False)
        batch_op.create_index("ix_recall_notice_state_id", ["state", "id"], unique=False)

    op.create_table(
        "recall_submission",
        sa.Column("recall_id", ROW_ID, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "event_form",
                "assessment_and_plan",
                "announcement",
                "plan_change",
                "progress",
                "summary",
                name="submissionkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "recipient",
            sa.Enum(
                "province",
                "registration_authority",
                "nmpa_website",
                "central_media",
                "province_website",
                name="recipient",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("recipient_name", sa.String(length=250), nullable=True),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("sent_by", sa.String(length=120), nullable=True),
        sa.Column("sent_how", sa.String(length=250), nullable=True),
        sa.Column("receipt_no", sa.String(length=120), nullable=True),
        sa.Column("acknowledged_at", MOMENT, nullable=True),
        sa.Column("figures", JSON, nullable=True),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("state IN ('to_send', 'sent', 'acknowledged', 'dropped')", name=op.f("ck_recall_submission_state_known")),
        sa.CheckConstraint(
            "state NOT IN ('acknowledged') OR acknowledged_at IS NOT NULL", name=op.f("ck_recall_submission_acknowledged_at_filled")
        ),
        sa.CheckConstraint("state NOT IN ('acknowledged') OR receipt_no IS NOT NULL", name=op.f("ck_recall_submission_receipt_no_filled")),
        sa.CheckConstraint("state NOT IN ('sent') OR sent_how IS NOT NULL", name=op.f("ck_recall_submission_sent_how_filled")),
        sa.CheckConstraint(
            "state NOT IN ('sent', 'acknowledged') OR sent_at IS NOT NULL", name=op.f("ck_recall_submission_sent_at_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('sent', 'acknowledged') OR sent_by IS NOT NULL", name=op.f("ck_recall_submission_sent_by_filled")
        ),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_recall_submission_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_recall_submission_created_by_id")),
        sa.ForeignKeyConstraint(["recall_id"], ["recall.id"], name=op.f("fk_recall_submission_recall_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recall_submission")),
        sa.UniqueConstraint("number", name=op.f("uq_recall_submission_number")),
    )
    with op.batch_alter_table("recall_submission", schema=None) as batch_op:
        batch_op.create_index("ix_recall_submission_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_recall_submission_recall_id_kind", ["recall_id", "kind"], unique=False)
        batch_op.create_index("ix_recall_submission_state_id", ["state", "id"], unique=False)

    if op.get_bind().dialect.name == "postgresql":
        for name in RECORDS:
            op.execute(f"CREATE INDEX ix_{name}_custom ON {name} USING gin (custom jsonb_path_ops)")
            op.execute(f"CREATE INDEX ix_{name}_search_grams ON {name} USING gin (search_grams(search_text))")


def downgrade() -> None:
    op.drop_table("recall_submission")
    op.drop_table("recall_notice")
    op.drop_table("recall_unit")
    op.drop_table("recall_list")
    op.drop_table("recall_criterion")
    op.drop_table("recall")
