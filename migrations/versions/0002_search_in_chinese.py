"""A gram index per searched table, so that substrings are found fast in Chinese too. PostgreSQL only; SQLite scans."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = (
    "clock_pause",
    "clock_rule",
    "code",
    "code_list",
    "customer",
    "department",
    "deviation",
    "device",
    "device_family",
    "device_model",
    "function_test",
    "function_test_item",
    "holiday_notice",
    "person",
    "region",
    "service_centre",
    "service_contract",
    "service_order",
    "service_request",
    "test_instrument",
    "vigilance_assessment",
    "webhook_call",
    "webhook_subscription",
)

FUNCTION = r"""
CREATE OR REPLACE FUNCTION search_grams(t text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT coalesce(array_agg(DISTINCT gram), '{}') FROM (
    SELECT substr(t, i, 2) AS gram FROM generate_series(1, length(t) - 1) AS i WHERE octet_length(substr(t, i, 2)) > 2
    UNION
    SELECT substr(t, i, 3) FROM generate_series(1, length(t) - 2) AS i WHERE octet_length(substr(t, i, 3)) = 3
  ) AS grams
$$
"""


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(FUNCTION)
    for table in TABLES:
        op.execute(f"CREATE INDEX ix_{table}_search_grams ON {table} USING gin (search_grams(search_text))")


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in TABLES:
        op.execute(f"DROP INDEX ix_{table}_search_grams")
    op.execute("DROP FUNCTION search_grams(text)")
