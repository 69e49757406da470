"""Approved versions take effect by themselves on their day, once everybody has read them: training comes first (R17.2)."""

from datetime import timedelta

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.documents.reading import ReadingTask
from aftersales.documents.version import DocumentVersion
from aftersales.labels import speaking
from aftersales.record.notices import tell
from aftersales.record.now import today
from aftersales.record.refusal import Refusal
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.security.manager import users_with_role

REMINDED_BEFORE = timedelta(days=3)
AT_ONCE = 200


def take_effect(session: Session) -> int:
    """Puts in force what is due and read, reminds whoever has not read what is due or soon will be; says how many took effect.

    Commits after each. What is not read is held back and the version before stays in force, however late it gets.
    """
    due = select(DocumentVersion.id).where(
        DocumentVersion.state == "approved", DocumentVersion.effective_from <= today() + REMINDED_BEFORE
    )
    ids, count = session.scalars(due.order_by(DocumentVersion.id).limit(AT_ONCE)).all(), 0
    session.commit()
    for version_id in ids:
        with speaking("zh"):
            count += _settle(session, version_id)
    return count


def _settle(session: Session, version_id: int) -> bool:
    version = session.scalars(select(DocumentVersion).where(DocumentVersion.id == version_id)).one()
    open_tasks = select(ReadingTask).where(ReadingTask.document_version_id == version.id, ReadingTask.state == "to_read")
    tasks = session.scalars(open_tasks.order_by(ReadingTask.id)).all()
    if tasks:
        _remind(session, version, list(tasks))
    took_effect = not tasks and version.effective_from <= today()
    try:
        if took_effect:
            perform(version, "put_in_force")
        session.commit()
    except Refusal:  # such as a time stamp server that does not answer: the next pass tries again
        session.rollback()
        return False
    return took_effect


def _remind(session: Session, version: DocumentVersion, tasks: list[ReadingTask]) -> None:
    """Each reader once before its day and once a day from then on; whoever keeps the documents from its day on."""
    is_late = version.effective_from <= today()
    stage = today().isoformat() if is_late else "before"
    named = {"document": str(version), "name": version.document.name}

    def to_read() -> tuple[str, str]:
        day = version.effective_from.isoformat()
        waits = _("It is to take effect on %(day)s, and does not before everybody has read it.", day=day)
        return _("Still to read: %(document)s %(name)s", **named), waits

    def held_back() -> tuple[str, str]:
        names = "、".join(task.person_name for task in tasks[:20]) + ("…" if len(tasks) > 20 else "")
        return _("Held back: %(document)s %(name)s", **named), _("Not read and understood yet by %(names)s.", names=names)

    for task in tasks:
        key = f"reading:{task.id}:{task.version}:{stage}"
        tell(session, [task.user_id], key=key, words=to_read, url=f"/reading_task/show/{task.id}", is_urgent=is_late)
    if is_late:
        key, url = f"held:{version.id}:{stage}", f"/document_version/show/{version.id}"
        tell(session, users_with_role(Role.quality, None), key=key, words=held_back, url=url)
