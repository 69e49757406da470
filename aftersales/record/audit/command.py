"""The verification an auditor runs: findings on the standard output, and an exit code."""

from collections.abc import Callable, Iterable

from sqlalchemy.orm import Session

from aftersales.extensions import Model
from aftersales.record.audit.drafts import is_audited
from aftersales.record.audit.evidence import AuditSettings
from aftersales.record.audit.findings import Finding
from aftersales.record.audit.replay import verify_records
from aftersales.record.audit.verify import verify


def verify_command(
    session: Session,
    settings: AuditSettings,
    lang: str = "zh",
    *,
    registry: Iterable[type] | None = None,
    beside: Iterable[Finding] = (),
    say: Callable[[str], None] = print,
) -> int:
    """0 when trail and records are whole, 1 when something was found (one line each, as it is found).

    `registry` are the classes whose rows are compared with their trail; all audited ones of the product by default.
    `beside`: what else is looked through, such as the stored files.
    """
    classes = [mapper.class_ for mapper in Model.registry.mappers if is_audited(mapper.class_)] if registry is None else registry
    count = 0
    for findings in (verify(session, settings), verify_records(session, classes), beside):
        for finding in findings:
            count += 1
            say(finding.zh if lang == "zh" else finding.en)
    session.rollback()
    if lang == "zh":
        say(f"发现 {count} 处损坏。" if count else "审计追踪与记录完整。")
    else:
        say(f"{count} damage(s) found." if count else "The audit trail and the records are whole.")
    return 1 if count else 0
