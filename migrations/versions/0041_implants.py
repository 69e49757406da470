"""Implanted units, their patients and follow-ups; the patients of adverse events encrypted.

What was read and written of those patients before stays in the trail as it was: its entries are never rewritten.
"""

from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import op
from flask import current_app
from sqlalchemy.dialects import postgresql

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
IMPLANT = {
    "death_circumstances": ("deceased",), "deceased_on": ("deceased",), "explant_cause": ("explanted",),
    "explant_reason": ("explanted",), "explanted_on": ("explanted",), "whereabouts": ("explanted",),
}  # fmt: skip
FOLLOW_UP = {
    **dict.fromkeys(("function", "is_failing", "is_harmed", "is_instructed", "is_operated_again", "respondent", "wound"), ("done",)),
    **dict.fromkeys(("settled_at", "settled_by"), ("done", "unreachable")),
    **dict.fromkeys(("asked_by", "unreachable_reason"), ("to_confirm", "unreachable")),
    "confirmation": ("unreachable",),
}  # fmt: skip
SAFE = "(is_harmed = 'no' AND is_operated_again = 'no' AND is_failing = 'no')"
PATIENT = ("name", "birth_on", "admission_no", "phone", "remarks")
EVENT_PATIENT = {"name": sa.String(60), "record_no": sa.String(60), "history": sa.Text(), "birth_on": sa.Date()}
ONCE = sa.text("state <> 'mistaken'")


def upgrade() -> None:
    _plans()
    _implants()
    _patients()
    _follow_ups()
    if op.get_bind().dialect.name == "postgresql":
        for name in ("follow_up_plan", "implant", "implant_patient", "implant_follow_up"):
            op.execute(f"CREATE INDEX ix_{name}_custom ON {name} USING gin (custom jsonb_path_ops)")
            op.execute(f"CREATE INDEX ix_{name}_search_grams ON {name} USING gin (search_grams(search_text))")
    seal = current_app.extensions["field_keys"].seal
    rows = _retyped(dict.fromkeys(EVENT_PATIENT, sa.Text()))
    _write(rows, lambda _name, value: seal(value.isoformat() if isinstance(value, date) else value))
    with op.batch_alter_table("event_patient") as table:
        for name in EVENT_PATIENT:
            table.create_check_constraint(op.f(f"ck_event_patient_{name}_enciphered"), f"{name} LIKE 'enc1:%'")


def downgrade() -> None:
    with op.batch_alter_table("event_patient") as table:
        for name in EVENT_PATIENT:
            table.drop_constraint(op.f(f"ck_event_patient_{name}_enciphered"), type_="check")
    opened = current_app.extensions["field_keys"].open
    rows = _retyped(EVENT_PATIENT)
    _write(rows, lambda name, value: date.fromisoformat(opened(value)) if name == "birth_on" else opened(value))
    for name in ("follow_up_attempt", "implant_follow_up", "implant_patient", "implant", "follow_up_plan"):
        op.drop_table(name)


def _retyped(types: dict[str, Any]) -> list[dict[str, Any]]:
    """The columns anew and empty, and what stood in them: no engine casts a day as another does."""
    day = sa.column("birth_on", sa.Text() if types is EVENT_PATIENT else sa.Date())
    held = sa.table("event_patient", *(sa.column(name) for name in ("id", "name", "record_no", "history")), day)
    rows = [dict(row) for row in op.get_bind().execute(sa.select(held)).mappings()]
    with op.batch_alter_table("event_patient") as table:
        for name in EVENT_PATIENT:
            table.drop_column(name)
    with op.batch_alter_table("event_patient") as table:
        for name, kind in types.items():
            table.add_column(sa.Column(name, kind, nullable=True))
    return rows


def _write(rows: list[dict[str, Any]], made: Any) -> None:
    table = sa.table("event_patient", sa.column("id"), *(sa.column(name) for name in EVENT_PATIENT))
    for row in rows:
        values = {name: made(name, row[name]) for name in EVENT_PATIENT if row[name] is not None}
        if values:
            op.get_bind().execute(sa.update(table).where(table.c.id == row["id"]).values(values))


