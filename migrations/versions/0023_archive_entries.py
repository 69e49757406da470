"""Archive entries, the rules of how long they are kept, and what may have changed that; contracts may say how long."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

TABLES = (
    "archive_entry",
    "retention_rule",
    "retention_recheck",
)
RECORDS = (
    "archive_entry",
    "retention_rule",
)


def upgrade() -> None:
    op.create_table(
        "retention_recheck",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("model_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("contract_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("cause", sa.String(length=250), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_to", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_recheck")),
    )
    with op.batch_alter_table("retention_recheck", schema=None) as batch_op:
        batch_op.create_index("ix_retention_recheck_ended_at_due_on", ["ended_at", "due_on"], unique=False)

    op.create_table(
        "retention_rule",
        sa.Column("first_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("shipped_id", sa.String(length=64), nullable=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("legal", "company", "contract", name="rulekind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "retention_class",
            sa.Enum(
                "quality_record",
                "controlled_document",
                "adverse_event",
                "recall",
                "purchase_and_sale",
                "user_acceptance",
                "user_maintenance",
                "periodic_report",
                "destruction_record",
                name="retentionclass",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "reach",
            sa.Enum(
                "implant",
                "large",
                "neither_implant_nor_large",
                "with_expiry",
                "without_expiry",
                "class_1",
                "class_2_or_3",
                name="reach",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "risk", sa.Enum("high", "middle", "low", name="risk", native_enum=False, create_constraint=True, length=32), nullable=True
        ),
        sa.Column(
            "anchor",
            sa.Enum(
                "settled_on",
                "released_on",
                "expires_on",
                "life_ends_on",
                "use_ends_on",
                "discontinued_on",
                "model_life_ends_on",
                "certificate_ends_on",
                "obsolete_life_ends_on",
                "contract_ends_on",
                "paper_kept_until",
                name="anchor",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("years", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("source_title", sa.String(length=250), nullable=True),
        sa.Column("article", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("custom", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("kind <> 'contract'", name=op.f("ck_retention_rule_kind")),
        sa.CheckConstraint("state IN ('proposed', 'approved', 'rejected', 'withdrawn')", name=op.f("ck_retention_rule_state_known")),
        sa.CheckConstraint("state NOT IN ('proposed') OR reason IS NOT NULL", name=op.f("ck_retention_rule_reason_filled")),
        sa.CheckConstraint("state NOT IN ('withdrawn') OR withdrawn_on IS NOT NULL", name=op.f("ck_retention_rule_withdrawn_on_filled")),
        sa.CheckConstraint("(years IS NULL) = (anchor IS NULL)", name=op.f("ck_retention_rule_counted")),
        sa.CheckConstraint("effective_from <= effective_to", name=op.f("ck_retention_rule_effective_to")),
        sa.CheckConstraint("years BETWEEN 0 AND 100", name=op.f("ck_retention_rule_years")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_retention_rule_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_retention_rule_created_by_id")),
        sa.ForeignKeyConstraint(["first_id"], ["retention_rule.id"], name=op.f("fk_retention_rule_first_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_rule")),
        sa.UniqueConstraint("number", name=op.f("uq_retention_rule_number")),
        sa.UniqueConstraint("shipped_id", name=op.f("uq_retention_rule_shipped_id")),
    )
    with op.batch_alter_table("retention_rule", schema=None) as batch_op:
        batch_op.create_index("ix_retention_rule_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_retention_rule_first_id", ["first_id"], unique=False)
        batch_op.create_index("ix_retention_rule_state_id", ["state", "id"], unique=False)

    op.create_table(
        "archive_entry",
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("record_number", sa.String(length=120), nullable=False),
        sa.Column("title", sa.String(length=250), nullable=False),
        sa.Column("recorded_on", sa.Date(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_by", sa.String(length=120), nullable=False),
        sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("obsolete_on", sa.Date(), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("files", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column(
            "retention_class",
            sa.Enum(
                "quality_record",
                "controlled_document",
                "adverse_event",
                "recall",
                "purchase_and_sale",
                "user_acceptance",
                "user_maintenance",
                "periodic_report",
                "destruction_record",
                name="retentionclass",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "term", sa.Enum("dated", "open", "permanent", name="term", native_enum=False, create_constraint=True, length=32), nullable=False
        ),
        sa.Column("retain_until", sa.Date(), nullable=True),
        sa.Column("judgement", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("model_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("contract_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("paper_room", sa.String(length=60), nullable=True),
        sa.Column("paper_shelf", sa.String(length=60), nullable=True),
        sa.Column("paper_box", sa.String(length=60), nullable=True),
        sa.Column("paper_kept_until", sa.Date(), nullable=True),
        sa.Column("is_held", sa.Boolean(), nullable=False),
        sa.Column("destroyed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("destroyed_under", sa.String(length=40), nullable=True),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("region_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("custom", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("state <> 'destroyed' OR NOT is_held", name=op.f("ck_archive_entry_is_held")),
        sa.CheckConstraint("state IN ('kept', 'destroyed')", name=op.f("ck_archive_entry_state_known")),
        sa.CheckConstraint("state NOT IN ('destroyed') OR destroyed_at IS NOT NULL", name=op.f("ck_archive_entry_destroyed_at_filled")),
        sa.CheckConstraint(
            "state NOT IN ('destroyed') OR destroyed_under IS NOT NULL", name=op.f("ck_archive_entry_destroyed_under_filled")
        ),
        sa.CheckConstraint("term <> 'dated' OR retain_until IS NOT NULL", name=op.f("ck_archive_entry_retain_until")),
        sa.CheckConstraint("term <> 'permanent' OR retain_until IS NULL", name=op.f("ck_archive_entry_permanent")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_archive_entry_changed_by_id")),
        sa.ForeignKeyConstraint(["contract_id"], ["service_contract.id"], name=op.f("fk_archive_entry_contract_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_archive_entry_created_by_id")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_archive_entry_device_id")),
        sa.ForeignKeyConstraint(["model_id"], ["device_model.id"], name=op.f("fk_archive_entry_model_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_archive_entry_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archive_entry")),
        sa.UniqueConstraint("kind", "record_id", name=op.f("uq_archive_entry_kind_record_id")),
        sa.UniqueConstraint("number", name=op.f("uq_archive_entry_number")),
    )
    with op.batch_alter_table("archive_entry", schema=None) as batch_op:
        batch_op.create_index("ix_archive_entry_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_archive_entry_contract_id", ["contract_id"], unique=False)
        batch_op.create_index("ix_archive_entry_device_id", ["device_id"], unique=False)
        batch_op.create_index("ix_archive_entry_is_held_id", ["is_held", "id"], unique=False)
        batch_op.create_index("ix_archive_entry_model_id", ["model_id"], unique=False)
        batch_op.create_index("ix_archive_entry_paper_box", ["paper_box"], unique=False)
        batch_op.create_index("ix_archive_entry_region_id_id", ["region_id", "id"], unique=False)
        batch_op.create_index("ix_archive_entry_region_id_state_id", ["region_id", "state", "id"], unique=False)
        batch_op.create_index("ix_archive_entry_sealed_at", ["sealed_at"], unique=False)
        batch_op.create_index("ix_archive_entry_state_id", ["state", "id"], unique=False)
        batch_op.create_index("ix_archive_entry_term_retain_until_id", ["term", "retain_until", "id"], unique=False)

    with op.batch_alter_table("service_contract", schema=None) as batch_op:
        batch_op.add_column(sa.Column("records_kept_years", sa.Integer(), nullable=True))
        batch_op.create_check_constraint(op.f("ck_service_contract_records_kept_years"), "records_kept_years BETWEEN 0 AND 100")

    if op.get_bind().dialect.name == "postgresql":
        for table in RECORDS:
            op.execute(f"CREATE INDEX ix_{table}_custom ON {table} USING gin (custom jsonb_path_ops)")
            op.execute(f"CREATE INDEX ix_{table}_search_grams ON {table} USING gin (search_grams(search_text))")


def downgrade() -> None:
    with op.batch_alter_table("service_contract") as batch_op:
        batch_op.drop_constraint(op.f("ck_service_contract_records_kept_years"), type_="check")
        batch_op.drop_column("records_kept_years")
    for table in TABLES:
        op.drop_table(table)
