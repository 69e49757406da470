"""Fills a PostgreSQL of its own with a million repair orders, by SQL alone. Run by hand:

    python -m bench.load [--orders 1000000] [--folder /var/tmp/aftersales-bench]

The rows are even and dull on purpose: what is measured on them is how the pages grow, not what they say. The trail's
entries carry no valid hashes; nothing here verifies them.
"""

import argparse
import time
from collections.abc import Collection
from pathlib import Path

import psycopg

from bench.server import app_on, server

FAULTS = [
    "潮气量偏低报警",
    "开机自检不通过",
    "电池无法充电",
    "呼吸回路漏气",
    "显示屏黑屏",
    "氧浓度传感器漂移",
    "主板通讯故障",
    "压力报警反复",
]

# Each step: what it writes, the statement. {n} is the number of orders; ids start at 1001, above the small world's.
STEPS = {
    "customers": """
        INSERT INTO customer (id, name, level, city, number, region_id, version, search_text, created_at, changed_at)
        SELECT 1000 + i, '第' || i || '人民医院', 'tertiary_a', '临江市', 'CU-' || i, 1 + i % 3, 1, 'cu-' || i || E'\\n第' || i || '人民医院', now(), now()
        FROM generate_series(1, 10000) AS i""",
    "devices": """
        INSERT INTO device (id, model_id, serial_no, udi_di, software_full_version, customer_id, department, is_loaner, qr_token, number, state, region_id, version,
               search_text, created_at, changed_at)
        SELECT 1000 + i, 1, 'SN' || lpad(i::text, 8, '0'), '0690123456' || lpad((i % 10)::text, 4, '0'), '2.1.' || i % 20, 1001 + i % 10000, 'ICU', false,
               'token-' || i, 'DV-' || i, 'in_use', 1 + (1 + i % 10000) % 3, 1, 'sn' || lpad(i::text, 8, '0'), now(), now()
        FROM generate_series(1, 50000) AS i""",
    "drafts": """
        CREATE UNLOGGED TABLE draft AS
        SELECT 1000 + i AS id, 1001 + i % 50000 AS device_id, 1001 + i % 10000 AS customer_id, 1 + (1 + i % 10000) % 3 AS region_id,
               date_trunc('second', now()) - ({n} - i) * interval '40 seconds' AS at, (ARRAY{faults})[1 + i % 8] AS fault, i > {n} - 2000 AS is_open,
               '2026-' || lpad(i::text, 7, '0') AS tail, 1 + i % 3 AS level
        FROM generate_series(1, {n}) AS i""",
    "requests": """
        INSERT INTO service_request (id, kind, channel, received_at, registered_at, caller_name, caller_phone, customer_id, device_id, fault_text, is_device_down,
               is_treatment_affected, has_alternative, fault_level, harm, vigilance, progress_token, number, state, region_id, version, search_text, created_at, changed_at)
        SELECT id, 'fault', 'hotline', at, at, '沈护士长', '13900002208', customer_id, device_id, fault, true, level = 1, level > 1, 'level_' || level, 'no', 'none',
               'progress-' || id, 'SR-' || tail, 'ordered', region_id, 1, 'sr-' || lower(tail) || E'\\n第' || (customer_id - 1000) || '人民医院' || E'\\n' || fault, at, at
        FROM draft""",
    "orders": """
        INSERT INTO service_order (id, request_id, device_id, customer_id, fault_level, fault_text, reported_at, engineer_id, assigned_at, responded_at, arrived_at,
               cause, cause_category_id, plan, solution_at, plan_explained_to, plan_explained_at, result, accepted_by, satisfaction, resolved_at, completed_at, review_opinion,
               reviewed_by, closed_at, number, state, region_id, version, search_text, created_at, changed_at)
        SELECT id, id, device_id, customer_id, 'level_' || level, fault, at, 4, at, at, at, '传感器老化', 1, '更换传感器并校准', at, '沈护士长', at,
               CASE WHEN is_open THEN NULL ELSE 'usable' END, CASE WHEN is_open THEN NULL ELSE '沈护士长' END, CASE WHEN is_open THEN NULL ELSE 95 END,
               CASE WHEN is_open THEN NULL ELSE at END, CASE WHEN is_open THEN NULL ELSE at END, CASE WHEN is_open THEN NULL ELSE '符合要求' END,
               CASE WHEN is_open THEN NULL ELSE '质量' END, CASE WHEN is_open THEN NULL ELSE at END,
               'SO-' || tail, CASE WHEN is_open THEN 'working' ELSE 'closed' END, region_id, 1,
               'so-' || lower(tail) || E'\\nsr-' || lower(tail) || E'\\n第' || (customer_id - 1000) || '人民医院' || E'\\nsn' || lpad((device_id - 1000)::text, 8, '0')
               || E'\\n治疗呼吸机\\n' || fault, at, at
        FROM draft""",
    "parts": """
        INSERT INTO part_replaced (order_id, part_no, name, quantity, old_serial_no, new_serial_no, new_lot_no, reason, region_id, version, search_text,
               created_at, changed_at)
        SELECT id, 'VX-S' || lpad((id % 100)::text, 2, '0'), '流量传感器', 1, 'S' || id, 'T' || id, 'L' || id / 5000, '漂移', region_id, 1, '', at, at FROM draft""",
    "visits": """
        INSERT INTO visit (order_id, kind, started_at, ended_at, engineer_id, region_id, version, search_text, created_at, changed_at)
        SELECT id, 'on_site', at, at, 4, region_id, 1, '', at, at FROM draft""",
    "clocks": """
        INSERT INTO clock (kind, record_id, region_id, milestone, track, run, started_at, due_at, met_at, pauses, decision, next_alert_at, alert_step)
        SELECT 'ServiceOrder', d.id, d.region_id, m.milestone, 'company', 1, d.at, d.at + interval '4 hours', CASE WHEN d.is_open AND m.milestone = 'resolve' THEN NULL ELSE d.at END,
               '[]', m.decision, NULL, 0
        FROM draft AS d CROSS JOIN (SELECT DISTINCT ON (milestone) milestone, decision FROM clock WHERE kind = 'ServiceOrder') AS m""",
    "trail": """
        INSERT INTO audit_entry (id, transaction_id, kind, record_id, region_id, sequence, at, actor_id, actor_name, action, changes, previous_hash, hash, tag)
        SELECT md5('e' || d.id || '-' || s), md5('t' || d.id || '-' || s), 'ServiceOrder', d.id, d.region_id, s, d.at, 1, '华东engineer',
               (ARRAY['create', 'assign', 'accept', 'arrive', 'update', 'complete', 'close'])[s], '{{"plan":[null,"更换传感器并校准"]}}', '', md5(d.id::text), md5(d.id::text)
        FROM draft AS d CROSS JOIN generate_series(1, 7) AS s""",
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--orders", type=int, default=1_000_000)
    arguments.add_argument("--folder", type=Path, default=Path("/var/tmp/aftersales-bench"))
    asked = arguments.parse_args()
    with server(asked.folder) as url:
        app_on(url, asked.folder, build=True)
        load(url.replace("+psycopg", ""), asked.orders)


def load(url: str, orders: int, steps: Collection[str] = tuple(STEPS)) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # no triggers, no look-ups of references: the rows fit by construction
        connection.execute("SET maintenance_work_mem = '1GB'")
        slow = {
            row[0]: row[1] for row in connection.execute("SELECT indexname, indexdef FROM pg_indexes WHERE indexname LIKE '%_search_grams'")
        }
        for name in slow:
            connection.execute(f"DROP INDEX {name}")
        for step in steps:
            timed(step, connection, STEPS[step].format(n=orders, faults=FAULTS))
        for name, definition in slow.items():
            timed(name, connection, definition)
        for (sequence,) in connection.execute("SELECT sequencename FROM pg_sequences WHERE sequencename LIKE '%_id_seq'").fetchall():
            table = sequence.removesuffix("_id_seq")
            if table in ("customer", "device", "service_request", "service_order"):
                connection.execute(f"SELECT setval('{sequence}', (SELECT max(id) FROM {table}))")
        timed("vacuum", connection, "VACUUM ANALYZE")


def timed(name: str, connection: psycopg.Connection, statement: str) -> None:
    begun = time.perf_counter()
    connection.execute(statement)
    print(f"{name:32} {time.perf_counter() - begun:8.1f} s", flush=True)


if __name__ == "__main__":
    main()
