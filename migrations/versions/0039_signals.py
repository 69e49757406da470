"""Signals of risk, the numbers they are found by, what is still to be looked at; corrective actions from signals."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
RANGES = {"window_days": (90, 1830), "least_cases": (2, 100), "repeat_days": (7, 1830), "repeat_cases": (2, 100)}
FILLED = {
    "assessed_by": ("assessing", "confirmed", "closed"), "assessed_at": ("assessing",), "assessment": ("confirmed", "closed"),
    "outcome": ("confirmed", "closed"), "confirmed_by": ("confirmed",), "confirmed_at": ("confirmed",), "closing_reason": ("closed",),
    "closed_by": ("closed",), "closed_at": ("closed",),
}  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "signal",
        sa.Column("kind", _choice("signalkind", "repeated", "batch", "part_batch", "trend", "safety_words"), nullable=False),
        sa.Column("subject", sa.String(length=250), nullable=False),
        sa.Column("subject_key", sa.String(length=250), nullable=False),
        sa.Column("model_id", ROW_ID, nullable=True),
        sa.Column("device_id", ROW_ID, nullable=True),
        sa.Column("part_no", sa.String(length=64), nullable=True),
        sa.Column("lot_no", sa.String(length=64), nullable=True),
        sa.Column("look", _choice("signallook", "case", "month", "quarter"), nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.Column("last_case_at", MOMENT, nullable=False),
        sa.Column("case_count", sa.Integer(), nullable=False),
        sa.Column("finding", JSON, nullable=False),
        sa.Column("months", JSON, nullable=False),
        sa.Column("assessed_by", sa.String(length=120), nullable=True),
        sa.Column("assessed_by_user_id", sa.Integer(), nullable=True),
        sa.Column("assessed_at", MOMENT, nullable=True),
        sa.Column("assessment", sa.Text(), nullable=True),
        sa.Column("outcome", _choice("signaloutcome", "none", "capa", "recall", "vigilance"), nullable=True),
        sa.Column("confirmed_by", sa.String(length=120), nullable=True),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("closing_reason", sa.Text(), nullable=True),
        sa.Column("closed_by", sa.String(length=120), nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.CheckConstraint("state IN ('found', 'assessing', 'confirmed', 'closed')", name=op.f("ck_signal_state_known")),
        *(
            sa.CheckConstraint(
                "state NOT IN ({}) OR {} IS NOT NULL".format(", ".join(f"'{state}'" for state in states), name),
                name=op.f(f"ck_signal_{name}_filled"),
            )
            for name, states in FILLED.items()
        ),
        sa.ForeignKeyConstraint(["model_id"], ["device_model.id"], name=op.f("fk_signal_model_id")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_signal_device_id")),
        sa.ForeignKeyConstraint(["assessed_by_user_id"], ["ab_user.id"], name=op.f("fk_signal_assessed_by_user_id")),
        sa.UniqueConstraint("number", name=op.f("uq_signal_number")),
        *_every("signal"),
    )
    op.create_index("ix_signal_changed_at_id", "signal", ["changed_at", "id"])
    op.create_index("ix_signal_state_id", "signal", ["state", "id"])
    op.create_index("ix_signal_subject_key_closed_at", "signal", ["subject_key", "closed_at"])
    for name in ("kind", "outcome"):
        op.create_index(f"ix_signal_{name}_id", "signal", [name, "id"])
    for name in ("model_id", "device_id", "found_at", "closed_at"):
        op.create_index(f"ix_signal_{name}", "signal", [name])
    still_open = sa.text("state != 'closed'")
    op.create_index(
        "uq_signal_subject_key_open", "signal", ["subject_key"], unique=True, postgresql_where=still_open, sqlite_where=still_open
    )

    op.create_table(
        "signal_case",
        sa.Column("signal_id", ROW_ID, nullable=False),
        sa.Column("request_id", ROW_ID, nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("region_id", ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(["signal_id"], ["signal.id"], name=op.f("fk_signal_case_signal_id")),
        sa.ForeignKeyConstraint(["request_id"], ["service_request.id"], name=op.f("fk_signal_case_request_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_signal_case_region_id")),
        sa.UniqueConstraint("signal_id", "request_id", name=op.f("uq_signal_case_signal_id_request_id")),
        *_every("signal_case"),
    )
    op.create_index("ix_signal_case_changed_at_id", "signal_case", ["changed_at", "id"])
    op.create_index("ix_signal_case_request_id", "signal_case", ["request_id"])

    op.create_table(
        "signal_rule",
        sa.Column("alpha", sa.Numeric(precision=18, scale=4), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in RANGES),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("shipped_id", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.CheckConstraint("alpha > 0 AND alpha <= 0.2", name=op.f("ck_signal_rule_alpha")),
        *(
            sa.CheckConstraint(f"{name} BETWEEN {least} AND {most}", name=op.f(f"ck_signal_rule_{name}"))
            for name, (least, most) in RANGES.items()
        ),
        sa.CheckConstraint("state IN ('proposed', 'approved', 'rejected', 'withdrawn')", name=op.f("ck_signal_rule_state_known")),
        sa.UniqueConstraint("shipped_id", name=op.f("uq_signal_rule_shipped_id")),
        *_every("signal_rule"),
    )
    op.create_index("ix_signal_rule_changed_at_id", "signal_rule", ["changed_at", "id"])
    op.create_index("ix_signal_rule_state_effective_from", "signal_rule", ["state", "effective_from"])
    op.create_index("ix_signal_rule_state_id", "signal_rule", ["state", "id"])

    op.create_table(
        "signal_pending",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("request_id", ROW_ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signal_pending")),
    )
    op.create_table(
        "signal_mark",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("look", sa.String(length=16), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signal_mark")),
        sa.UniqueConstraint("look", name=op.f("uq_signal_mark_look")),
    )
    with op.batch_alter_table("corrective_action") as table:
        table.add_column(sa.Column("signal_id", ROW_ID, nullable=True))
        table.create_foreign_key(op.f("fk_corrective_action_signal_id"), "signal", ["signal_id"], ["id"])
        table.create_index("ix_corrective_action_signal_id", ["signal_id"])
    if op.get_bind().dialect.name == "postgresql":
        for name in ("signal", "signal_rule"):
            op.execute(f"CREATE INDEX ix_{name}_custom ON {name} USING gin (custom jsonb_path_ops)")
        op.execute("CREATE INDEX ix_signal_search_grams ON signal USING gin (search_grams(search_text))")


def downgrade() -> None:
    with op.batch_alter_table("corrective_action") as table:
        table.drop_index("ix_corrective_action_signal_id")
        table.drop_constraint(op.f("fk_corrective_action_signal_id"), type_="foreignkey")
        table.drop_column("signal_id")
    for name in ("signal_mark", "signal_pending", "signal_rule", "signal_case", "signal"):
        op.drop_table(name)


def _choice(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)


def _every(table: str) -> list[sa.Column | sa.Constraint]:
    """What every record has."""
    people = [
        sa.ForeignKeyConstraint([name], ["ab_user.id"], name=op.f(f"fk_{table}_{name}")) for name in ("created_by_id", "changed_by_id")
    ]
    return [
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
