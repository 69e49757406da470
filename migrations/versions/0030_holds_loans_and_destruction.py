"""Legal holds, requests for paper originals, destruction by list, and the mark of what was destroyed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

TABLES = (
    "given_up_file",
    "paper_request",
    "held_entry",
    "destruction_item",
    "legal_hold",
    "destruction",
)
RECORDS = (
    "destruction",
    "legal_hold",
    "paper_request",
)
INDEXES = (
    ("ix_attachment_sha256", "attachment"), ("ix_attachment_thumbnail", "attachment"), ("ix_sealed_document_sha256", "sealed_document"),
    ("ix_signature_image", "signature"),
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "given_up_file",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("certificate", sa.String(length=40), nullable=False),
        sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_given_up_file")),
    )
    with op.batch_alter_table("given_up_file", schema=None) as batch_op:
        batch_op.create_index("ix_given_up_file_removed_at_id", ["removed_at", "id"], unique=False)
        batch_op.create_index("ix_given_up_file_sha256", ["sha256"], unique=False)

    op.create_table(
        "destruction",
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.String(length=120), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "method",
            sa.Enum(
                "shredded", "burnt", "pulped", "no_paper", name="destructionmethod", native_enum=False, create_constraint=True, length=32
            ),
            nullable=True,
        ),
        sa.Column("place", sa.String(length=250), nullable=True),
        sa.Column("first_by", sa.String(length=120), nullable=True),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("second_by", sa.String(length=120), nullable=True),
        sa.Column("second_at", sa.DateTime(timezone=True), nullable=True),
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
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'approved', 'begun', 'carried_out', 'rejected', 'withdrawn')",
            name=op.f("ck_destruction_state_known"),
        ),
        sa.CheckConstraint("state NOT IN ('approved') OR approved_at IS NOT NULL", name=op.f("ck_destruction_approved_at_filled")),
        sa.CheckConstraint(
            "state NOT IN ('approved', 'begun', 'carried_out') OR approved_by IS NOT NULL", name=op.f("ck_destruction_approved_by_filled")
        ),
        sa.CheckConstraint("state NOT IN ('begun', 'carried_out') OR first_at IS NOT NULL", name=op.f("ck_destruction_first_at_filled")),
        sa.CheckConstraint("state NOT IN ('begun', 'carried_out') OR first_by IS NOT NULL", name=op.f("ck_destruction_first_by_filled")),
        sa.CheckConstraint("state NOT IN ('begun', 'carried_out') OR method IS NOT NULL", name=op.f("ck_destruction_method_filled")),
        sa.CheckConstraint("state NOT IN ('carried_out') OR second_at IS NOT NULL", name=op.f("ck_destruction_second_at_filled")),
        sa.CheckConstraint("state NOT IN ('carried_out') OR second_by IS NOT NULL", name=op.f("ck_destruction_second_by_filled")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_destruction_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_destruction_created_by_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_destruction_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_destruction")),
        sa.UniqueConstraint("number", name=op.f("uq_destruction_number")),
    )
    with op.batch_alter_table("destruction", schema=None) as batch_op:
        batch_op.create_index("ix_destruction_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_destruction_region_id_id", ["region_id", "id"], unique=False)
        batch_op.create_index("ix_destruction_region_id_state_id", ["region_id", "state", "id"], unique=False)
        batch_op.create_index("ix_destruction_state_id", ["state", "id"], unique=False)

    op.create_table(
        "legal_hold",
        sa.Column("matter", sa.String(length=120), nullable=False),
        sa.Column("demanded_by", sa.String(length=120), nullable=False),
        sa.Column("reference_no", sa.String(length=80), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("model_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("placed_by", sa.String(length=120), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_by", sa.String(length=120), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
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
        sa.CheckConstraint("state IN ('in_force', 'released')", name=op.f("ck_legal_hold_state_known")),
        sa.CheckConstraint("state NOT IN ('released') OR released_at IS NOT NULL", name=op.f("ck_legal_hold_released_at_filled")),
        sa.CheckConstraint("state NOT IN ('released') OR released_by IS NOT NULL", name=op.f("ck_legal_hold_released_by_filled")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_legal_hold_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_legal_hold_created_by_id")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_legal_hold_device_id")),
        sa.ForeignKeyConstraint(["model_id"], ["device_model.id"], name=op.f("fk_legal_hold_model_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_hold")),
        sa.UniqueConstraint("number", name=op.f("uq_legal_hold_number")),
    )
    with op.batch_alter_table("legal_hold", schema=None) as batch_op:
        batch_op.create_index("ix_legal_hold_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_legal_hold_device_id", ["device_id"], unique=False)
        batch_op.create_index("ix_legal_hold_model_id", ["model_id"], unique=False)
        batch_op.create_index("ix_legal_hold_state_id", ["state", "id"], unique=False)

    op.create_table(
        "destruction_item",
        sa.Column("destruction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("record_number", sa.String(length=120), nullable=True),
        sa.Column("title", sa.String(length=250), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=True),
        sa.Column("kept_until", sa.Date(), nullable=True),
        sa.Column("region_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("custom", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_destruction_item_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_destruction_item_created_by_id")),
        sa.ForeignKeyConstraint(["destruction_id"], ["destruction.id"], name=op.f("fk_destruction_item_destruction_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["archive_entry.id"], name=op.f("fk_destruction_item_entry_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_destruction_item_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_destruction_item")),
        sa.UniqueConstraint("destruction_id", "entry_id", name=op.f("uq_destruction_item_destruction_id_entry_id")),
    )
    with op.batch_alter_table("destruction_item", schema=None) as batch_op:
        batch_op.create_index("ix_destruction_item_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_destruction_item_entry_id", ["entry_id"], unique=False)

    op.create_table(
        "held_entry",
        sa.Column("hold_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("region_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("custom", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_held_entry_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_held_entry_created_by_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["archive_entry.id"], name=op.f("fk_held_entry_entry_id")),
        sa.ForeignKeyConstraint(["hold_id"], ["legal_hold.id"], name=op.f("fk_held_entry_hold_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_held_entry_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_entry")),
        sa.UniqueConstraint("hold_id", "entry_id", name=op.f("uq_held_entry_hold_id_entry_id")),
    )
    with op.batch_alter_table("held_entry", schema=None) as batch_op:
        batch_op.create_index("ix_held_entry_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_held_entry_entry_id", ["entry_id"], unique=False)

    op.create_table(
        "paper_request",
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("use", sa.Enum("lend", "copy", name="paperuse", native_enum=False, create_constraint=True, length=32), nullable=False),
        sa.Column("purpose", sa.String(length=250), nullable=False),
        sa.Column("wanted_until", sa.Date(), nullable=True),
        sa.Column("asked_by", sa.String(length=120), nullable=False),
        sa.Column("approved_by", sa.String(length=120), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_by", sa.String(length=120), nullable=True),
        sa.Column("handed_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
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
        sa.CheckConstraint(
            "state IN ('requested', 'approved', 'handed_out', 'returned', 'copied', 'refused')", name=op.f("ck_paper_request_state_known")
        ),
        sa.CheckConstraint("state NOT IN ('approved') OR approved_at IS NOT NULL", name=op.f("ck_paper_request_approved_at_filled")),
        sa.CheckConstraint(
            "state NOT IN ('approved', 'handed_out', 'copied') OR approved_by IS NOT NULL", name=op.f("ck_paper_request_approved_by_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('handed_out', 'copied') OR handed_out_at IS NOT NULL", name=op.f("ck_paper_request_handed_out_at_filled")
        ),
        sa.CheckConstraint(
            "state NOT IN ('handed_out', 'copied') OR received_by IS NOT NULL", name=op.f("ck_paper_request_received_by_filled")
        ),
        sa.CheckConstraint("state NOT IN ('returned') OR returned_at IS NOT NULL", name=op.f("ck_paper_request_returned_at_filled")),
        sa.CheckConstraint("use <> 'lend' OR wanted_until IS NOT NULL", name=op.f("ck_paper_request_wanted_until")),
        sa.CheckConstraint("handed_out_at <= returned_at", name=op.f("ck_paper_request_returned_at")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_paper_request_changed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_paper_request_created_by_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["archive_entry.id"], name=op.f("fk_paper_request_entry_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_paper_request_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_request")),
        sa.UniqueConstraint("number", name=op.f("uq_paper_request_number")),
    )
    with op.batch_alter_table("paper_request", schema=None) as batch_op:
        batch_op.create_index("ix_paper_request_changed_at_id", ["changed_at", "id"], unique=False)
        batch_op.create_index("ix_paper_request_entry_id", ["entry_id"], unique=False)
        batch_op.create_index("ix_paper_request_region_id_id", ["region_id", "id"], unique=False)
        batch_op.create_index("ix_paper_request_region_id_state_id", ["region_id", "state", "id"], unique=False)
        batch_op.create_index("ix_paper_request_state_id", ["state", "id"], unique=False)

    with op.batch_alter_table("attachment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("destroyed_under", sa.String(length=40), nullable=True))
        batch_op.create_index("ix_attachment_sha256", ["sha256"], unique=False)
        batch_op.create_index("ix_attachment_thumbnail", ["thumbnail"], unique=False)

    with op.batch_alter_table("sealed_document", schema=None) as batch_op:
        batch_op.add_column(sa.Column("destroyed_under", sa.String(length=40), nullable=True))
        batch_op.create_index("ix_sealed_document_sha256", ["sha256"], unique=False)

    with op.batch_alter_table("signature", schema=None) as batch_op:
        batch_op.add_column(sa.Column("destroyed_under", sa.String(length=40), nullable=True))
        batch_op.create_index("ix_signature_image", ["image"], unique=False)

    if op.get_bind().dialect.name == "postgresql":
        for table in RECORDS:
            op.execute(f"CREATE INDEX ix_{table}_custom ON {table} USING gin (custom jsonb_path_ops)")
            op.execute(f"CREATE INDEX ix_{table}_search_grams ON {table} USING gin (search_grams(search_text))")


def downgrade() -> None:
    for index, table in INDEXES:
        op.drop_index(index, table)
    for table in ("attachment", "sealed_document", "signature"):
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_column("destroyed_under")
    for table in TABLES:
        op.drop_table(table)
