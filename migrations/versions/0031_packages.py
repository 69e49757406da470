"""Packages at a second place, reports of fixity checks, restore drills."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

TABLES = ("restored_package", "fixity_finding", "archive_package", "restore_drill", "fixity_report", "package_file")
RECORDS = ("archive_package", "fixity_report", "restore_drill")


def upgrade() -> None:
    op.create_table(
        "package_file",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_package_file")),
    )
    with op.batch_alter_table("package_file", schema=None) as batch_op:
        batch_op.create_index("ix_package_file_removed_at_id", ["removed_at", "id"], unique=False)
        batch_op.create_index("ix_package_file_sha256", ["sha256"], unique=False)

    op.create_table(
        "fixity_report",
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_by", sa.String(length=120), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("package_count", sa.Integer(), nullable=False),
        sa.Column("file_count", sa.Integer(), nullable=False),
        sa.Column("damage_count", sa.Integer(), nullable=False),
        sa.Column("measures", sa.Text(), nullable=True),
        sa.Column("closed_by", sa.String(length=120), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
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
        sa.CheckConstraint("damage_count = 0 OR state <> 'closed' OR measures IS NOT NULL", name=op.f("ck_fixity_report_measures")),
        sa.CheckConstraint("state IN ('running', 'reported', 'closed')", name=op.f("ck_fixity_report_state_known")),
        sa.CheckConstraint("state NOT IN ('closed') OR closed_at IS NOT NULL", name=op.f("ck_fixity_report_closed_at_filled")),
        sa.CheckConstraint("state NOT IN ('closed') OR closed_by IS NOT NULL", name=op.f("ck_fixity_report_closed_by_filled")),
        sa.CheckConstraint("state NOT IN ('reported', 'closed') OR ended_at IS NOT NULL", name=op.f("ck_fixity_report_ended_at_filled")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_fixity_report_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_fixity_report_created_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fixity_report")),
        sa.UniqueConstraint("number", name=op.f("uq_fixity_report_number")),
    )
    with op.batch_alter_table("fixity_report", schema=None) as batch_op:
        batch_op.create_index("ix_fixity_report_begun_at", ["begun_at"], unique=False)
        batch_op.create_index("ix_fixity_report_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_fixity_report_damage_count_id", ["damage_count", "id"], unique=False)
        batch_op.create_index("ix_fixity_report_state_id", ["state", "id"], unique=False)

    op.create_table(
        "restore_drill",
        sa.Column("purpose", sa.String(length=250), nullable=False),
        sa.Column("sample_size", sa.Integer(), nullable=False),
        sa.Column("started_by", sa.String(length=120), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("restored_count", sa.Integer(), nullable=True),
        sa.Column("failed_count", sa.Integer(), nullable=True),
        sa.Column("seconds", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
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
        sa.CheckConstraint("state IN ('planned', 'running', 'done')", name=op.f("ck_restore_drill_state_known")),
        sa.CheckConstraint("state NOT IN ('done') OR ended_at IS NOT NULL", name=op.f("ck_restore_drill_ended_at_filled")),
        sa.CheckConstraint("state NOT IN ('running', 'done') OR started_at IS NOT NULL", name=op.f("ck_restore_drill_started_at_filled")),
        sa.CheckConstraint("state NOT IN ('running', 'done') OR started_by IS NOT NULL", name=op.f("ck_restore_drill_started_by_filled")),
        sa.CheckConstraint("sample_size BETWEEN 1 AND 100", name=op.f("ck_restore_drill_sample_size")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_restore_drill_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_restore_drill_created_by_id")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_restore_drill_job_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restore_drill")),
        sa.UniqueConstraint("number", name=op.f("uq_restore_drill_number")),
    )
    with op.batch_alter_table("restore_drill", schema=None) as batch_op:
        batch_op.create_index("ix_restore_drill_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_restore_drill_state_id", ["state", "id"], unique=False)

    op.create_table(
        "archive_package",
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("file_count", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("locked_for", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "first_copy",
            sa.Enum("whole", "damaged", "missing", name="first_copy", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "second_copy",
            sa.Enum("whole", "damaged", "missing", name="second_copy", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("checked_in_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=True),
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
        sa.CheckConstraint("state IN ('kept', 'given_up')", name=op.f("ck_archive_package_state_known")),
        sa.CheckConstraint("state NOT IN ('given_up') OR given_up_at IS NOT NULL", name=op.f("ck_archive_package_given_up_at_filled")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_archive_package_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_archive_package_created_by_id")),
        sa.ForeignKeyConstraint(["checked_in_id"], ["fixity_report.id"], name=op.f("fk_archive_package_checked_in_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["archive_entry.id"], name=op.f("fk_archive_package_entry_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_archive_package_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archive_package")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_archive_package_entry_id")),
        sa.UniqueConstraint("number", name=op.f("uq_archive_package_number")),
    )
    with op.batch_alter_table("archive_package", schema=None) as batch_op:
        batch_op.create_index("ix_archive_package_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_archive_package_checked_in_id", ["checked_in_id"], unique=False)
        batch_op.create_index("ix_archive_package_first_copy_id", ["first_copy", "id"], unique=False)
        batch_op.create_index("ix_archive_package_region_id_id", ["region_id", "id"], unique=False)
        batch_op.create_index("ix_archive_package_region_id_state_id", ["region_id", "state", "id"], unique=False)
        batch_op.create_index("ix_archive_package_second_copy_id", ["second_copy", "id"], unique=False)
        batch_op.create_index("ix_archive_package_sha256", ["sha256"], unique=False)
        batch_op.create_index("ix_archive_package_state_checked_at", ["state", "checked_at"], unique=False)
        batch_op.create_index("ix_archive_package_state_id", ["state", "id"], unique=False)

    op.create_table(
        "fixity_finding",
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "place", sa.Enum("first", "second", name="copyplace", native_enum=False, create_constraint=True, length=32), nullable=False
        ),
        sa.Column(
            "found",
            sa.Enum("whole", "damaged", "missing", name="copystate", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("file_name", sa.String(length=250), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("mended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("region_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("custom", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("found <> 'whole'", name=op.f("ck_fixity_finding_found_damage")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_fixity_finding_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_fixity_finding_created_by_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["archive_entry.id"], name=op.f("fk_fixity_finding_entry_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_fixity_finding_region_id")),
        sa.ForeignKeyConstraint(["report_id"], ["fixity_report.id"], name=op.f("fk_fixity_finding_report_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fixity_finding")),
    )
    with op.batch_alter_table("fixity_finding", schema=None) as batch_op:
        batch_op.create_index("ix_fixity_finding_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_fixity_finding_entry_id", ["entry_id"], unique=False)
        batch_op.create_index("ix_fixity_finding_report_id", ["report_id"], unique=False)

    op.create_table(
        "restored_package",
        sa.Column("drill_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("package_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "same",
                "missing",
                "locked",
                "no_bag",
                "differs",
                "unsigned",
                name="restoreoutcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("detail", sa.String(length=250), nullable=True),
        sa.Column("file_count", sa.Integer(), nullable=True),
        sa.Column("seconds", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.Column("region_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("custom", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_restored_package_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_restored_package_created_by_id")),
        sa.ForeignKeyConstraint(["drill_id"], ["restore_drill.id"], name=op.f("fk_restored_package_drill_id")),
        sa.ForeignKeyConstraint(["package_id"], ["archive_package.id"], name=op.f("fk_restored_package_package_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_restored_package_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restored_package")),
        sa.UniqueConstraint("drill_id", "package_id", name=op.f("uq_restored_package_drill_id_package_id")),
    )
    with op.batch_alter_table("restored_package", schema=None) as batch_op:
        batch_op.create_index("ix_restored_package_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_restored_package_package_id", ["package_id"], unique=False)

    if op.get_bind().dialect.name == "postgresql":
        for table in RECORDS:
            op.execute(f"CREATE INDEX ix_{table}_custom ON {table} USING gin (custom jsonb_path_ops)")
            op.execute(f"CREATE INDEX ix_{table}_search_grams ON {table} USING gin (search_grams(search_text))")


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