def _plans() -> None:
    op.create_table(
        "follow_up_plan",
        sa.Column("model_id", ROW_ID, nullable=True),
        sa.Column("fruitless_attempts", sa.Integer(), nullable=False),
        sa.Column("further_months", sa.String(length=120), nullable=True),
        sa.Column("asks", sa.Text(), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("shipped_id", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.CheckConstraint("state IN ('proposed', 'approved', 'rejected', 'withdrawn')", name=op.f("ck_follow_up_plan_state_known")),
        sa.CheckConstraint("fruitless_attempts BETWEEN 1 AND 20", name=op.f("ck_follow_up_plan_fruitless_attempts")),
        _refers("follow_up_plan", "model_id", "device_model"),
        sa.UniqueConstraint("shipped_id", name=op.f("uq_follow_up_plan_shipped_id")),
        *_every("follow_up_plan"),
    )
    _indexes("follow_up_plan", ("changed_at", "id"), ("model_id",), ("state", "effective_from"), ("state", "id"))


def _implants() -> None:
    op.create_table(
        "implant",
        sa.Column("device_id", ROW_ID, nullable=False),
        sa.Column("customer_id", ROW_ID, nullable=False),
        sa.Column("department", sa.String(length=120), nullable=True),
        sa.Column("surgeon", sa.String(length=60), nullable=True),
        sa.Column("operated_at", MOMENT, nullable=False),
        sa.Column("site", sa.String(length=250), nullable=True),
        sa.Column("contact_name", sa.String(length=60), nullable=True),
        sa.Column("contact_phone", sa.String(length=40), nullable=True),
        sa.Column("follower_id", ROW_ID, nullable=True),
        sa.Column("registered_at", MOMENT, nullable=False),
        sa.Column("is_elsewhere", sa.Boolean(), nullable=False),
        sa.Column("late_reason", sa.String(length=250), nullable=True),
        sa.Column("revised_on", sa.Date(), nullable=True),
        sa.Column("revision_reason", sa.Text(), nullable=True),
        sa.Column("explanted_on", sa.Date(), nullable=True),
        sa.Column("explant_cause", _choice("explantcause", "planned", "device", "complication", "other", "not_known"), nullable=True),
        sa.Column("explant_reason", sa.Text(), nullable=True),
        sa.Column("whereabouts", sa.String(length=250), nullable=True),
        sa.Column("deceased_on", sa.Date(), nullable=True),
        sa.Column("death_circumstances", sa.Text(), nullable=True),
        *_numbered("implant", ("implanted", "explanted", "deceased", "mistaken"), IMPLANT),
        sa.CheckConstraint("operated_at <= registered_at", name=op.f("ck_implant_operated_at")),
        _refers("implant", "device_id", "device"),
        _refers("implant", "customer_id", "customer"),
        _refers("implant", "follower_id", "person"),
        *_every("implant", regional=True),
    )
    _indexes("implant", *(("customer_id",), ("follower_id",), ("is_elsewhere", "id"), ("operated_at",)), *REGIONAL)
    op.create_index("uq_implant_device_id", "implant", ["device_id"], unique=True, postgresql_where=ONCE, sqlite_where=ONCE)


def _patients() -> None:
    op.create_table(
        "implant_patient",
        sa.Column("implant_id", ROW_ID, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=True) for name in PATIENT),
        sa.Column("sex", _choice("sex", "male", "female", "not_known"), nullable=True),
        sa.Column("admission_key", sa.String(length=64), nullable=True),
        sa.Column("consent", _choice("consent", "refused", "given", "withdrawn"), nullable=True),
        sa.Column("consent_no", sa.String(length=60), nullable=True),
        sa.Column("consented_on", sa.Date(), nullable=True),
        *(sa.CheckConstraint(f"{name} LIKE 'enc1:%'", name=op.f(f"ck_implant_patient_{name}_enciphered")) for name in PATIENT),
        sa.CheckConstraint(
            "consent <> 'given' OR (consent_no IS NOT NULL AND consented_on IS NOT NULL)", name=op.f("ck_implant_patient_consented")
        ),
        sa.CheckConstraint("phone IS NULL OR (consent IS NOT NULL AND consent = 'given')", name=op.f("ck_implant_patient_phone")),
        _refers("implant_patient", "implant_id", "implant"),
        sa.UniqueConstraint("implant_id", name=op.f("uq_implant_patient_implant_id")),
        *_every("implant_patient", regional=True),
    )
    _indexes("implant_patient", ("admission_key",), ("changed_at", "id"), ("region_id", "id"))


def _follow_ups() -> None:
    told = ("as_expected", "not_as_expected", "not_known")
    op.create_table(
        "implant_follow_up",
        sa.Column("implant_id", ROW_ID, nullable=False),
        sa.Column("follow_up_kind", _choice("followupkind", "call", "visit", "further"), nullable=False),
        sa.Column("follower_id", ROW_ID, nullable=True),
        sa.Column("counted_from", MOMENT, nullable=False),
        sa.Column("is_learnt_late", sa.Boolean(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        *(
            sa.Column(name, _choice(name, "no", "yes", "not_sure"), nullable=True)
            for name in ("is_harmed", "is_operated_again", "is_failing")
        ),
        sa.Column("harm_told", sa.Text(), nullable=True),
        sa.Column("assessment_id", ROW_ID, nullable=True),
        sa.Column("respondent", _choice("respondent", "physician", "department", "patient", "family"), nullable=True),
        sa.Column("respondent_post", sa.String(length=60), nullable=True),
        *(sa.Column(name, _choice(name, *told), nullable=True) for name in ("function", "wound")),
        sa.Column("complications", sa.Text(), nullable=True),
        sa.Column("is_instructed", sa.Boolean(), nullable=True),
        sa.Column("use_told", sa.Text(), nullable=True),
        sa.Column("next_visit_on", sa.Date(), nullable=True),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.Column("settled_by", sa.String(length=120), nullable=True),
        sa.Column("unreachable_reason", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.String(length=120), nullable=True),
        sa.Column("confirmation", sa.String(length=250), nullable=True),
        *_numbered("implant_follow_up", ("due", "done", "to_confirm", "unreachable", "dropped"), FOLLOW_UP),
        sa.CheckConstraint("follow_up_kind <> 'further' OR due_on IS NOT NULL", name=op.f("ck_implant_follow_up_due_on")),
        sa.CheckConstraint(f"state <> 'done' OR {SAFE} OR assessment_id IS NOT NULL", name=op.f("ck_implant_follow_up_assessment_id")),
        _refers("implant_follow_up", "implant_id", "implant"),
        _refers("implant_follow_up", "follower_id", "person"),
        _refers("implant_follow_up", "assessment_id", "vigilance_assessment"),
        *_every("implant_follow_up", regional=True),
    )
    own = (("assessment_id",), ("follower_id", "state", "id"), ("implant_id",), ("settled_at",))
    _indexes("implant_follow_up", *own, *REGIONAL)

    op.create_table(
        "follow_up_attempt",
        sa.Column("follow_up_id", ROW_ID, nullable=False),
        sa.Column("channel", _choice("followupchannel", "telephone", "visit", "letter", "message"), nullable=False),
        sa.Column("result", _choice("attemptresult", "reached", "no_answer", "call_later", "refused", "wrong_contact"), nullable=False),
        sa.Column("note", sa.String(length=250), nullable=True),
        sa.Column("tried_at", MOMENT, nullable=False),
        sa.Column("tried_by", sa.String(length=120), nullable=False),
        _refers("follow_up_attempt", "follow_up_id", "implant_follow_up"),
        *_every("follow_up_attempt", regional=True),
    )
    _indexes("follow_up_attempt", ("changed_at", "id"), ("follow_up_id",))


REGIONAL = (("changed_at", "id"), ("region_id", "id"), ("region_id", "state", "id"), ("state", "id"))


def _indexes(table: str, *columns: tuple[str, ...]) -> None:
    for names in columns:
        op.create_index(f"ix_{table}_{'_'.join(names)}", table, list(names))


def _refers(table: str, name: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], [f"{target}.id"], name=op.f(f"fk_{table}_{name}"))


def _choice(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _numbered(table: str, states: tuple[str, ...], filled: dict[str, tuple[str, ...]]) -> list[Any]:
    """Number and state, and what the states require."""
    return [
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.UniqueConstraint("number", name=op.f(f"uq_{table}_number")),
        sa.CheckConstraint(f"state IN ({_listed(states)})", name=op.f(f"ck_{table}_state_known")),
        *(
            sa.CheckConstraint(f"state NOT IN ({_listed(within)}) OR {name} IS NOT NULL", name=op.f(f"ck_{table}_{name}_filled"))
            for name, within in filled.items()
        ),
    ]


def _every(table: str, *, regional: bool = False) -> list[Any]:
    """What every record has."""
    region = [sa.Column("region_id", ROW_ID, nullable=False), _refers(table, "region_id", "region")] if regional else []
    return [
        *region,
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        *(_refers(table, name, "ab_user") for name in ("created_by_id", "changed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]
