"""The papers of an inspection: the slip by which an account is handed over, and the log of a visit."""

from typing import Any

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.inspectors.access import InspectorAccess
from aftersales.inspectors.log import InspectorEntry
from aftersales.labels import label, speaking
from aftersales.record.base import SharedRecord
from aftersales.record.display import words
from aftersales.record.printing.qr import qr_svg
from aftersales.sheets import Sheet, Table, print_sheet

PRINTED = 1000  # entries of a log; all of them are in its workbook


def slip(session: Session, access: InspectorAccess, password: str) -> bytes:
    address = f"{current_app.config['BASE_URL']}/login/"
    more: dict[str, Any] = {
        "pairs": _facts(access), "qr": qr_svg(address),
        "keys": (("网址", address), ("用户名", access.username), ("一次性密码", password)),
    }  # fmt: skip
    return print_sheet(session, Sheet("检查员账户交接单", "QR-JC-01", access.number, more=more), "documents/sheets/inspector_slip.html")


def log(session: Session, access: InspectorAccess) -> bytes:
    mine = select(InspectorEntry).where(InspectorEntry.access_id == access.id).order_by(InspectorEntry.id.desc()).limit(PRINTED + 1)
    entries = list(session.scalars(mine))
    with speaking("zh"):
        rows = [
            (
                words(entry.looked_at),
                words(entry.looked),
                entry.title,
                entry.record_name or entry.asked or "",
                entry.address,
                _answer(entry),
            )
            for entry in reversed(entries[:PRINTED])
        ]
    heads, widths = ("时间", "方式", "对象", "记录或检索词", "地址", "结果"), (14, 8, 14, 22, 34, 8)
    note = (
        f"仅印最近 {PRINTED} 条；全部条目见导出的工作簿。"
        if len(entries) > PRINTED
        else f"共 {len(rows)} 条。由系统逐条自动记录，不可更改。"
    )
    facts = _facts(access)
    return print_sheet(
        session, Sheet("检查员查阅日志", "QR-JC-02", access.number, [Table("", heads, widths, rows)], facts, note, is_wide=True)
    )


def _answer(entry: InspectorEntry) -> str:
    return "已显示" if entry.status < 400 else f"未开放（{entry.status}）"


def _facts(access: InspectorAccess) -> list[tuple[str, str]]:
    return [
        ("检查人员", access.inspector_name), ("所属机构", access.authority), ("证件号", access.credential_no or "—"),
        ("事由", access.purpose), ("开放日期", f"{access.begins_on} 至 {access.ends_on}"),
        ("查阅范围", "；".join(scope_words(access, "zh"))), ("批准", f"{access.approved_by} {words(access.approved_at)}"),
    ]  # fmt: skip


def scope_words(access: InspectorAccess, lang: str | None = None) -> list[str]:
    """What may be seen, as pages and papers tell it."""
    if access.is_everything:
        return [label("inspector_access.is_everything", lang)]
    told = [f"{label(f'trace_kind.{kind}', lang)} {text}" for kind, _key, text in access.starts]
    if access.records_from or access.records_until:
        told.append(f"{label('inspector_access.period', lang)} {access.records_from or '…'} — {access.records_until or '…'}")
    return told


def counted(counts: dict[str, int]) -> list[tuple[str, int]]:
    """How many records of each type, with its words."""
    return [(SharedRecord.record_types[kind].plural(), count) for kind, count in counts.items()]
