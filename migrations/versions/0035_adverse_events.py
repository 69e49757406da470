"""Adverse events: assessments with questions, events with their patients and reports, group events, periodic reports, terms."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
ANSWERS = ("death", "could_cause", "other_harm", "in_group", "is_abroad", "control_abroad", "first_cycle_innovative")
SERIOUS = "'none', 'life_threatening', 'permanent', 'intervention', 'not_sure'"
ASSESSMENT = "vigilance_assessment"
# A list beside its types: GIN for custom fields where a type is no row of another, trigrams where it is searched.
CUSTOM = ("event_term", "group_event", "risk_report", "adverse_event", "event_patient", "event_report")


def upgrade() -> None:
    op.create_table(
        "event_term",
        sa.Column(
            "annex",
            sa.Enum(
                "annex_a",
                "annex_b",
                "annex_c",
                "annex_d",
                "annex_e",
                "annex_f",
                "annex_g",
                "local_injury",
                "local_fault",
                name="annex",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=250), nullable=False),
        sa.Column("name_en", sa.String(length=250), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("valid_from <= valid_until", name=op.f("ck_event_term_valid_until")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_event_term_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_event_term_created_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_term")),
        sa.UniqueConstraint("annex", "code", name=op.f("uq_event_term_annex_code")),
    )
    with op.batch_alter_table("event_term", schema=None) as batch_op:
        batch_op.create_index("ix_event_term_changed_at_id", ["changed_at", "id"], unique=False)

    op.create_table(
        "group_event",
        sa.Column("known_at", MOMENT, nullable=False),
        sa.Column(
            "our_role",
            sa.Enum("holder", "dealer", "service_provider", name="ourrole", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("model_id", ROW_ID, nullable=True),
        sa.Column("customer_id", ROW_ID, nullable=True),
        sa.Column("hospital", sa.String(length=120), nullable=True),
        sa.Column("user_count", sa.Integer(), nullable=True),
        sa.Column("case_count", sa.Integer(), nullable=True),
        sa.Column("places", sa.String(length=250), nullable=True),
        sa.Column("first_used_on", sa.Date(), nullable=True),
        sa.Column("first_occurred_on", sa.Date(), nullable=True),
        sa.Column("registration_no", sa.String(length=64), nullable=True),
        sa.Column("product_name", sa.String(length=120), nullable=True),
        sa.Column("lot_no", sa.String(length=250), nullable=True),
        sa.Column("specification", sa.String(length=120), nullable=True),
        sa.Column("injury_text", sa.Text(), nullable=True),
        sa.Column("fault_manifestation", sa.Text(), nullable=True),
        sa.Column("course", sa.Text(), nullable=True),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("holder_told_at", MOMENT, nullable=True),
        sa.Column("stopped_at", MOMENT, nullable=True),
        sa.Column("stop_measures", sa.Text(), nullable=True),
        sa.Column("investigation", sa.Text(), nullable=True),
        sa.Column("self_inspection", sa.Text(), nullable=True),
        sa.Column("investigated_at", MOMENT, nullable=True),
        sa.Column("dismissal_reason", sa.Text(), nullable=True),
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
        sa.CheckConstraint("state IN ('open', 'told', 'investigated', 'closed', 'dismissed')", name=op.f("ck_group_event_state_known")),
        sa.CheckConstraint(
            "state NOT IN ('dismissed') OR dismissal_reason IS NOT NULL", name=op.f("ck_group_event_dismissal_reason_filled")
        ),
        sa.CheckConstraint("state NOT IN ('investigated') OR investigation IS NOT NULL", name=op.f("ck_group_event_investigation_filled")),
        sa.CheckConstraint(
            "state NOT IN ('investigated') OR self_inspection IS NOT NULL", name=op.f("ck_group_event_self_inspection_filled")
        ),
        sa.CheckConstraint("state NOT IN ('investigated') OR stop_measures IS NOT NULL", name=op.f("ck_group_event_stop_measures_filled")),
        sa.CheckConstraint("state NOT IN ('investigated') OR stopped_at IS NOT NULL", name=op.f("ck_group_event_stopped_at_filled")),
        sa.CheckConstraint(
            "state NOT IN ('investigated', 'closed') OR case_count IS NOT NULL", name=op.f("ck_group_event_case_count_filled")
        ),
        sa.CheckConstraint("state NOT IN ('investigated', 'closed') OR course IS NOT NULL", name=op.f("ck_group_event_course_filled")),
        sa.CheckConstraint(
            "state NOT IN ('investigated', 'closed') OR first_occurred_on IS NOT NULL", name=op.f("ck_group_event_first_occurred_on_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('investigated', 'closed') OR first_used_on IS NOT NULL", name=op.f("ck_group_event_first_used_on_filled")
        ),
        sa.CheckConstraint("state NOT IN ('investigated', 'closed') OR hospital IS NOT NULL", name=op.f("ck_group_event_hospital_filled")),
        sa.CheckConstraint(
            "state NOT IN ('investigated', 'closed') OR investigated_at IS NOT NULL", name=op.f("ck_group_event_investigated_at_filled")
        ),
        sa.CheckConstraint("state NOT IN ('investigated', 'closed') OR places IS NOT NULL", name=op.f("ck_group_event_places_filled")),
        sa.CheckConstraint(
            "state NOT IN ('investigated', 'closed') OR product_name IS NOT NULL", name=op.f("ck_group_event_product_name_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('investigated', 'closed') OR registration_no IS NOT NULL", name=op.f("ck_group_event_registration_no_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('investigated', 'closed') OR user_count IS NOT NULL", name=op.f("ck_group_event_user_count_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('told', 'investigated', 'closed') OR told_at IS NOT NULL", name=op.f("ck_group_event_told_at_filled")
        ),
        sa.CheckConstraint("case_count >= 1 AND user_count >= case_count", name=op.f("ck_group_event_case_count")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_group_event_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_group_event_created_by_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_group_event_customer_id")),
        sa.ForeignKeyConstraint(["model_id"], ["device_model.id"], name=op.f("fk_group_event_model_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_group_event_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_event")),
        sa.UniqueConstraint("number", name=op.f("uq_group_event_number")),
    )
    with op.batch_alter_table("group_event", schema=None) as batch_op:
        batch_op.create_index("ix_group_event_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_group_event_customer_id", ["customer_id"], unique=False)
        batch_op.create_index("ix_group_event_known_at", ["known_at"], unique=False)
        batch_op.create_index("ix_group_event_model_id", ["model_id"], unique=False)
        batch_op.create_index("ix_group_event_region_id_id", ["region_id", "id"], unique=False)
        batch_op.create_index("ix_group_event_region_id_state_id", ["region_id", "state", "id"], unique=False)
        batch_op.create_index("ix_group_event_state_id", ["state", "id"], unique=False)

    op.create_table(
        "risk_report",
        sa.Column(
            "report_kind",
            sa.Enum("yearly", "cycle", "innovative_summary", name="riskreportkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("registration_no", sa.String(length=64), nullable=False),
        sa.Column("product_name", sa.String(length=120), nullable=False),
        sa.Column("model_id", ROW_ID, nullable=False),
        sa.Column(
            "legal_class",
            sa.Enum("class_1", "class_2", "class_3", name="legalclass", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "recipient",
            sa.Enum("national", "provincial", "kept", name="riskrecipient", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("period_full_at", MOMENT, nullable=False),
        sa.Column("figures", JSON, nullable=False),
        sa.Column("figures_at", MOMENT, nullable=True),
        sa.Column("evaluation", sa.Text(), nullable=True),
        sa.Column("conclusion", sa.Text(), nullable=True),
        sa.Column("submission_no", sa.String(length=64), nullable=True),
        sa.Column("submitted_at", MOMENT, nullable=True),
        sa.Column("submitted_by", sa.String(length=120), nullable=True),
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
            "state <> 'submitted' OR recipient = 'kept' OR submission_no IS NOT NULL", name=op.f("ck_risk_report_submission_no")
        ),
        sa.CheckConstraint("state IN ('due', 'written', 'submitted', 'not_needed')", name=op.f("ck_risk_report_state_known")),
        sa.CheckConstraint("state NOT IN ('submitted') OR submitted_at IS NOT NULL", name=op.f("ck_risk_report_submitted_at_filled")),
        sa.CheckConstraint("state NOT IN ('submitted') OR submitted_by IS NOT NULL", name=op.f("ck_risk_report_submitted_by_filled")),
        sa.CheckConstraint(
            "state NOT IN ('written', 'submitted') OR conclusion IS NOT NULL", name=op.f("ck_risk_report_conclusion_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('written', 'submitted') OR evaluation IS NOT NULL", name=op.f("ck_risk_report_evaluation_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('written', 'submitted') OR figures_at IS NOT NULL", name=op.f("ck_risk_report_figures_at_filled")
        ),
        sa.CheckConstraint("begins_on < ends_on", name=op.f("ck_risk_report_ends_on")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_risk_report_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_risk_report_created_by_id")),
        sa.ForeignKeyConstraint(["model_id"], ["device_model.id"], name=op.f("fk_risk_report_model_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_risk_report")),
        sa.UniqueConstraint("number", name=op.f("uq_risk_report_number")),
        sa.UniqueConstraint("registration_no", "report_kind", "ends_on", name=op.f("uq_risk_report_registration_no_report_kind_ends_on")),
    )
    with op.batch_alter_table("risk_report", schema=None) as batch_op:
        batch_op.create_index("ix_risk_report_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_risk_report_model_id", ["model_id"], unique=False)
        batch_op.create_index("ix_risk_report_period_full_at", ["period_full_at"], unique=False)
        batch_op.create_index("ix_risk_report_state_id", ["state", "id"], unique=False)

    op.create_table(
        "group_notice",
        sa.Column("group_event_id", ROW_ID, nullable=False),
        sa.Column(
            "recipient",
            sa.Enum(
                "drug_authority",
                "health_authority",
                "monitoring_body",
                "holder",
                name="recipient",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("office", sa.String(length=120), nullable=False),
        sa.Column("told_at", MOMENT, nullable=False),
        sa.Column(
            "channel",
            sa.Enum("telephone", "fax", "system", "other", name="tellingby", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("spoken_to", sa.String(length=60), nullable=False),
        sa.Column("region_id", ROW_ID, nullable=False),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_group_notice_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_group_notice_created_by_id")),
        sa.ForeignKeyConstraint(["group_event_id"], ["group_event.id"], name=op.f("fk_group_notice_group_event_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_group_notice_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_notice")),
    )
    with op.batch_alter_table("group_notice", schema=None) as batch_op:
        batch_op.create_index("ix_group_notice_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_group_notice_group_event_id", ["group_event_id"], unique=False)

    op.create_table(
        "adverse_event",
        sa.Column("assessment_id", ROW_ID, nullable=False),
        sa.Column("group_event_id", ROW_ID, nullable=True),
        sa.Column("group_known_at", MOMENT, nullable=True),
        sa.Column(
            "our_role",
            sa.Enum("holder", "dealer", "service_provider", name="ourrole", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("known_at", MOMENT, nullable=False),
        sa.Column("is_abroad", sa.Boolean(), nullable=False),
        sa.Column("control_abroad", sa.Boolean(), nullable=False),
        sa.Column("first_cycle_innovative", sa.Boolean(), nullable=False),
        sa.Column("device_id", ROW_ID, nullable=True),
        sa.Column("model_id", ROW_ID, nullable=True),
        sa.Column("product_name", sa.String(length=120), nullable=True),
        sa.Column("registration_no", sa.String(length=64), nullable=True),
        sa.Column("former_registration_no", sa.String(length=64), nullable=True),
        sa.Column("specification", sa.String(length=120), nullable=True),
        sa.Column("configuration", sa.String(length=120), nullable=True),
        sa.Column(
            "origin",
            sa.Enum("domestic", "imported", "hong_kong_macao_taiwan", name="origin", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column(
            "legal_class",
            sa.Enum("class_1", "class_2", "class_3", name="legalclass", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column(
            "category",
            sa.Enum("active", "passive", "reagent", name="productcategory", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column("lot_no", sa.String(length=64), nullable=True),
        sa.Column("serial_no", sa.String(length=64), nullable=True),
        sa.Column("udi", sa.String(length=250), nullable=True),
        sa.Column("made_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("occurred_on", sa.Date(), nullable=True),
        sa.Column(
            "occurred_precision",
            sa.Enum("day", "month", "year", "unknown", name="occurred_precision", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column(
            "outcome",
            sa.Enum(
                "death", "serious_injury", "could_cause", "other", name="outcome", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "serious_kind",
            sa.Enum(
                "none",
                "life_threatening",
                "permanent",
                "intervention",
                "not_sure",
                name="seriousinjury",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("injury_text", sa.Text(), nullable=True),
        sa.Column("injury_term_id", ROW_ID, nullable=True),
        sa.Column("fault_manifestation", sa.Text(), nullable=True),
        sa.Column("fault_term_id", ROW_ID, nullable=True),
        sa.Column("dates_note", sa.String(length=250), nullable=True),
        sa.Column("term_a_id", ROW_ID, nullable=True),
        sa.Column("term_b_id", ROW_ID, nullable=True),
        sa.Column("term_c_id", ROW_ID, nullable=True),
        sa.Column("term_d_id", ROW_ID, nullable=True),
        sa.Column("term_e_id", ROW_ID, nullable=True),
        sa.Column("term_f_id", ROW_ID, nullable=True),
        sa.Column("term_g_id", ROW_ID, nullable=True),
        sa.Column("indication", sa.String(length=250), nullable=True),
        sa.Column("used_on", sa.Date(), nullable=True),
        sa.Column(
            "used_precision",
            sa.Enum("day", "month", "year", "unknown", name="used_precision", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column(
            "use_place",
            sa.Enum("hospital", "home", "elsewhere", name="useplace", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column("customer_id", ROW_ID, nullable=True),
        sa.Column("occurred_at_place", sa.String(length=250), nullable=True),
        sa.Column("use_process", sa.Text(), nullable=True),
        sa.Column("used_together", sa.Text(), nullable=True),
        sa.Column("is_investigated", sa.Boolean(), nullable=True),
        sa.Column("investigation", sa.Text(), nullable=True),
        sa.Column(
            "relation",
            sa.Enum("related", "unrelated", "undetermined", name="relation", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column("cause_analysis", sa.Text(), nullable=True),
        sa.Column("needs_risk_evaluation", sa.Boolean(), nullable=True),
        sa.Column("risk_evaluation_on", sa.Date(), nullable=True),
        sa.Column("has_measures", sa.Boolean(), nullable=True),
        sa.Column("measures_text", sa.Text(), nullable=True),
        sa.Column("no_measures_reason", sa.Text(), nullable=True),
        sa.Column("is_error", sa.Boolean(), nullable=True),
        sa.Column("error_reason", sa.Text(), nullable=True),
        sa.Column("is_merged", sa.Boolean(), nullable=True),
        sa.Column("merged_with", sa.String(length=250), nullable=True),
        sa.Column("submission_no", sa.String(length=64), nullable=True),
        sa.Column("submitted_at", MOMENT, nullable=True),
        sa.Column("submitted_by", sa.String(length=120), nullable=True),
        sa.Column("submitted_entered_at", MOMENT, nullable=True),
        sa.Column("control_reported_at", MOMENT, nullable=True),
        sa.Column("evaluation_result", sa.Text(), nullable=True),
        sa.Column("evaluated_at", MOMENT, nullable=True),
        sa.Column(
            "reevaluation",
            sa.Enum("own", "ordered", name="reevaluation", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column("reevaluation_ended_at", MOMENT, nullable=True),
        sa.Column("reevaluation_reported_at", MOMENT, nullable=True),
        sa.Column("dropped_by", sa.String(length=120), nullable=True),
        sa.Column("drop_reason", sa.Text(), nullable=True),
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
        sa.CheckConstraint(
            "state IN ('draft', 'dropped') OR NOT has_measures OR measures_text IS NOT NULL", name=op.f("ck_adverse_event_measures_text")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'dropped') OR NOT is_error OR error_reason IS NOT NULL", name=op.f("ck_adverse_event_error_reason")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'dropped') OR NOT is_investigated OR investigation IS NOT NULL", name=op.f("ck_adverse_event_investigation")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'dropped') OR NOT is_merged OR merged_with IS NOT NULL", name=op.f("ck_adverse_event_merged_with")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'dropped') OR has_measures OR no_measures_reason IS NOT NULL",
            name=op.f("ck_adverse_event_no_measures_reason"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'dropped') OR injury_text IS NOT NULL OR fault_manifestation IS NOT NULL",
            name=op.f("ck_adverse_event_injury_or_fault"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'dropped') OR lot_no IS NOT NULL OR serial_no IS NOT NULL", name=op.f("ck_adverse_event_lot_or_serial")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'dropped') OR outcome <> 'serious_injury' OR (injury_text IS NOT NULL AND serious_kind IS NOT NULL)",
            name=op.f("ck_adverse_event_injury_of_serious"),
        ),
        sa.CheckConstraint("state IN ('draft', 'reported', 'evaluated', 'closed', 'dropped')", name=op.f("ck_adverse_event_state_known")),
        sa.CheckConstraint("state NOT IN ('dropped') OR drop_reason IS NOT NULL", name=op.f("ck_adverse_event_drop_reason_filled")),
        sa.CheckConstraint("state NOT IN ('dropped') OR dropped_by IS NOT NULL", name=op.f("ck_adverse_event_dropped_by_filled")),
        sa.CheckConstraint(
            "state NOT IN ('evaluated', 'closed') OR evaluated_at IS NOT NULL", name=op.f("ck_adverse_event_evaluated_at_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('evaluated', 'closed') OR evaluation_result IS NOT NULL", name=op.f("ck_adverse_event_evaluation_result_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('reported', 'evaluated', 'closed') OR category IS NOT NULL", name=op.f("ck_adverse_event_category_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('reported', 'evaluated', 'closed') OR has_measures IS NOT NULL",
            name=op.f("ck_adverse_event_has_measures_filled"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('reported', 'evaluated', 'closed') OR is_error IS NOT NULL", name=op.f("ck_adverse_event_is_error_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('reported', 'evaluated', 'closed') OR is_investigated IS NOT NULL",
            name=op.f("ck_adverse_event_is_investigated_filled"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('reported', 'evaluated', 'closed') OR is_merged IS NOT NULL", name=op.f("ck_adverse_event_is_merged_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('reported', 'evaluated', 'closed') OR legal_class IS NOT NULL", name=op.f("ck_adverse_event_legal_class_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('reported', 'evaluated', 'closed') OR needs_risk_evaluation IS NOT NULL",
            name=op.f("ck_adverse_event_needs_risk_evaluation_filled"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('reported', 'evaluated', 'closed') OR occurred_on IS NOT NULL", name=op.f("ck_adverse_event_occurred_on_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('reported', 'evaluated', 'closed') OR occurred_precision IS NOT NULL",
            name=op.f("ck_adverse_event_occurred_precision_filled"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('reported', 'evaluated', 'closed') OR origin IS NOT NULL", name=op.f("ck_adverse_event_origin_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('reported', 'evaluated', 'closed') OR outcome IS NOT NULL", name=op.f("ck_adverse_event_outcome_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('reported', 'evaluated', 'closed') OR product_name IS NOT NULL",
            name=op.f("ck_adverse_event_product_name_filled"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('reported', 'evaluated', 'closed') OR registration_no IS NOT NULL",
            name=op.f("ck_adverse_event_registration_no_filled"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('reported', 'evaluated', 'closed') OR relation IS NOT NULL", name=op.f("ck_adverse_event_relation_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('reported', 'evaluated', 'closed') OR submission_no IS NOT NULL",
            name=op.f("ck_adverse_event_submission_no_filled"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('reported', 'evaluated', 'closed') OR submitted_at IS NOT NULL",
            name=op.f("ck_adverse_event_submitted_at_filled"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('reported', 'evaluated', 'closed') OR submitted_by IS NOT NULL",
            name=op.f("ck_adverse_event_submitted_by_filled"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('reported', 'evaluated', 'closed') OR submitted_entered_at IS NOT NULL",
            name=op.f("ck_adverse_event_submitted_entered_at_filled"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('reported', 'evaluated', 'closed') OR use_place IS NOT NULL", name=op.f("ck_adverse_event_use_place_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('reported', 'evaluated', 'closed') OR use_process IS NOT NULL", name=op.f("ck_adverse_event_use_process_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('reported', 'evaluated', 'closed') OR used_on IS NOT NULL", name=op.f("ck_adverse_event_used_on_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('reported', 'evaluated', 'closed') OR used_precision IS NOT NULL",
            name=op.f("ck_adverse_event_used_precision_filled"),
        ),
        sa.CheckConstraint("known_at <= submitted_at", name=op.f("ck_adverse_event_submitted_at")),
        sa.ForeignKeyConstraint(["assessment_id"], ["vigilance_assessment.id"], name=op.f("fk_adverse_event_assessment_id")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_adverse_event_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_adverse_event_created_by_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_adverse_event_customer_id")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_adverse_event_device_id")),
        sa.ForeignKeyConstraint(["fault_term_id"], ["event_term.id"], name=op.f("fk_adverse_event_fault_term_id")),
        sa.ForeignKeyConstraint(["group_event_id"], ["group_event.id"], name=op.f("fk_adverse_event_group_event_id")),
        sa.ForeignKeyConstraint(["injury_term_id"], ["event_term.id"], name=op.f("fk_adverse_event_injury_term_id")),
        sa.ForeignKeyConstraint(["model_id"], ["device_model.id"], name=op.f("fk_adverse_event_model_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_adverse_event_region_id")),
        sa.ForeignKeyConstraint(["term_a_id"], ["event_term.id"], name=op.f("fk_adverse_event_term_a_id")),
        sa.ForeignKeyConstraint(["term_b_id"], ["event_term.id"], name=op.f("fk_adverse_event_term_b_id")),
        sa.ForeignKeyConstraint(["term_c_id"], ["event_term.id"], name=op.f("fk_adverse_event_term_c_id")),
        sa.ForeignKeyConstraint(["term_d_id"], ["event_term.id"], name=op.f("fk_adverse_event_term_d_id")),
        sa.ForeignKeyConstraint(["term_e_id"], ["event_term.id"], name=op.f("fk_adverse_event_term_e_id")),
        sa.ForeignKeyConstraint(["term_f_id"], ["event_term.id"], name=op.f("fk_adverse_event_term_f_id")),
        sa.ForeignKeyConstraint(["term_g_id"], ["event_term.id"], name=op.f("fk_adverse_event_term_g_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adverse_event")),
        sa.UniqueConstraint("assessment_id", name=op.f("uq_adverse_event_assessment_id")),
        sa.UniqueConstraint("number", name=op.f("uq_adverse_event_number")),
    )
    with op.batch_alter_table("adverse_event", schema=None) as batch_op:
        batch_op.create_index("ix_adverse_event_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_adverse_event_customer_id", ["customer_id"], unique=False)
        batch_op.create_index("ix_adverse_event_device_id", ["device_id"], unique=False)
        batch_op.create_index("ix_adverse_event_group_event_id", ["group_event_id"], unique=False)
        batch_op.create_index("ix_adverse_event_known_at", ["known_at"], unique=False)
        batch_op.create_index("ix_adverse_event_model_id_known_at", ["model_id", "known_at"], unique=False)
        batch_op.create_index("ix_adverse_event_outcome_id", ["outcome", "id"], unique=False)
        batch_op.create_index("ix_adverse_event_region_id_id", ["region_id", "id"], unique=False)
        batch_op.create_index("ix_adverse_event_region_id_state_id", ["region_id", "state", "id"], unique=False)
        batch_op.create_index("ix_adverse_event_registration_no_known_at", ["registration_no", "known_at"], unique=False)
        batch_op.create_index("ix_adverse_event_state_id", ["state", "id"], unique=False)

    op.create_table(
        "event_measure",
        sa.Column("event_id", ROW_ID, nullable=False),
        sa.Column(
            "measure",
            sa.Enum(
                "stop_making_and_selling",
                "tell_to_stop_use",
                "recall",
                "publish_risk",
                "self_inspection",
                "change_labelling",
                "change_making",
                "reevaluation",
                "change_registration",
                "other",
                name="measurekind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("taken_on", sa.Date(), nullable=True),
        sa.Column("what", sa.String(length=250), nullable=True),
        sa.Column("region_id", ROW_ID, nullable=False),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_event_measure_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_event_measure_created_by_id")),
        sa.ForeignKeyConstraint(["event_id"], ["adverse_event.id"], name=op.f("fk_event_measure_event_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_event_measure_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_measure")),
    )
    with op.batch_alter_table("event_measure", schema=None) as batch_op:
        batch_op.create_index("ix_event_measure_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_event_measure_event_id", ["event_id"], unique=False)

    op.create_table(
        "event_patient",
        sa.Column("event_id", ROW_ID, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=True),
        sa.Column("birth_on", sa.Date(), nullable=True),
        sa.Column("age", sa.Integer(), nullable=True),
        sa.Column(
            "sex", sa.Enum("male", "female", "not_known", name="sex", native_enum=False, create_constraint=True, length=32), nullable=True
        ),
        sa.Column("record_no", sa.String(length=60), nullable=True),
        sa.Column("history", sa.Text(), nullable=True),
        sa.Column("region_id", ROW_ID, nullable=False),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("age BETWEEN 0 AND 150", name=op.f("ck_event_patient_age")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_event_patient_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_event_patient_created_by_id")),
        sa.ForeignKeyConstraint(["event_id"], ["adverse_event.id"], name=op.f("fk_event_patient_event_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_event_patient_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_patient")),
        sa.UniqueConstraint("event_id", name=op.f("uq_event_patient_event_id")),
    )
    with op.batch_alter_table("event_patient", schema=None) as batch_op:
        batch_op.create_index("ix_event_patient_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_event_patient_region_id_id", ["region_id", "id"], unique=False)

    op.create_table(
        "event_report",
        sa.Column("event_id", ROW_ID, nullable=False),
        sa.Column(
            "report_kind",
            sa.Enum(
                "initial",
                "follow_up",
                "supplementary",
                "evaluation",
                name="reportkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("contents", sa.Text(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("submission_no", sa.String(length=64), nullable=True),
        sa.Column("submitted_at", MOMENT, nullable=True),
        sa.Column("entered_by", sa.String(length=120), nullable=True),
        sa.Column("entered_at", MOMENT, nullable=True),
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
        sa.CheckConstraint("report_kind = 'initial' OR contents IS NOT NULL", name=op.f("ck_event_report_contents")),
        sa.CheckConstraint("state IN ('draft', 'sent', 'dropped')", name=op.f("ck_event_report_state_known")),
        sa.CheckConstraint("state NOT IN ('sent') OR entered_at IS NOT NULL", name=op.f("ck_event_report_entered_at_filled")),
        sa.CheckConstraint("state NOT IN ('sent') OR entered_by IS NOT NULL", name=op.f("ck_event_report_entered_by_filled")),
        sa.CheckConstraint("state NOT IN ('sent') OR submission_no IS NOT NULL", name=op.f("ck_event_report_submission_no_filled")),
        sa.CheckConstraint("state NOT IN ('sent') OR submitted_at IS NOT NULL", name=op.f("ck_event_report_submitted_at_filled")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_event_report_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_event_report_created_by_id")),
        sa.ForeignKeyConstraint(["event_id"], ["adverse_event.id"], name=op.f("fk_event_report_event_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_event_report_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_report")),
        sa.UniqueConstraint("number", name=op.f("uq_event_report_number")),
    )
    with op.batch_alter_table("event_report", schema=None) as batch_op:
        batch_op.create_index("ix_event_report_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_event_report_due_on", ["due_on"], unique=False)
        batch_op.create_index("ix_event_report_event_id", ["event_id"], unique=False)
        batch_op.create_index("ix_event_report_region_id_id", ["region_id", "id"], unique=False)
        batch_op.create_index("ix_event_report_region_id_state_id", ["region_id", "state", "id"], unique=False)
        batch_op.create_index("ix_event_report_state_id", ["state", "id"], unique=False)

    with op.batch_alter_table("device_model") as table:
        table.add_column(sa.Column("first_approved_on", sa.Date(), nullable=True))
        table.add_column(sa.Column("renewed_on", sa.Date(), nullable=True))
        table.add_column(sa.Column("is_innovative", sa.Boolean(), server_default=sa.false(), nullable=False))
        table.create_check_constraint(op.f("ck_device_model_renewed_on"), "first_approved_on < renewed_on")
    with op.batch_alter_table("device_model") as table:
        table.alter_column("is_innovative", existing_type=sa.Boolean(), server_default=None)
    _know(["none", "to_assess", "cleared", "reported"])
    _assessment()
    if op.get_bind().dialect.name == "postgresql":
        for name in CUSTOM:
            op.execute(f"CREATE INDEX ix_{name}_custom ON {name} USING gin (custom jsonb_path_ops)")
            op.execute(f"CREATE INDEX ix_{name}_search_grams ON {name} USING gin (search_grams(search_text))")


def _assessment() -> None:
    """Known since it was marked, or since its request was received or written down where that was earlier."""
    op.drop_index("ix_vigilance_assessment_marked_at", ASSESSMENT)
    with op.batch_alter_table(ASSESSMENT) as table:
        table.alter_column("marked_at", new_column_name="known_at", existing_type=MOMENT, existing_nullable=False)
        table.alter_column("request_id", existing_type=ROW_ID, nullable=True)
        for name, target in (("order_id", "service_order"), ("customer_id", "customer"), ("device_id", "device")):
            table.add_column(sa.Column(name, ROW_ID, nullable=True))
            table.create_foreign_key(op.f(f"fk_vigilance_assessment_{name}"), target, [name], ["id"])
        table.add_column(sa.Column("told", sa.Text(), nullable=True))
        table.add_column(sa.Column("known_by", sa.String(length=120), nullable=True))
        for name in ANSWERS:
            table.add_column(sa.Column(name, sa.String(length=32), nullable=True))
            table.create_check_constraint(op.f(f"ck_vigilance_assessment_{name}"), f"{name} IN ('no', 'yes', 'not_sure')")
        table.add_column(sa.Column("serious_injury", sa.String(length=32), nullable=True))
        table.create_check_constraint(op.f("ck_vigilance_assessment_seriousinjury"), f"serious_injury IN ({SERIOUS})")
        table.create_check_constraint(op.f("ck_vigilance_assessment_told"), "request_id IS NOT NULL OR told IS NOT NULL")
        _check(table, "state_known", "state IN ('to_assess', 'reportable', 'cleared')")
        for name in ("decided_at", "decided_by"):
            _check(table, f"{name}_filled", f"state NOT IN ('reportable', 'cleared') OR {name} IS NOT NULL")
        for name in (*ANSWERS, "serious_injury"):
            condition = f"state NOT IN ('reportable') OR {name} IS NOT NULL"
            table.create_check_constraint(op.f(f"ck_vigilance_assessment_{name}_filled"), condition)
    of_request = "FROM service_request AS r WHERE r.id = vigilance_assessment.request_id"
    earlier = "CASE WHEN r.received_at < r.created_at THEN r.received_at ELSE r.created_at END"
    op.execute(
        f"UPDATE vigilance_assessment SET known_at = (SELECT {earlier} {of_request}), customer_id = (SELECT r.customer_id {of_request}), "
        f"device_id = (SELECT r.device_id {of_request}) WHERE request_id IS NOT NULL"
    )
    op.create_index("ix_vigilance_assessment_known_at", ASSESSMENT, ["known_at"])
    op.create_index("ix_vigilance_assessment_order_id", ASSESSMENT, ["order_id"])
    op.create_index("ix_vigilance_assessment_device_id_known_at", ASSESSMENT, ["device_id", "known_at"])
    op.create_index("ix_vigilance_assessment_customer_id", ASSESSMENT, ["customer_id"])


def downgrade() -> None:
    """What was reported or came without a request has no place in the older schema: such rows must not be there."""
    op.drop_table("event_report")
    op.drop_table("event_patient")
    op.drop_table("event_measure")
    op.drop_table("adverse_event")
    op.drop_table("group_notice")
    op.drop_table("risk_report")
    op.drop_table("group_event")
    op.drop_table("event_term")
    for name in ("known_at", "order_id", "device_id_known_at", "customer_id"):
        op.drop_index(f"ix_vigilance_assessment_{name}", ASSESSMENT)
    with op.batch_alter_table(ASSESSMENT) as table:
        for name in (*ANSWERS, "serious_injury"):
            table.drop_constraint(op.f(f"ck_vigilance_assessment_{name}_filled"), type_="check")
        for name in (*ANSWERS, "seriousinjury", "told"):
            table.drop_constraint(op.f(f"ck_vigilance_assessment_{name}"), type_="check")
        for name in ("order_id", "customer_id", "device_id"):
            table.drop_constraint(op.f(f"fk_vigilance_assessment_{name}"), type_="foreignkey")
        for name in (*ANSWERS, "serious_injury", "told", "known_by", "order_id", "customer_id", "device_id"):
            table.drop_column(name)
        _check(table, "state_known", "state IN ('to_assess', 'cleared')")
        for name in ("decided_at", "decided_by"):
            _check(table, f"{name}_filled", f"state NOT IN ('cleared') OR {name} IS NOT NULL")
        table.alter_column("known_at", new_column_name="marked_at", existing_type=MOMENT, existing_nullable=False)
        table.alter_column("request_id", existing_type=ROW_ID, nullable=False)
    op.create_index("ix_vigilance_assessment_marked_at", ASSESSMENT, ["marked_at"])
    _know(["none", "to_assess", "cleared"])
    with op.batch_alter_table("device_model") as table:
        table.drop_constraint(op.f("ck_device_model_renewed_on"), type_="check")
        for name in ("first_approved_on", "renewed_on", "is_innovative"):
            table.drop_column(name)


def _know(marks: list[str]) -> None:
    with op.batch_alter_table("service_request") as table:
        table.drop_constraint(op.f("ck_service_request_vigilance"), type_="check")
        table.create_check_constraint(op.f("ck_service_request_vigilance"), f"vigilance IN ({', '.join(repr(mark) for mark in marks)})")


def _check(table: sa.Table, name: str, condition: str) -> None:
    constraint = op.f(f"ck_vigilance_assessment_{name}")
    table.drop_constraint(constraint, type_="check")
    table.create_check_constraint(constraint, condition)
