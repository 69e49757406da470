"""Controlled documents, their versions, reading tasks and copies, and the register of external documents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLES = (
    "reading_task", "reading_question", "controlled_copy", "document_version", "document_scope", "document_reader", "affected",
    "controlled_document", "external_document",
)  # fmt: skip
RECORDS = ("controlled_copy", "controlled_document", "document_version", "external_document", "reading_task")


def upgrade() -> None:
    op.create_table(
        "external_document",
        sa.Column("reference_no", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=250), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "law",
                "regulation",
                "rule",
                "announcement",
                "standard",
                name="externalkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("issuer", sa.String(length=120), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("custom", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("state IN ('coming', 'in_force', 'ended')", name=op.f("ck_external_document_state_known")),
        sa.CheckConstraint("state NOT IN ('ended') OR ended_on IS NOT NULL", name=op.f("ck_external_document_ended_on_filled")),
        sa.CheckConstraint(
            "state NOT IN ('in_force') OR effective_from IS NOT NULL", name=op.f("ck_external_document_effective_from_filled")
        ),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_external_document_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_external_document_created_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_document")),
        sa.UniqueConstraint("reference_no", "name", name=op.f("uq_external_document_reference_no_name")),
    )
    with op.batch_alter_table("external_document", schema=None) as batch_op:
        batch_op.create_index("ix_external_document_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_external_document_effective_from", ["effective_from"], unique=False)
        batch_op.create_index("ix_external_document_state_id", ["state", "id"], unique=False)

    op.create_table(
        "controlled_document",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "procedure", "work_instruction", "record_form", name="documentkind", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("office", sa.String(length=120), nullable=True),
        sa.Column("review_every_months", sa.Integer(), nullable=False),
        sa.Column("next_review_on", sa.Date(), nullable=True),
        sa.Column("revise_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revise_why", sa.Text(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("custom", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_controlled_document_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_controlled_document_created_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_controlled_document")),
        sa.UniqueConstraint("code", name=op.f("uq_controlled_document_code")),
    )
    with op.batch_alter_table("controlled_document", schema=None) as batch_op:
        batch_op.create_index("ix_controlled_document_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_controlled_document_revise_since", ["revise_since"], unique=False)

    op.create_table(
        "affected",
        sa.Column("external_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("articles", sa.String(length=120), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("custom", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_affected_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_affected_created_by_id")),
        sa.ForeignKeyConstraint(["document_id"], ["controlled_document.id"], name=op.f("fk_affected_document_id")),
        sa.ForeignKeyConstraint(["external_id"], ["external_document.id"], name=op.f("fk_affected_external_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_affected")),
        sa.UniqueConstraint("external_id", "document_id", name=op.f("uq_affected_external_id_document_id")),
    )
    with op.batch_alter_table("affected", schema=None) as batch_op:
        batch_op.create_index("ix_affected_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_affected_document_id", ["document_id"], unique=False)

    op.create_table(
        "document_reader",
        sa.Column("document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role_name", sa.String(length=64), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("custom", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_document_reader_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_document_reader_created_by_id")),
        sa.ForeignKeyConstraint(["document_id"], ["controlled_document.id"], name=op.f("fk_document_reader_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_reader")),
        sa.UniqueConstraint("document_id", "role_name", name=op.f("uq_document_reader_document_id_role_name")),
    )
    with op.batch_alter_table("document_reader", schema=None) as batch_op:
        batch_op.create_index("ix_document_reader_changed_at_id", ["changed_at", "id"], unique=False)

    op.create_table(
        "document_scope",
        sa.Column("document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("record_type", sa.String(length=64), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("custom", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_document_scope_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_document_scope_created_by_id")),
        sa.ForeignKeyConstraint(["document_id"], ["controlled_document.id"], name=op.f("fk_document_scope_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_scope")),
        sa.UniqueConstraint("document_id", "record_type", name=op.f("uq_document_scope_document_id_record_type")),
    )
    with op.batch_alter_table("document_scope", schema=None) as batch_op:
        batch_op.create_index("ix_document_scope_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_document_scope_record_type", ["record_type"], unique=False)

    op.create_table(
        "document_version",
        sa.Column("document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("edition", sa.String(length=20), nullable=False),
        sa.Column("is_new_issue", sa.Boolean(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("cites", sa.Text(), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.Column("author_name", sa.String(length=120), nullable=False),
        sa.Column("reviewer_name", sa.String(length=120), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approver_name", sa.String(length=120), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("in_force_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("obsolete_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parts", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("custom", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('draft', 'in_review', 'reviewed', 'approved', 'effective', 'obsolete', 'dropped')",
            name=op.f("ck_document_version_state_known"),
        ),
        sa.CheckConstraint("state NOT IN ('approved') OR approved_at IS NOT NULL", name=op.f("ck_document_version_approved_at_filled")),
        sa.CheckConstraint(
            "state NOT IN ('approved', 'effective') OR approver_name IS NOT NULL", name=op.f("ck_document_version_approver_name_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('approved', 'effective') OR effective_from IS NOT NULL", name=op.f("ck_document_version_effective_from_filled")
        ),
        sa.CheckConstraint("state NOT IN ('effective') OR in_force_at IS NOT NULL", name=op.f("ck_document_version_in_force_at_filled")),
        sa.CheckConstraint("state NOT IN ('obsolete') OR obsolete_at IS NOT NULL", name=op.f("ck_document_version_obsolete_at_filled")),
        sa.CheckConstraint("state NOT IN ('reviewed') OR reviewed_at IS NOT NULL", name=op.f("ck_document_version_reviewed_at_filled")),
        sa.CheckConstraint(
            "state NOT IN ('reviewed', 'approved', 'effective') OR reviewer_name IS NOT NULL",
            name=op.f("ck_document_version_reviewer_name_filled"),
        ),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_document_version_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_document_version_created_by_id")),
        sa.ForeignKeyConstraint(["document_id"], ["controlled_document.id"], name=op.f("fk_document_version_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_version")),
        sa.UniqueConstraint("document_id", "edition", name=op.f("uq_document_version_document_id_edition")),
    )
    with op.batch_alter_table("document_version", schema=None) as batch_op:
        batch_op.create_index("ix_document_version_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_document_version_state_id", ["state", "id"], unique=False)

    op.create_table(
        "controlled_copy",
        sa.Column("document_version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("copy_no", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(length=120), nullable=False),
        sa.Column("place", sa.String(length=250), nullable=False),
        sa.Column("purpose", sa.String(length=250), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("issued_by", sa.String(length=120), nullable=True),
        sa.Column("called_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("destroyed_at", sa.DateTime(timezone=True), nullable=True),
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
        sa.CheckConstraint(
            "state IN ('requested', 'issued', 'called_back', 'returned', 'destroyed', 'lost')", name=op.f("ck_controlled_copy_state_known")
        ),
        sa.CheckConstraint(
            "state NOT IN ('called_back') OR called_back_at IS NOT NULL", name=op.f("ck_controlled_copy_called_back_at_filled")
        ),
        sa.CheckConstraint("state NOT IN ('destroyed') OR destroyed_at IS NOT NULL", name=op.f("ck_controlled_copy_destroyed_at_filled")),
        sa.CheckConstraint("state NOT IN ('issued') OR issued_at IS NOT NULL", name=op.f("ck_controlled_copy_issued_at_filled")),
        sa.CheckConstraint("state NOT IN ('issued') OR issued_by IS NOT NULL", name=op.f("ck_controlled_copy_issued_by_filled")),
        sa.CheckConstraint("state NOT IN ('returned') OR returned_at IS NOT NULL", name=op.f("ck_controlled_copy_returned_at_filled")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_controlled_copy_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_controlled_copy_created_by_id")),
        sa.ForeignKeyConstraint(["document_version_id"], ["document_version.id"], name=op.f("fk_controlled_copy_document_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_controlled_copy")),
        sa.UniqueConstraint("document_version_id", "copy_no", name=op.f("uq_controlled_copy_document_version_id_copy_no")),
        sa.UniqueConstraint("number", name=op.f("uq_controlled_copy_number")),
    )
    with op.batch_alter_table("controlled_copy", schema=None) as batch_op:
        batch_op.create_index("ix_controlled_copy_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_controlled_copy_holder", ["holder"], unique=False)
        batch_op.create_index("ix_controlled_copy_state_id", ["state", "id"], unique=False)

    op.create_table(
        "reading_question",
        sa.Column("document_version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("answer_a", sa.String(length=250), nullable=False),
        sa.Column("answer_b", sa.String(length=250), nullable=False),
        sa.Column("answer_c", sa.String(length=250), nullable=True),
        sa.Column("answer_d", sa.String(length=250), nullable=True),
        sa.Column("right", sa.String(length=1), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("custom", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_reading_question_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_reading_question_created_by_id")),
        sa.ForeignKeyConstraint(["document_version_id"], ["document_version.id"], name=op.f("fk_reading_question_document_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading_question")),
    )
    with op.batch_alter_table("reading_question", schema=None) as batch_op:
        batch_op.create_index("ix_reading_question_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_reading_question_document_version_id", ["document_version_id"], unique=False)

    op.create_table(
        "reading_task",
        sa.Column("document_version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("person_name", sa.String(length=120), nullable=False),
        sa.Column("answers", sa.String(length=200), nullable=True),
        sa.Column("passed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("custom", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("state IN ('to_read', 'passed', 'excused', 'dropped')", name=op.f("ck_reading_task_state_known")),
        sa.CheckConstraint("state NOT IN ('passed') OR passed_at IS NOT NULL", name=op.f("ck_reading_task_passed_at_filled")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_reading_task_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_reading_task_created_by_id")),
        sa.ForeignKeyConstraint(["document_version_id"], ["document_version.id"], name=op.f("fk_reading_task_document_version_id")),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], name=op.f("fk_reading_task_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading_task")),
        sa.UniqueConstraint("document_version_id", "user_id", name=op.f("uq_reading_task_document_version_id_user_id")),
    )
    with op.batch_alter_table("reading_task", schema=None) as batch_op:
        batch_op.create_index("ix_reading_task_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_reading_task_document_version_id_state", ["document_version_id", "state"], unique=False)
        batch_op.create_index("ix_reading_task_state_id", ["state", "id"], unique=False)
        batch_op.create_index("ix_reading_task_user_id_state", ["user_id", "state"], unique=False)

    if op.get_bind().dialect.name == "postgresql":
        for table in RECORDS:
            op.execute(f"CREATE INDEX ix_{table}_custom ON {table} USING gin (custom jsonb_path_ops)")
            op.execute(f"CREATE INDEX ix_{table}_search_grams ON {table} USING gin (search_grams(search_text))")


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
